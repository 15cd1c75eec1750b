"""Whether anything was found at all, and where it may be instead."""

from collections.abc import Iterator

from groot_ros.diagnosis.facts import GraphFacts
from groot_ros.diagnosis.finding import Finding, fine, wrong

FIRST_UNICAST_PORT, PORTS_PER_DOMAIN, DOMAINS = 7410, 250, 233
LAUNCH = 'ros2 launch groot_ros humanoid.launch.py'


def domain_of_port(port: int) -> int | None:
    """Return the domain whose first participant receives discovery on a UDP port, if any.

    Source: DDSI-RTPS 2.5, 9.6.1.1 (PB 7400, DG 250, d1 10).
    """
    domain, rest = divmod(port - FIRST_UNICAST_PORT, PORTS_PER_DOMAIN)
    return domain if rest == 0 and 0 <= domain < DOMAINS else None


def check_surroundings(facts: GraphFacts) -> Iterator[Finding]:
    """Yield what is wrong with the place that was looked at."""
    place = facts.surroundings
    where = f'domain {place.domain}, {place.middleware}, range {place.reach}'
    if not facts.node_names:
        yield wrong('graph', f'no node in {where}', _elsewhere(facts))
        return
    yield fine('graph', f'{len(facts.node_names)} nodes in {where}')
    driving = (*facts.nodes, facts.node('teleoperator'))
    if any(node.running for node in driving):
        return
    wanted = {node.name for node in driving}
    spaces = sorted({
        space or '/' for space, _, name in (full.rpartition('/') for full in facts.node_names)
        if name in wanted})
    if spaces:
        yield wrong(
            'namespace', f'no node moves a robot in {facts.namespace or "/"}, but in '
            f'{", ".join(spaces)}', f'give --namespace {spaces[0]}')


def _elsewhere(facts: GraphFacts) -> str:
    others = facts.surroundings.other_domains
    if others:
        return (f'processes of this machine use domain {", ".join(map(str, others))}: '
                f'export ROS_DOMAIN_ID={others[0]}')
    return (f'start it: {LAUNCH}; if it runs on another machine, give both the same '
            'ROS_DOMAIN_ID and RMW_IMPLEMENTATION, and ROS_AUTOMATIC_DISCOVERY_RANGE=SUBNET')
