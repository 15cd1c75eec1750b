"""Nodes that are stopped, cleaned up and started again, as a lifecycle manager does."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Graph
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from small_system1 import SmallSystem1

from groot_ros.msg import PolicyStatus
from groot_ros.nodes.controller import ControllerNode
from groot_ros.nodes.perception import PerceptionNode
from groot_ros.nodes.planner import PlannerNode
from groot_ros.nodes.qos import NEWEST

NODES = {
    'perception': PerceptionNode,
    'planner': lambda: PlannerNode(load=SmallSystem1),
    'controller': lambda: ControllerNode(load=SmallSystem1),
}


@pytest.mark.parametrize('name', list(NODES))
def test_a_node_can_be_started_again(
    make_graph: Callable[..., Graph], checkpoint: Path, name: str
) -> None:
    graph = make_graph(checkpoint=str(checkpoint))
    status = graph.listen(PolicyStatus, f'{name}/status', NEWEST)
    node: LifecycleNode = graph.start(NODES[name]())
    graph.wait_until(
        lambda: status and status[-1].state == PolicyStatus.WAITING, 'not active')
    for transition in (node.trigger_deactivate, node.trigger_cleanup, node.trigger_configure):
        assert transition() == TransitionCallbackReturn.SUCCESS
    graph.wait_until(
        lambda: status[-1].state == PolicyStatus.INACTIVE, 'not inactive')
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    graph.wait_until(
        lambda: status[-1].state == PolicyStatus.WAITING, 'not active again')
