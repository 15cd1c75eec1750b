"""What the doctor sees of a graph."""

from __future__ import annotations

from collections.abc import Callable

from conftest import Graph
from rclpy.node import Node

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
