"""Parameters that act while a node runs, set through the nodes' own services."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Graph
from rcl_interfaces.srv import DescribeParameters, ListParameters
from small_system1 import EMBODIMENT, SmallSystem1
from standing_robot import StandingRobot

from groot_ros.msg import PolicyStatus
from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.perception.node import PerceptionNode
from groot_ros.nodes.planner.node import PlannerNode
from groot_ros.nodes.shared.qos import NEWEST

LIVE = {
    'perception': {'observation_hz', 'max_skew_s', 'max_input_age_s'},
    'planner': {'planner_hz', 'max_observation_age_s', 'token_dtype', 'instruction'},
    'controller': {
        'max_state_age_s', 'max_token_age_s', 'max_tracking_error', 'tracking_patience_s',
        'max_disagreement'},
}
NODES: dict[str, Callable[[], Any]] = {
    'perception': PerceptionNode,
    'planner': lambda: PlannerNode(load=SmallSystem1),
    'controller': lambda: ControllerNode(load=SmallSystem1),
}
OF_RCLPY = (
    'use_sim_time', 'start_type_description_service', 'diagnostic_updater', 'qos_overrides')


@pytest.mark.parametrize('name', list(NODES))
def test_only_what_is_safe_to_change_can_be_changed(
    make_graph: Callable[..., Graph], small_checkpoint: str, name: str
) -> None:
    graph = make_graph(checkpoint=small_checkpoint, autostart=False)
    graph.start(NODES[name]())
    names = [
        each for each in graph.call(
            ListParameters, f'{name}/list_parameters', ListParameters.Request()).result.names
        if not each.startswith(OF_RCLPY)]
    described = graph.call(
        DescribeParameters, f'{name}/describe_parameters',
        DescribeParameters.Request(names=names)).descriptors
    assert {each.name for each in described if not each.read_only} == LIVE[name]
    assert all(each.description for each in described)
    refused = graph.set_parameter(name, 'embodiment', 'other')
    assert not refused.successful
    assert 'read-only' in refused.reason


def test_the_controller_follows_its_limits(
    make_graph: Callable[..., Graph], small_checkpoint: str
) -> None:
    graph = make_graph(
        checkpoint=small_checkpoint, max_token_age_s=30.0, max_state_age_s=5.0, max_delay_s=10.0)
    robot = StandingRobot(graph, graph.start(ControllerNode(load=SmallSystem1)))
    robot.run()
    refused = graph.set_parameter('controller', 'max_token_age_s', 31.0)
    assert not refused.successful
    assert 'Max: 30.0' in refused.reason
    assert graph.set_parameter('controller', 'max_token_age_s', 0.05).successful
    robot.wait_for(PolicyStatus.HOLDING, PolicyStatus.STALE_TOKENS)
    assert graph.set_parameter('controller', 'max_token_age_s', 30.0).successful
    robot.run()


def test_perception_follows_its_limits(
    make_graph: Callable[..., Graph], checkpoint: Path
) -> None:
    graph = make_graph(checkpoint=str(checkpoint), max_input_age_s=10.0)
    node = graph.start(PerceptionNode())
    status = graph.listen(PolicyStatus, 'perception/status', NEWEST)
    assert graph.set_parameter('perception', 'observation_hz', 3.0).successful
    graph.wait_until(
        lambda: status and status[-1].wanted_output_rate == pytest.approx(3.0),
        'observation_hz does not act')
    assert all(each.wanted_rate == pytest.approx(3.0) for each in status[-1].inputs)
    assert graph.set_parameter('perception', 'observation_hz', 0.0).successful
    own = EMBODIMENT.rates.observation_hz
    graph.wait_until(
        lambda: status[-1].wanted_output_rate == pytest.approx(own), 'not back to its own rate')
    assert not graph.set_parameter('perception', 'max_skew_s', 2.0).successful
    assert node.get_parameter('max_skew_s').value == pytest.approx(0.05)
