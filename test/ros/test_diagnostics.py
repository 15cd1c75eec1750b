"""What the nodes say on /diagnostics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Graph
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image, JointState
from small_system1 import EMBODIMENT, SmallSystem1
from std_msgs.msg import Header, String

from groot_ros.diagnosis.remedies import REMEDIES
from groot_ros.msg import InputStatus, PolicyStatus
from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.messages.observations import image_message
from groot_ros.nodes.perception.node import PerceptionNode
from groot_ros.nodes.shared.delivery import DeliveryMonitor
from groot_ros.nodes.shared.diagnostics import Diagnostics
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.nodes.shared.status import REASONS

CAMERA = EMBODIMENT.cameras[0].topic
OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR, DiagnosticStatus.STALE)


class Monitor:
    """The newest status of each name on /diagnostics, as an aggregator keeps it."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.newest: dict[str, DiagnosticStatus] = {}
        graph.peer.create_subscription(DiagnosticArray, '/diagnostics', self._take, 10)

    def wait_for(self, name: str, fits: Callable[[DiagnosticStatus], Any]) -> DiagnosticStatus:
        """Return the status called `name` once it fits."""
        self._graph.wait_until(
            lambda: name in self.newest and fits(self.newest[name]),
            lambda: f'{name} never fits, newest is {self.newest.get(name)}')
        return self.newest[name]

    def _take(self, message: DiagnosticArray) -> None:
        self.newest |= {each.name: each for each in message.status}


def values(status: DiagnosticStatus) -> dict[str, str]:
    return {each.key: each.value for each in status.values}


def test_every_reason_has_a_remedy() -> None:
    assert set(REMEDIES) == set(REASONS) - {'NONE'}


def test_inputs_are_stale_until_they_come(
    make_graph: Callable[..., Graph], checkpoint: Path
) -> None:
    graph = make_graph(checkpoint=checkpoint, max_input_age_s=10.0, max_skew_s=1.0)
    graph.start(PerceptionNode())
    monitor = Monitor(graph)
    policy = monitor.wait_for('perception: policy', lambda s: s.level == STALE)
    assert policy.message.startswith('NO_IMAGE: ')
    assert policy.hardware_id == 'unitree_g1'
    inputs = monitor.wait_for('perception: inputs', lambda s: s.level == STALE)
    assert values(inputs)[f'{CAMERA} age [s]'] == 'never'
    images = graph.peer.create_publisher(Image, CAMERA, 5)
    states = graph.peer.create_publisher(JointState, 'joint_states', 5)

    def send() -> None:
        header = Header(stamp=stamp_at(now(graph.peer)))
        images.publish(image_message(np.zeros((24, 32, 3), np.uint8), header))
        states.publish(JointState(
            header=header, name=list(EMBODIMENT.joint_names),
            position=EMBODIMENT.home.tolist()))

    graph.peer.create_timer(0.05, send)
    monitor.wait_for('perception: policy', lambda s: (s.level, s.message) == (OK, 'running'))
    inputs = monitor.wait_for(
        'perception: inputs', lambda s: f'{CAMERA}: nothing comes' not in s.message)
    assert values(inputs)[f'{CAMERA} rate [Hz]'].endswith(' of 10.0')
    output = monitor.wait_for('perception: output', lambda s: not s.message.startswith('sends 0'))
    assert float(values(output)['from image stamp to output [ms]']) > 0.0


def test_a_publisher_with_another_qos_is_named_until_it_is_gone(
    make_graph: Callable[..., Graph], checkpoint: Path
) -> None:
    graph = make_graph(checkpoint=checkpoint, step_locked=True)
    graph.start(PerceptionNode())
    monitor = Monitor(graph)
    monitor.wait_for('perception: delivery', lambda s: s.message == 'all QoS fit')
    images = graph.peer.create_publisher(Image, CAMERA, qos_profile_sensor_data)
    delivery = monitor.wait_for('perception: delivery', lambda s: s.level == ERROR)
    assert delivery.message == (
        f'offered best effort, wanted reliable on /{CAMERA} (from /peer): nothing arrives')
    graph.peer.destroy_publisher(images)
    monitor.wait_for('perception: delivery', lambda s: s.level == OK)


def test_a_description_that_is_not_latched_is_named(
    make_graph: Callable[..., Graph], small_checkpoint: str
) -> None:
    graph = make_graph(checkpoint=small_checkpoint)
    graph.start(ControllerNode(load=SmallSystem1))
    graph.peer.create_publisher(String, 'robot_description', 1)
    delivery = Monitor(graph).wait_for('controller: delivery', lambda s: s.level == ERROR)
    assert 'offered volatile, wanted transient local on /robot_description' in delivery.message


def test_the_controller_reports_ticks_limits_and_seams(
    make_graph: Callable[..., Graph], small_checkpoint: str
) -> None:
    graph = make_graph(checkpoint=small_checkpoint)
    graph.start(ControllerNode(load=SmallSystem1))
    monitor = Monitor(graph)
    ticks = monitor.wait_for(
        'controller: ticks', lambda s: int(values(s).get('ticks', '0')) > 0)
    assert {'missed', 'lateness p50 [ms]', 'lateness p99 [ms]'} < set(values(ticks))
    motion = monitor.wait_for('controller: motion', lambda s: s.values)
    assert {'seams', 'limited velocities', 'limited jerks'} < set(values(motion))


def test_a_clock_that_stands_still_does_not_silence_a_node(
    make_graph: Callable[..., Graph], checkpoint: Path
) -> None:
    graph = make_graph(checkpoint=checkpoint, use_sim_time=True)
    graph.start(PerceptionNode())
    monitor = Monitor(graph)
    monitor.wait_for('perception: policy', lambda s: s.level == STALE)


@pytest.mark.parametrize(('state', 'reason', 'level', 'message'), [
    (PolicyStatus.RUNNING, 'NONE', OK, 'running'),
    (PolicyStatus.PAUSED, 'PAUSED_BY_USER', WARN, 'PAUSED_BY_USER: why'),
    (PolicyStatus.HOLDING, 'STALE_TOKENS', STALE, 'STALE_TOKENS: why'),
    (PolicyStatus.FAULT, 'EMERGENCY_STOP', ERROR, 'EMERGENCY_STOP: why'),
])
def test_a_status_in_a_namespace_has_one_level_and_the_reason(
    make_graph: Callable[..., Graph], state: int, reason: str, level: bytes, message: str
) -> None:
    graph = make_graph()
    node = Node('controller', namespace='/robot1', use_global_arguments=False)
    node.declare_parameter('embodiment', 'so101')
    diagnostics = Diagnostics(node, DeliveryMonitor(node), ticking=True)
    monitor = Monitor(graph)
    said = PolicyStatus(state=state, reason=REASONS.index(reason), text='why', inputs=[
        InputStatus(name='joint_states', age=0.1, rate=50.0, wanted_rate=120.0)])

    def fits(status: DiagnosticStatus) -> bool:
        return (status.level, status.message) == (level, message)

    graph.peer.create_timer(0.1, lambda: diagnostics.publish(said))
    policy = monitor.wait_for('robot1/controller: policy', fits)
    assert policy.hardware_id == 'robot1/so101'
    inputs = monitor.wait_for('robot1/controller: inputs', lambda s: s.level == WARN)
    assert inputs.message.endswith('joint_states: 50.0 of 120.0 Hz')
    node.destroy_node()
