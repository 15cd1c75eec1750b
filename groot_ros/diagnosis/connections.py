"""Ends of topics of the policy that cannot talk to each other."""

from collections.abc import Iterator

from groot_ros.diagnosis.delivery import mismatch
from groot_ros.diagnosis.facts import GraphFacts
from groot_ros.diagnosis.finding import Finding, wrong


def check_connections(facts: GraphFacts) -> Iterator[Finding]:
    """Yield every pair of a publisher and a subscription whose QoS keeps them apart."""
    ours = {f'{facts.namespace}/{node.name}' for node in facts.nodes}
    for name, topic in sorted(facts.topics.items()):
        for publisher in topic.publishers:
            for subscriber in topic.subscribers:
                problem = mismatch(publisher.delivery, subscriber.delivery)
                if problem and {publisher.node, subscriber.node} & ours:
                    yield wrong('delivery', f'{problem} on {name} (from {publisher.node} to '
                                f'{subscriber.node}): nothing arrives',
                                f'set the QoS of the publisher {publisher.node} to what is '
                                'wanted')
