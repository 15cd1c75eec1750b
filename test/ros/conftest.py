"""A graph of its own for every test, over real topics on the loopback."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParameters
from rclpy.exceptions import InvalidHandle
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from rclpy.task import Future

from groot_ros.embodiment import load_embodiment
from groot_ros.nodes.shared.executors import ThreadedExecutor
from groot_ros.nodes.shared.lifecycle import autostart
from groot_ros.nodes.tools.graph_process import Domain

PATIENCE_S = 60.0
SIZE = (8, 6)
"""Width and height that the checkpoint below asks for [px]."""


class Graph:
    """The nodes of one test, and one node to talk to them with.

    Attributes:
        domain: ROS domain of the graph.

    Args:
        parameters: Of every node under test.
    """

    def __init__(self, parameters: dict[str, Any]) -> None:
        # Nodes share this process with the test, whose other threads they must not hold up.
        parameters = {'realtime_priority': 0} | parameters
        given = [
            word for name, value in parameters.items() for word in ('-p', f'{name}:={value}')]
        self._claim = Domain()
        self.domain = self._claim.number
        rclpy.init(args=['--ros-args', *given], domain_id=self.domain)
        self._executor = ThreadedExecutor()
        self.peer = Node('peer', use_global_arguments=False)
        self._nodes: list[Node] = []
        self.add(self.peer)

    def start(self, node: LifecycleNode) -> LifecycleNode:
        """Spin a lifecycle node with the others and start it if its parameters say so."""
        self.add(node)
        assert autostart(node)
        return node

    def listen(self, kind: type, topic: str, qos: QoSProfile | int = 10) -> list[Any]:
        """Return a list that grows by every message on `topic`."""
        received: list[Any] = []
        self.peer.create_subscription(kind, topic, received.append, qos)
        return received

    def speak(self, kind: type, topic: str, qos: QoSProfile | int = 10) -> Callable[[Any], None]:
        """Return a function that publishes on `topic`, once somebody listens."""
        publisher = self.peer.create_publisher(kind, topic, qos)
        self.wait_until(
            lambda: publisher.get_subscription_count() > 0, f'nobody listens to {topic}')
        return publisher.publish

    def call(self, kind: type, service: str, request: Any) -> Any:
        """Return the response of a service."""
        future = self.request(kind, service, request)
        self.wait_until(future.done, f'{service} did not answer')
        return future.result()

    def request(self, kind: type, service: str, request: Any) -> Future:
        """Call a service and return its response of the future."""
        client = self.peer.create_client(kind, service)
        self.wait_until(client.service_is_ready, f'no service {service}')
        return client.call_async(request)

    def set_parameter(self, node: str, name: str, value: Any) -> SetParametersResult:
        """Return the answer of a node's own parameter service."""
        request = SetParameters.Request(
            parameters=[Parameter(name=name, value=value).to_parameter_msg()])
        return self.call(SetParameters, f'{node}/set_parameters', request).results[0]

    def wait_until(
        self, condition: Callable[[], Any], failure: str | Callable[[], str]
    ) -> None:
        """Spin until `condition` holds; fail with `failure` if it never does."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, failure if isinstance(failure, str) else failure()
            # rclpy waits for entities that a callback in its other thread destroys meanwhile.
            with suppress(InvalidHandle):
                self._executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        """End every node, after the callbacks under way."""
        self._executor.shutdown()
        for node in reversed(self._nodes):
            node.destroy_node()
        rclpy.try_shutdown()
        self._claim.close()

    def add(self, node: Node) -> None:
        """Spin a node with the others; it ends with them."""
        self._nodes.append(node)
        self._executor.add_node(node)


@pytest.fixture
def make_graph() -> Iterator[Callable[..., Graph]]:
    """Make graphs whose nodes get the given parameters."""
    graphs: list[Graph] = []

    def make(**parameters: Any) -> Graph:
        graphs.append(Graph(parameters))
        return graphs[-1]

    yield make
    for graph in graphs:
        graph.close()


@pytest.fixture
def small_checkpoint(tmp_path: Path) -> str:
    """Return a folder that passes for a checkpoint where the model itself is a stand-in."""
    (tmp_path / 'config.json').write_text('{}')
    return str(tmp_path)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Write the files of a checkpoint that perception reads: the upper left quarter, 8 x 6."""
    robot = load_embodiment('unitree_g1')
    dims = {name: len(robot.groups[name]) for name in robot.model.state}
    ranges = {name: {'min': [-1.0] * dim, 'max': [1.0] * dim} for name, dim in dims.items()}
    state = {'modality_keys': list(dims), 'delta_indices': [0]}
    action = {'modality_keys': list(dims), 'delta_indices': list(range(16)), 'action_configs': [
        {'rep': 'ABSOLUTE'} for _ in dims]}
    files = {
        'config.json': {},
        'embodiment_id.json': {'unitree_g1': 0},
        'statistics.json': {'unitree_g1': {'state': ranges, 'action': ranges}},
        'processor_config.json': {'processor_kwargs': {
            'modality_configs': {'unitree_g1': {
                'video': {'modality_keys': ['ego_view']}, 'state': state, 'action': action}},
            'image_crop': [0.0, 0.0, 0.5, 0.5], 'image_target_size': list(SIZE),
            'use_percentiles': False, 'action_period_s': 0.05, 'max_state_dim': 32,
            'max_action_dim': 32, 'formalize_language': True}}}
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    return tmp_path
