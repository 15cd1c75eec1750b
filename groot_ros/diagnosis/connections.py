"""Ends of topics of this package's nodes that cannot talk to each other."""

from collections.abc import Iterator

from groot_ros.diagnosis.delivery import mismatch
from groot_ros.diagnosis.facts import WATCHING, GraphFacts
from groot_ros.diagnosis.finding import Finding, odd, wrong


def check_connections(facts: GraphFacts) -> Iterator[Finding]:
    """Yield every pair of a publisher and a subscription whose QoS keeps them apart."""
    ours, watching = (
        {f'{facts.namespace}/{name}' for name in names}
        for names in ([node.name for node in (*facts.nodes, *facts.others)], WATCHING))
    for name, topic in sorted(facts.topics.items()):
        for publisher in topic.publishers:
            for subscriber in topic.subscribers:
                problem = mismatch(publisher.delivery, subscriber.delivery)
                ends = {publisher.node, subscriber.node}
                if problem and ends & ours:
                    kind = odd if ends & watching else wrong
                    yield kind('delivery', f'{problem} on {name} (from {publisher.node} to '
                               f'{subscriber.node}): nothing arrives',
                               f'set the QoS of the publisher {publisher.node} to what is '
                               'wanted')
