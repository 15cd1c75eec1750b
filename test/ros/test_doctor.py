"""The doctor, as a process, looking at real graphs that have one fault each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from conftest import PATIENCE_S, Graph
from rclpy.context import Context
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image, JointState
from small_system1 import EMBODIMENT, SmallSystem1
from std_msgs.msg import Float64MultiArray, Header
from std_srvs.srv import SetBool, Trigger
from test_planner import SmallSystem2
from trajectory_msgs.msg import JointTrajectory

from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.messages.observations import image_message
from groot_ros.nodes.perception.node import PerceptionNode
from groot_ros.nodes.planner.node import PlannerNode
from groot_ros.nodes.shared.listeners import ClockListener
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.nodes.tools.graph_process import Domain

DOCTOR = Path(__file__).resolve().parents[2] / 'executables' / 'doctor'
CAMERA = EMBODIMENT.cameras[0].topic
TRAJECTORIES = EMBODIMENT.outputs[0].topic
COMMANDS = {'joint_trajectory': JointTrajectory, 'float64_multi_array': Float64MultiArray}
NODES: dict[str, Callable[[], LifecycleNode]] = {
    'perception': PerceptionNode,
    'planner': lambda: PlannerNode(load=lambda *_, **__: SmallSystem2()),
    'controller': lambda: ControllerNode(load=SmallSystem1),
}
# A busy machine is slow, not wrong: nothing is stale unless a fault is about it.
PATIENT = {
    'perception:max_input_age_s': 10.0, 'perception:max_skew_s': 1.0,
    'planner:max_observation_age_s': 10.0, 'planner:instruction': '"touch red"',
    'controller:max_state_age_s': 5.0, 'controller:max_token_age_s': 30.0,
    'controller:max_delay_s': 10.0, 'controller:action_period_s': 1.0,
}


@dataclass(frozen=True)
class Robot:
    """A camera, joints and controllers; every field left alone is as it should be."""

    camera: str = CAMERA
    camera_kind: type = Image
    camera_qos: QoSProfile | int = 5
    camera_hz: float = 10.0
    camera_age: float = 0.0
    encoding: str = 'rgb8'
    joints: tuple[str, ...] = EMBODIMENT.joint_names
    joint_hz: float = 60.0
    joint_age: float = 0.0
    listening: bool = True
    rivals: bool = False

    def join(self, graph: Graph) -> None:
        """Send and listen in `graph` from now on."""
        peer = graph.peer
        images = peer.create_publisher(self.camera_kind, self.camera, self.camera_qos)
        states = peer.create_publisher(JointState, EMBODIMENT.joint_state_topic, 5)
        if self.camera_hz:
            peer.create_timer(1.0 / self.camera_hz, lambda: images.publish(self._image(graph)))
        if self.joint_hz:
            peer.create_timer(1.0 / self.joint_hz, lambda: states.publish(self._state(graph)))
        for output in EMBODIMENT.outputs if self.listening else ():
            graph.listen(COMMANDS[output.interface], output.topic)
        if self.rivals:
            peer.create_publisher(JointTrajectory, TRAJECTORIES, 1)

    def _image(self, graph: Graph) -> Any:
        header = Header(stamp=stamp_at(now(graph.peer) - self.camera_age))
        if self.camera_kind is CompressedImage:
            return CompressedImage(header=header)
        message = image_message(np.full((24, 32, 3), 90, np.uint8), header)
        message.encoding = self.encoding
        return message

    def _state(self, graph: Graph) -> JointState:
        stamp = stamp_at(now(graph.peer) - self.joint_age)
        homes = dict(zip(EMBODIMENT.joint_names, EMBODIMENT.home, strict=True))
        return JointState(
            header=Header(stamp=stamp), name=list(self.joints),
            position=[homes.get(name, 0.0) for name in self.joints])


@dataclass(frozen=True)
class Fault:
    """One thing wrong, and what the doctor has to say of it first.

    Attributes:
        said: Words of its first finding that is wrong.
        nodes: Those that run.
        act: What somebody did to the running graph.
        elsewhere: Whether the doctor looks in another domain.
    """

    said: tuple[str, ...]
    robot: Robot = Robot()
    nodes: tuple[str, ...] = tuple(NODES)
    parameters: dict[str, Any] = field(default_factory=dict)
    act: Callable[[Graph], Any] = lambda _: None
    elsewhere: bool = False


def pause(graph: Graph) -> None:
    graph.call(SetBool, 'controller/pause', SetBool.Request(data=True))


def stop(graph: Graph) -> None:
    graph.call(Trigger, 'controller/emergency_stop', Trigger.Request())


def send_compressed_on_the_raw_topic(graph: Graph) -> None:
    """Do so from another participant: within one, a topic has one type."""
    context = Context()
    context.init(domain_id=graph.domain)
    camera = Node('camera', context=context, use_global_arguments=False)
    camera.create_publisher(CompressedImage, CAMERA, 5)

    def end() -> None:
        camera.destroy_node()
        context.try_shutdown()

    graph.peer.context.on_shutdown(end)


SEEING = ('perception',)
UDP = 'FASTDDS_BUILTIN_TRANSPORTS=UDPv4'
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
FAULTS = {
    'the camera has another topic': Fault(
        (f'nobody publishes /{CAMERA};', 'did you mean /cam/head/image_raw?'),
        Robot(camera='cam/head/image_raw'), SEEING),
    'the camera sends compressed images on the raw topic': Fault(
        ('sensor_msgs/msg/CompressedImage', 'wanted sensor_msgs/msg/Image'),
        Robot(camera='elsewhere'), SEEING, act=send_compressed_on_the_raw_topic),
    'the camera sends compressed images only': Fault(
        (f'nobody publishes /{CAMERA}, but /{CAMERA}/compressed is there',
         'transport: compressed'),
        Robot(camera=f'{CAMERA}/compressed', camera_kind=CompressedImage), SEEING),
    'the camera offers best effort where reliable is wanted': Fault(
        (f'offered best effort, wanted reliable on /{CAMERA}', '/peer', '/perception'),
        Robot(camera_qos=BEST_EFFORT), SEEING, {'perception:step_locked': True}),
    'the camera is open and sends nothing': Fault(
        (f'/{CAMERA}: nothing comes, although /peer publishes it and what it sends on '
         '/joint_states does come', 'is the device connected', UDP), Robot(camera_hz=0.0), SEEING),
    'the camera has an unknown encoding': Fault(
        ("encoding 'yuv422_yuy2' is not understood", 'rgb8'), Robot(encoding='yuv422_yuy2'),
        SEEING),
    'the clock of the camera is behind': Fault(
        (f'/{CAMERA}: even the newest stamp was 3', 'clocks'), Robot(camera_age=30.0), SEEING),
    'two joints are missing': Fault(
        (*EMBODIMENT.joint_names[-2:], '2 of 31'), Robot(joints=EMBODIMENT.joint_names[:-2]),
        SEEING),
    'the joint states are of another robot': Fault(
        ('none of the joints of unitree_g1', 'shoulder_pan'), Robot(joints=('shoulder_pan',)),
        SEEING),
    'the joint states come too rarely': Fault(
        ('/joint_states: 0.', 'at least 2.0 Hz are needed'), Robot(joint_hz=0.5),
        ('perception', 'controller'), {'controller:max_state_age_s': 0.5}),
    'the clock of the robot is ahead': Fault(
        ('/joint_states: stamps lie', 's in the future: the clocks disagree'),
        Robot(joint_age=-30.0), SEEING),
    'the nodes follow a clock that nobody publishes': Fault(
        ('use_sim_time is true for perception, planner, controller', 'nobody publishes /clock'),
        parameters={'use_sim_time': True}),
    'one node follows /clock, the others do not': Fault(
        ('use_sim_time is true for planner, false for perception, controller',),
        parameters={'planner:use_sim_time': True}),
    'planner and controller have different checkpoints': Fault(
        ('checkpoint', 'not the same everywhere', 'controller has'),
        parameters={'controller:checkpoint': 'g1_tabletop'}),
    'perception does not run': Fault(
        ('/perception is not running', 'ros2 run groot_ros perception'),
        nodes=('planner', 'controller')),
    'the controller was not activated': Fault(
        ('is unconfigured, must be active', 'ros2 lifecycle set /controller configure'),
        parameters={'controller:autostart': False}),
    'nobody gave an instruction': Fault(
        ('NO_INSTRUCTION', '/set_instruction'), parameters={'planner:instruction': '""'}),
    'somebody paused it': Fault(('PAUSED_BY_USER', '/controller/pause'), act=pause),
    'the emergency stop is latched': Fault(
        ('EMERGENCY_STOP', '/controller/reset_emergency_stop'), act=stop),
    'nobody listens to the commands': Fault(
        (f'nobody listens to /{TRAJECTORIES}', "start the robot's controller"),
        Robot(listening=False)),
    'two command the same joints': Fault(
        (f'2 publish /{TRAJECTORIES}: /controller, /peer',), Robot(rivals=True)),
    'it runs in another domain': Fault(
        ('no node in domain', 'rmw_', 'ROS_DOMAIN_ID'), nodes=SEEING, elsewhere=True),
}


@pytest.fixture
def start(
    make_graph: Callable[..., Graph], checkpoint: Path
) -> Callable[[Fault], Graph]:
    def start_with(fault: Fault) -> Graph:
        graph = make_graph(
            **{'checkpoint': checkpoint} | PATIENT | fault.parameters)
        fault.robot.join(graph)
        for name in fault.nodes:
            graph.start(NODES[name]())
        fault.act(graph)
        return graph
    return start_with


def ask(graph: Graph, *arguments: str, domain: int | None = None) -> tuple[int, str]:
    """Return the exit code and the output of the doctor, who looks at the graph's domain."""
    process = subprocess.Popen(
        [sys.executable, str(DOCTOR), *arguments], text=True, stdout=subprocess.PIPE,
        env={**os.environ, 'ROS_DOMAIN_ID': str(graph.domain if domain is None else domain)})
    graph.wait_until(lambda: process.poll() is not None, 'the doctor does not end')
    assert process.stdout is not None
    return process.returncode, process.stdout.read()


