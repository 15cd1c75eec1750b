"""What the doctor sees of a graph."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Graph
from rclpy.node import Node

from groot_ros.nodes.tools.controller_probe import ControllerProbe
from groot_ros.nodes.tools.graph_probe import node_names


def test_the_daemon_of_ros2_commands_is_no_node_of_the_graph(
    make_graph: Callable[..., Graph]
) -> None:
    graph = make_graph()
    for name in ('_ros2cli_daemon_7', 'camera'):
        graph.add(Node(name, use_global_arguments=False))
    graph.wait_until(
        lambda: {'_ros2cli_daemon_7', 'camera'} <= set(graph.peer.get_node_names()),
        'nodes not found')
    assert node_names(graph.peer) == ['/camera']


@pytest.mark.parametrize(('parameters', 'goes_on'), [
    ({'interpolate_from_desired_state': False}, False),
    ({'interpolate_from_desired_state': True}, True),
    ({'interpolate_from_desired_state': False, 'open_loop_control': True}, True),
    ({'open_loop_control': False}, False)])
def test_a_controller_says_where_its_trajectories_lead_in_from(
    make_graph: Callable[..., Graph], parameters: dict[str, bool], goes_on: bool
) -> None:
    graph = make_graph()
    arm = Node('arm_controller', use_global_arguments=False)
    for name, value in parameters.items():
        arm.declare_parameter(name, value)
    graph.add(arm)
    probe = ControllerProbe(graph.peer, '/arm_controller')

    def has_said() -> bool:
        probe.ask()
        return probe.leads_in_from_target is not None

    assert probe.leads_in_from_target is None
    graph.wait_until(has_said, 'no answer')
    graph.wait_until(lambda: probe.leads_in_from_target is goes_on, 'another answer')
