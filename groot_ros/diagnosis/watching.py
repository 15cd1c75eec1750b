"""Nodes that record and show: whether they do; the robot moves without them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from groot_ros.diagnosis.facts import WATCHING, GraphFacts, NodeFacts, Recording
from groot_ros.diagnosis.finding import Finding, Level, fine, odd
from groot_ros.diagnosis.nodes import check_life, no_status

LITTLE_ROOM = 1e9
"""Free bytes below which a recording may soon end: some minutes of JPEG images."""


def check_watching(facts: GraphFacts) -> Iterator[Finding]:
    """Yield how each of them is that runs."""
    checks = {'recorder': _check_recorder, 'visualizer': _check_visualizer,
              'viewer': _check_server, 'operator_page': _check_server}
    for name in WATCHING:
        node = facts.node(name)
        if not node.running:
            continue
        yield from (replace(each, level=Level.WARN)
                    for each in check_life(node, facts.namespace))
        if node.lifecycle == 'active':
            yield checks[name](facts, node)


def _check_recorder(facts: GraphFacts, node: NodeFacts) -> Finding:
    state = node.recording
    if state is None:
        return no_status(node, facts.namespace)
    if state.problem:
        return odd('recorder', state.problem, 'make room or mend the disk, save what was written '
                   f'(ros2 run groot_ros repair_bag {state.bag}), then call recorder/start')
    if state.dropped:
        return odd('recorder', f'{state.bag}: {state.dropped} messages were not written, '
                   f'{state.messages} were: the disk is too slow, or images cannot be read',
                   "if the recorder's log names no image, record to a faster disk, or less: "
                   'docs/recording.md')
    room = f'{state.free_bytes / 1e9:.1f} GB free'
    if state.free_bytes < LITTLE_ROOM:
        return odd('recorder', f'{room} where the episodes go', 'make room on that disk, or '
                   'start the recorder with another folder:=')
    return fine('recorder', f'{_doing(state)}, {room}')


def _check_visualizer(facts: GraphFacts, node: NodeFacts) -> Finding:
    description = f'{facts.namespace}/robot_description'
    if not facts.offered(description):
        return odd('visualizer', f'draws no plan: nobody publishes {description}',
                   'start robot_state_publisher in the namespace of the robot')
    lookers = facts.topic(f'{facts.namespace}/{node.name}/markers').subscribers
    return fine('visualizer', f'{len(lookers)} look at the markers')


def _check_server(facts: GraphFacts, node: NodeFacts) -> Finding:
    host, port = (node.parameters.get(name, '?') for name in ('host', 'port'))
    return fine(node.name, f'serves on {host}, port {port}')


def _doing(state: Recording) -> str:
    if not state.under_way:
        return 'waits for recorder/start'
    return f'writes {state.bag}, {state.messages} messages'
