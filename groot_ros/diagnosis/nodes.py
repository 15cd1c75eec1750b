"""Whether the nodes of the policy run, are active, agree and say that they are well."""

from collections.abc import Iterator

from groot_ros.diagnosis.facts import GraphFacts, NodeFacts, NodeStatus
from groot_ros.diagnosis.finding import Finding, fine, odd, wrong
from groot_ros.diagnosis.remedies import remedy

PASSING = ('NO_CHUNK', 'CLOCK_JUMPED')
"""Reasons that end by themselves."""
PEOPLE = ('EMERGENCY_STOP', 'PAUSED_BY_USER', 'DEADMAN_RELEASED')
"""Reasons that people give, and that other nodes may follow: a stop voids the instruction."""
AGREED = ('embodiment', 'checkpoint')
"""Parameters that must be the same for all."""


def check_nodes(facts: GraphFacts) -> Iterator[Finding]:
    """Yield how each node of the policy is, first the one that people hold."""
    for node in sorted(facts.nodes, key=lambda each: not _is_held(each)):
        yield from _check_node(node, facts.namespace)


def check_agreement(facts: GraphFacts) -> Iterator[Finding]:
    """Yield where the nodes were started with different settings."""
    for name in AGREED:
        given = {node.name: node.parameters[name] for node in facts.nodes
                 if name in node.parameters}
        if len(set(given.values())) > 1:
            told = ', '.join(f'{node} has {value}' for node, value in given.items())
            yield wrong(name, f'not the same everywhere: {told}',
                        f'start all three with the same {name}:=')


def _is_held(node: NodeFacts) -> bool:
    return node.status is not None and node.status.reason in PEOPLE


def _check_node(node: NodeFacts, namespace: str) -> Iterator[Finding]:
    full = f'{namespace}/{node.name}'
    if not node.running:
        yield wrong(node.name, f'{full} is not running',
                    f'start it: ros2 run groot_ros {node.name}; if it ended, its last line in '
                    'the log says why')
        return
    if node.instances > 1:
        yield wrong(node.name, f'{node.instances} nodes are called {full}',
                    'end all but one, or give each robot a namespace')
    if node.lifecycle == 'active':
        yield _check_status(node, namespace)
    else:
        yield _inactive(node, full)


def _inactive(node: NodeFacts, full: str) -> Finding:
    if node.lifecycle is None:
        return wrong(node.name, 'does not answer', 'is it overloaded or hung? Look at its log '
                     'and CPU time, then start it again')
    steps = [] if node.lifecycle == 'inactive' else ['configure']
    commands = ' && '.join(f'ros2 lifecycle set {full} {step}' for step in [*steps, 'activate'])
    return wrong(node.name, f'is {node.lifecycle}, must be active',
                 f'{commands}; if it refuses, its log says why')


def _check_status(node: NodeFacts, namespace: str) -> Finding:
    status = node.status
    if status is None:
        return odd(node.name, f'active, but nothing came on {namespace}/{node.name}/status',
                   'listen for longer: --seconds 5; is the node hung?')
    if status.reason == 'NONE':
        return fine(node.name, _performance(status))
    kind = odd if status.reason in PASSING else wrong
    return kind(node.name, f'{status.state}, {status.reason}: {status.text}',
                remedy(status.reason, namespace))


def _performance(status: NodeStatus) -> str:
    latency = f', {1e3 * status.latency:.0f} ms after the image' if status.latency else ''
    return f'{status.state}, sends {status.output_rate:.1f} Hz{latency}'
