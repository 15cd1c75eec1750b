"""Whether the nodes that move the robot run, are active, agree and say that they are well."""

from collections.abc import Iterator

from groot_ros.diagnosis.facts import GraphFacts, NodeFacts, NodeStatus
from groot_ros.diagnosis.finding import Finding, fine, odd, wrong
from groot_ros.diagnosis.hops import lost_on_the_way
from groot_ros.diagnosis.lost_messages import mend_transport
from groot_ros.diagnosis.remedies import remedy
from groot_ros.embodiment import Embodiment

PASSING = ('NO_CHUNK', 'CLOCK_JUMPED')
"""Reasons that end by themselves."""
PEOPLE = ('EMERGENCY_STOP', 'PAUSED_BY_USER', 'DEADMAN_RELEASED')
"""Reasons that people give, and that other nodes may follow: a stop voids the instruction."""
AGREED = ('embodiment', 'checkpoint')
"""Parameters that must be the same for all."""


def check_nodes(facts: GraphFacts, robot: Embodiment) -> Iterator[Finding]:
    """Yield how each node of the policy is, first the one that people hold."""
    for node in sorted(facts.nodes, key=lambda each: not is_held(each)):
        yield from check_node(node, facts, robot)


def check_agreement(facts: GraphFacts) -> Iterator[Finding]:
    """Yield where the nodes were started with different settings."""
    for name in AGREED:
        given = {node.name: node.parameters[name] for node in facts.nodes
                 if name in node.parameters}
        if len(set(given.values())) > 1:
            told = ', '.join(f'{node} has {value}' for node, value in given.items())
            yield wrong(name, f'not the same everywhere: {told}',
                        f'start all three with the same {name}:=')


def is_held(node: NodeFacts) -> bool:
    """Return whether a person keeps the node from moving the robot."""
    return node.status is not None and node.status.reason in PEOPLE


def check_node(node: NodeFacts, facts: GraphFacts, robot: Embodiment) -> Iterator[Finding]:
    """Yield how a node is that moves the robot."""
    yield from check_life(node, facts.namespace)
    if node.running and node.lifecycle == 'active':
        yield _check_status(node, facts, robot)


def check_life(node: NodeFacts, namespace: str) -> Iterator[Finding]:
    """Yield why a node is not at work, or not alone; nothing if all is well."""
    full = f'{namespace}/{node.name}'
    if not node.running:
        yield wrong(node.name, f'{full} is not running',
                    f'start it: ros2 run groot_ros {node.name}; if it ended, its last line in '
                    'the log says why')
        return
    if node.instances > 1:
        yield wrong(node.name, f'{node.instances} nodes are called {full}',
                    'end all but one, or give each robot a namespace')
    if node.lifecycle != 'active':
        yield _inactive(node, full)


def _inactive(node: NodeFacts, full: str) -> Finding:
    if node.lifecycle is None:
        return wrong(node.name, 'does not answer', 'is it overloaded or hung? Look at its log '
                     'and CPU time, then start it again')
    steps = [] if node.lifecycle == 'inactive' else ['configure']
    commands = ' && '.join(f'ros2 lifecycle set {full} {step}' for step in [*steps, 'activate'])
    return wrong(node.name, f'is {node.lifecycle}, must be active',
                 f'{commands}; if it refuses, its log says why')


def no_status(node: NodeFacts, namespace: str) -> Finding:
    """Return that an active node says nothing of itself."""
    return odd(node.name, f'active, but nothing came on {namespace}/{node.name}/status',
               'listen for longer: --seconds 5; is the node hung?')


def _check_status(node: NodeFacts, facts: GraphFacts, robot: Embodiment) -> Finding:
    status = node.status
    if status is None:
        return no_status(node, facts.namespace)
    if status.reason == 'NONE':
        return fine(node.name, _performance(status))
    found = f'{status.state}, {status.reason}: {status.text}'
    what_to_do = remedy(status.reason, facts.namespace, node.name)
    if status.reason in PASSING:
        return odd(node.name, found, what_to_do)
    if sent := lost_on_the_way(facts, robot, status.reason):
        found = f'{found}; yet {sent}'
        what_to_do += f'; if all is well there: {mend_transport(facts.surroundings)}'
    return wrong(node.name, found, what_to_do)


def _performance(status: NodeStatus) -> str:
    latency = f', {1e3 * status.latency:.0f} ms after the image' if status.latency else ''
    return f'{status.state}, sends {status.output_rate:.1f} Hz{latency}'
