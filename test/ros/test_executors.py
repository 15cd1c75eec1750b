"""The executor of a node whose callbacks run in two threads."""

import time
from collections.abc import Callable, Iterator

import pytest
from conftest import PATIENCE_S, Graph
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from rclpy.waitable import NumberOfEntities, Waitable

from groot_ros.nodes.shared.executors import ThreadedExecutor


class Vanishing(Waitable):
    """Is destroyed just before it is waited for, as by a transition in the other thread."""

    def __init__(self, node: Node) -> None:
        super().__init__(ReentrantCallbackGroup())
        self._node = node
        self.is_gone = False

    def get_num_entities(self) -> NumberOfEntities:
        return NumberOfEntities()

    def add_to_wait_set(self, wait_set: object) -> None:
        self._node.remove_waitable(self)
        self.is_gone = True
        raise InvalidHandle('destroyed')

    def is_ready(self, wait_set: object) -> bool:
        return False


@pytest.fixture
def node(make_graph: Callable[..., Graph]) -> Iterator[Node]:
    make_graph()
    made = Node('two_threads')
    yield made
    made.destroy_node()


def test_what_is_destroyed_before_it_is_waited_for_ends_nothing(node: Node) -> None:
    vanishing, calls = Vanishing(node), []
    node.add_waitable(vanishing)
    node.create_timer(0.01, lambda: calls.append(None))
    executor = ThreadedExecutor()
    executor.add_node(node)
    deadline = time.monotonic() + PATIENCE_S
    while not (vanishing.is_gone and calls) and time.monotonic() < deadline:
        executor.spin_once(timeout_sec=0.1)
    executor.shutdown()
    assert vanishing.is_gone
    assert calls
