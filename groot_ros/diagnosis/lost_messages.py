"""Large messages that get lost on their way, while small ones of the same sender arrive."""

from __future__ import annotations

from groot_ros.diagnosis.facts import GraphFacts, Surroundings
from groot_ros.diagnosis.finding import Finding, wrong


def check_lost(facts: GraphFacts, subject: str, topic: str) -> Finding | None:
    """Return that nothing comes on a topic whose sender is heard elsewhere, None otherwise.

    Args:
        facts: What was seen.
        subject: What sends.
        topic: Full name of a topic of large messages.
    """
    if topic not in facts.heard or facts.heard[topic].count:
        return None
    senders = {end.node for end in facts.topic(topic).publishers}
    small = [name for name, heard in facts.heard.items() if heard.count and senders & {
        end.node for end in facts.topic(name).publishers}]
    if not small:
        return None
    return wrong(
        subject, f'{topic}: nothing comes, although {", ".join(sorted(senders))} publishes it '
        f'and what it sends on {small[0]} does come',
        'look at its log: is the device connected, is it paused or waiting for a trigger? If it '
        f'does send: {mend_transport(facts.surroundings)}')


def mend_transport(place: Surroundings) -> str:
    """Return what to do about large messages that do not arrive."""
    large = ('raw images above 400 KB need settings of the middleware, or a compressed '
             'transport (docs/recording.md, What is lost)')
    if not place.middleware.startswith('rmw_fastrtps'):
        return large
    reach = '' if place.reach != 'LOCALHOST' else 'ROS_AUTOMATIC_DISCOVERY_RANGE=SUBNET and '
    found = f' ({place.orphans} orphaned pieces in /dev/shm)' if place.orphans else ''
    return (f'a process that was killed may have broken the shared memory of Fast DDS{found}: '
            f'end robot, cameras and policy, and start all with {reach}'
            f'FASTDDS_BUILTIN_TRANSPORTS=UDPv4; {large}')
