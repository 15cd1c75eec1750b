"""Two simulated humanoids in one ROS domain, as real processes, told different things.

Time is step-locked for each by itself: a slow machine changes nothing.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from rclpy.node import Node

from groot_ros.data.instructions import Request, plain
from groot_ros.evaluation.plan import Condition, PlannedEpisode
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import Domain, GraphProcess
from groot_ros.simulation.scenario import draw_scenario

CHECKPOINT = os.environ.get('GROOT_ROS_TEST_CHECKPOINT', 'g1_tabletop')
START_S, EPISODE_S = 240.0, 240.0
ROBOTS = ('robot1', 'robot2')
SHARED = {'/parameter_events', '/rosout', '/diagnostics'}
"""Topics of which a ROS domain has one for all."""


@pytest.fixture
def robots(tmp_path: Path) -> Iterator[list[GraphClient]]:
    """Two step-locked graphs in one domain, each with a client in its namespace."""
    with ExitStack() as stack:
        domain = Domain()
        stack.callback(domain.close)
        processes = []
        for name in ROBOTS:
            folder = tmp_path / name
            folder.mkdir()
            processes.append(stack.enter_context(GraphProcess(
                domain.number,
                {'checkpoint': CHECKPOINT, 'use_sim_time': 'true', 'namespace': name},
                {'step_locked': True}, folder)))
        clients = [
            stack.enter_context(GraphClient(domain.number, process.check, name))
            for name, process in zip(ROBOTS, processes, strict=True)]
        for client in clients:
            client.wait_until_active(START_S)
        yield clients


def two_colours() -> tuple[int, list[str]]:
    """Return a seed whose scene has more than one block, and the colours."""
    for seed in range(1_000_000, 1_000_100):
        colours = [block.colour for block in draw_scenario(seed, 'touch').blocks]
        if len(colours) > 1:
            return seed, colours
    raise AssertionError('no scene with two blocks')


def strangers(node: Node) -> list[str]:
    """Return every topic that leaves its namespace, with the node that takes it there."""
    found = []
    for topic, _ in node.get_topic_names_and_types():
        if topic in SHARED:
            continue
        ends = [*node.get_publishers_info_by_topic(topic),
                *node.get_subscriptions_info_by_topic(topic)]
        found += [
            f'{topic}: {end.node_namespace}/{end.node_name}' for end in ends
            if topic.split('/')[1:2] != end.node_namespace.split('/')[1:2]]
    return found


def test_two_robots_in_one_domain_do_what_each_was_told(robots: list[GraphClient]) -> None:
    seed, colours = two_colours()
    for client, colour in zip(robots, colours, strict=False):
        client.start_episode(PlannedEpisode(
            Condition.TRAIN, 'touch', seed, colour, '', plain(Request('touch', colour))))
    touched = {name: set[str]() for name in ROBOTS}
    wanted = {name: {colour} for name, colour in zip(ROBOTS, colours, strict=False)}
    # Both are served in turn: neither may wait for the other's end.
    for _ in iter(lambda: touched == wanted, True):
        for name, client in zip(ROBOTS, robots, strict=True):
            client.spin_once()
            if client.task_state is not None and client.task_state.touched_block:
                touched[name].add(client.task_state.touched_block)
                assert touched[name] == wanted[name]


def test_nothing_leaves_its_namespace(robots: list[GraphClient]) -> None:
    node = robots[0].node
    wanted = {f'/{robot}/{name}' for robot in ROBOTS for name in (
        'clock', 'tf', 'joint_states', 'observation', 'goal_tokens', 'current_instruction',
        'controller/status', 'task_state')}
    robots[0].spin_until(
        lambda: wanted <= {name for name, _ in node.get_topic_names_and_types()}
        and not any('UNKNOWN' in each for each in strangers(node)),  # whose node comes later
        START_S, f'the topics {sorted(wanted)} and their nodes')
    assert strangers(node) == []
    services = {name for name, _ in node.get_service_names_and_types()}
    assert {name for name in services if name.split('/')[1] not in ROBOTS} == set()