def ask_until(
    graph: Graph, fits: Callable[[int, list[dict[str, str]]], bool], domain: int | None = None
) -> list[dict[str, str]]:
    """Ask until code and findings fit: what is seen of a graph takes a while to come."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        code, output = ask(graph, '--json', domain=domain)
        findings = json.loads(output)['findings']
        if fits(code, findings):
            return findings
        assert time.monotonic() < deadline, f'exit code {code}, found {output}'


def is_wrong(finding: dict[str, str]) -> bool:
    return finding['level'] == 'ERROR'


def words(finding: dict[str, str]) -> str:
    return ' '.join(finding[key] for key in ('subject', 'found', 'remedy'))


def test_nothing_is_wrong_with_a_healthy_graph(start: Callable[[Fault], Graph]) -> None:
    findings = ask_until(start(Fault(())), lambda code, _: code == 0)
    assert not any(is_wrong(each) for each in findings)
    subjects = {each['subject'] for each in findings}
    assert subjects >= {*NODES, 'joints', 'camera head', 'output upper_body', 'graph'}


@pytest.mark.parametrize('name', FAULTS)
def test_the_fault_is_the_first_thing_named(start: Callable[[Fault], Graph], name: str) -> None:
    fault = FAULTS[name]

    def is_named(code: int, findings: list[dict[str, str]]) -> bool:
        told = words(next(filter(is_wrong, findings), {}) or dict.fromkeys(
            ('subject', 'found', 'remedy'), ''))
        return code == 1 and all(word in told for word in fault.said)

    graph, other = start(fault), Domain()
    findings = ask_until(graph, is_named, other.number if fault.elsewhere else None)
    other.close()
    finding = next(filter(is_wrong, findings))
    print(f'| {name} | {finding["subject"]}: {finding["found"]} | {finding["remedy"]} |')


def test_a_controller_that_begins_at_the_measured_joints_is_named(
    start: Callable[[Fault], Graph],
) -> None:
    graph = start(Fault(()))
    graph.peer.declare_parameter('interpolate_from_desired_state', False)

    def is_named(code: int, findings: list[dict[str, str]]) -> bool:
        return code == 0 and any(
            each['subject'] == 'output upper_body' and each['level'] == 'WARN'
            and '/peer begins each trajectory' in each['found'] for each in findings)

    ask_until(graph, is_named)


def test_without_a_terminal_it_prints_one_line_for_each_finding(
    make_graph: Callable[..., Graph],
) -> None:
    graph, deadline = make_graph(), time.monotonic() + PATIENCE_S
    missing = 'ERROR: perception: /perception is not running -> '
    lines: list[str] = []
    while not any(line.startswith(missing) for line in lines):
        assert time.monotonic() < deadline, lines  # at first it may not see the graph's node
        code, output = ask(graph)
        lines = output.splitlines()
        assert code == 1
        assert lines[-1].endswith('the others may follow from it.')


def test_the_clock_of_a_robot_in_a_namespace_is_its_own(make_graph: Callable[..., Graph]) -> None:
    graph = make_graph()
    listener = ClockListener(graph.peer, '/robot1')
    shared, own = (graph.speak(Clock, topic) for topic in ('/clock', '/robot1/clock'))

    def heard(publish: Callable[[Clock], None], second: int) -> bool:
        publish(Clock(clock=Time(sec=second)))
        return listener.newest == second

    graph.wait_until(lambda: heard(shared, 7), 'the clock of all is not heard')
    graph.wait_until(lambda: heard(own, 5), 'its own clock is not heard')
    graph.wait_until(lambda: heard(shared, 9) or heard(own, 6), 'its own clock is lost')
    assert listener.newest == 6
    assert listener.facts().moves


def test_an_interrupted_look_ends_without_a_verdict(make_graph: Callable[..., Graph]) -> None:
    graph = make_graph()
    process = subprocess.Popen(
        [sys.executable, str(DOCTOR), '--seconds', '600'], text=True, stderr=subprocess.PIPE,
        stdout=subprocess.PIPE, env={**os.environ, 'ROS_DOMAIN_ID': str(graph.domain)})
    graph.wait_until(
        lambda: graph.peer.count_subscribers('/joint_states'), 'the doctor does not listen')
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=PATIENCE_S) == ('', '')
    assert process.returncode == 130


@pytest.mark.parametrize('arguments', [
    ('--embodiment', 'unitree_g2'), ('--namespace', 'a b'), ('--seconds', 'x')])
def test_a_wrong_argument_is_told_apart_from_a_wrong_graph(
    make_graph: Callable[..., Graph], arguments: tuple[str, str]
) -> None:
    assert ask(make_graph(), *arguments) == (2, '')
