"""The doctor, as a process, looking at who leads a robot by hand, records it and shows it."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Graph
from geometry_msgs.msg import PoseStamped
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import JointState, Joy
from small_system1 import EMBODIMENT
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger
from test_doctor import NODES, PATIENT, Robot, ask_until, is_wrong, words

from groot_ros.msg import RecordingStatus
from groot_ros.nodes.recorder.node import RecorderNode
from groot_ros.nodes.shared.qos import LATCHED, NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.nodes.teleoperator.node import TeleoperatorNode
from groot_ros.nodes.visualizer.node import VisualizerNode
from groot_ros.simulation.urdf import robot_description

TARGET = 'teleoperator/right/target_pose'
PEOPLE = PATIENT | {
    'teleoperator:max_state_age_s': 5.0, 'teleoperator:max_target_age_s': 5.0,
    'teleoperator:clutch_timeout_s': 5.0, 'teleoperator:realtime_priority': 0,
    'teleoperator:clutch_button': -1}


@dataclass(frozen=True)
class Person:
    """What comes from a person's device; what has the rate None is not even published."""

    clutch_hz: float | None = 20.0
    poses: str = TARGET
    pose_hz: float | None = 30.0
    pose_age: float = 0.0
    joy_hz: float | None = None
    buttons: int = 8

    def join(self, graph: Graph) -> None:
        """Send in `graph` from now on."""
        self._repeat(graph, Bool, 'teleoperator/engaged', self.clutch_hz,
                     lambda _: Bool(data=True))
        self._repeat(graph, PoseStamped, self.poses, self.pose_hz, self._pose)
        self._repeat(graph, Joy, 'joy', self.joy_hz, self._joy)

    def _repeat(
        self, graph: Graph, kind: type, topic: str, rate: float | None,
        make: Callable[[Graph], Any],
    ) -> None:
        if rate is None:
            return
        publisher = graph.peer.create_publisher(kind, topic, 10)
        if rate:
            graph.peer.create_timer(1.0 / rate, lambda: publisher.publish(make(graph)))

    def _pose(self, graph: Graph) -> PoseStamped:
        message = PoseStamped()
        message.header.frame_id = 'pelvis'
        message.header.stamp = stamp_at(now(graph.peer) - self.pose_age)
        message.pose.orientation.w = 1.0
        return message

    def _joy(self, graph: Graph) -> Joy:
        message = Joy(axes=[0.0] * 8, buttons=[1] * self.buttons)
        message.header.stamp = stamp_at(now(graph.peer))
        return message


@dataclass(frozen=True)
class Fault:
    """One thing wrong, and what the doctor has to say of it first."""

    said: tuple[str, ...]
    person: Person = Person()
    policy: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    described: bool = True


JOY = {'teleoperator:input': 'joy', 'teleoperator:clutch_button': 4,
       'teleoperator:clutch_timeout_s': 0.5}
POSE = {'teleoperator:input': 'pose'}
FAULTS = {
    'the policy commands the robot besides': Fault(
        ('/controller and /teleoperator both command the robot', 'one driver'),
        policy=('controller',), parameters=POSE),
    'nobody sends poses': Fault(
        (f'nobody publishes /{TARGET}', 'start the device or its bridge'),
        Person(pose_hz=None), parameters=POSE),
    'the poses have another name': Fault(
        ('did you mean /vision/right/target_pose?',),
        Person(poses='vision/right/target_pose'), parameters=POSE),
    'the device sends no pose': Fault(
        (f'/{TARGET}: nothing comes, although /peer publishes it',), Person(pose_hz=0.0),
        parameters=POSE),
    'the clock of the device is behind': Fault(
        (f'/{TARGET}: even the newest stamp was 3', 'clocks'), Person(pose_age=30.0),
        parameters=POSE),
    'nobody is at the keyboard': Fault(
        ('nobody publishes /teleoperator/engaged', 'teleoperate_keyboard'),
        Person(clutch_hz=None, pose_hz=None)),
    'no gamepad is there': Fault(
        ('nobody publishes /joy', 'joy_node'), Person(None, TARGET, None), parameters=JOY),
    'the gamepad repeats nothing': Fault(
        ('/joy: 0.', 'a silence of 0.5 s counts as a release', 'autorepeat_rate'),
        Person(None, TARGET, None, joy_hz=0.5), parameters=JOY),
    'the gamepad has fewer buttons': Fault(
        ('/joy has 3 buttons, the one with index 4 is waited for',),
        Person(None, TARGET, None, joy_hz=50.0, buttons=3),
        parameters=JOY | {'teleoperator:clutch_timeout_s': 5.0}),
    'nobody describes the robot': Fault(
        ('NO_DESCRIPTION', 'robot_state_publisher'), parameters=POSE, described=False),
}


@pytest.fixture(scope='module')
def description() -> str:
    return robot_description()


@pytest.fixture
def start(
    make_graph: Callable[..., Graph], checkpoint: Path, description: str
) -> Callable[[Fault], Graph]:
    def start_with(fault: Fault) -> Graph:
        graph = make_graph(**{'checkpoint': checkpoint} | PEOPLE | fault.parameters)
        Robot().join(graph)
        if fault.described:
            describe(graph, description)
        fault.person.join(graph)
        for name in fault.policy:
            graph.start(NODES[name]())
        graph.start(TeleoperatorNode())
        return graph
    return start_with


def describe(graph: Graph, description: str) -> None:
    publisher = graph.peer.create_publisher(String, 'robot_description', LATCHED)
    publisher.publish(String(data=description))


def test_nothing_is_wrong_with_a_robot_that_is_led(start: Callable[[Fault], Graph]) -> None:
    findings = ask_until(start(Fault((), parameters=POSE)), lambda code, _: code == 0)
    subjects = {each['subject'] for each in findings}
    assert subjects >= {'clutch', 'device', 'teleoperator', 'joints', 'output upper_body'}
    assert not subjects & set(NODES)


@pytest.mark.parametrize('name', FAULTS)
def test_the_fault_is_the_first_thing_named(start: Callable[[Fault], Graph], name: str) -> None:
    fault = FAULTS[name]
    nothing = dict.fromkeys(('subject', 'found', 'remedy'), '')

    def is_named(code: int, findings: list[dict[str, str]]) -> bool:
        told = words(next(filter(is_wrong, findings), nothing))
        return code == 1 and all(word in told for word in fault.said)

    findings = ask_until(start(fault), is_named)
    finding = next(filter(is_wrong, findings))
    print(f'| {name} | {finding["subject"]}: {finding["found"]} | {finding["remedy"]} |')


def about(subject: str, *said: str) -> Callable[[int, list[dict[str, str]]], bool]:
    """Return what asks whether something was said of a subject."""
    return lambda _, findings: any(
        each['subject'] == subject and all(word in words(each) for word in said)
        for each in findings)


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let this process write no file beyond a size [bytes], as on a disk without room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_ends_the_recording_and_the_doctor_names_it(
    make_graph: Callable[..., Graph], tmp_path: Path
) -> None:
    graph = make_graph(folder=tmp_path / 'recordings')
    Robot().join(graph)
    graph.start(RecorderNode())
    status = graph.listen(RecordingStatus, 'recorder/status', NEWEST)
    send = graph.speak(JointState, EMBODIMENT.joint_state_topic)
    noise = np.random.default_rng(0)

    def is_full() -> bool:
        send(JointState(position=noise.random(20_000)))
        return bool(status and status[-1].problem)

    with full_disk(500_000):
        assert graph.call(Trigger, 'recorder/start', Trigger.Request()).success
        graph.wait_until(is_full, 'the recording did not end')
    assert not status[-1].recording
    assert 'episode_000000' in status[-1].problem
    ask_until(graph, about('recorder', 'ended early', 'repair_bag'))
    assert graph.call(Trigger, 'recorder/start', Trigger.Request()).success
    ask_until(graph, about('recorder', 'writes', 'episode_000001'))


def test_a_visualizer_without_a_robot_to_draw_is_named_and_one_nobody_looks_at_is_well(
    make_graph: Callable[..., Graph], description: str
) -> None:
    graph = make_graph()
    graph.start(VisualizerNode())
    ask_until(graph, about('visualizer', 'nobody publishes /robot_description'))
    describe(graph, description)
    ask_until(graph, about('visualizer', '0 look at the markers'))


def test_a_viewer_without_clients_is_well_and_one_that_is_not_active_is_named(
    make_graph: Callable[..., Graph]
) -> None:
    pytest.importorskip('foxglove')
    from groot_ros.nodes.viewer.node import ViewerNode
    graph = make_graph(port=0)
    viewer: LifecycleNode = graph.start(ViewerNode())
    ask_until(graph, about('viewer', 'serves on 127.0.0.1'))
    viewer.trigger_deactivate()
    ask_until(graph, about('viewer', 'is inactive, must be active', 'ros2 lifecycle set /viewer'))
