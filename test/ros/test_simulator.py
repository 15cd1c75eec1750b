"""The simulator as a process: what its sensors publish, and which commands it follows."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import SetBool
from tf2_msgs.msg import TFMessage
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from groot_ros.embodiment import load_embodiment
from groot_ros.msg import StepDone, TaskState
from groot_ros.nodes.shared.qos import LATCHED
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import Domain
from groot_ros.srv import ResetEpisode

OUTPUTS = {output.name: output for output in load_embodiment('unitree_g1').outputs}
UPPER_BODY = OUTPUTS['upper_body']
PATIENCE_S, AGAIN_S = 60.0, 3.0


class Peer:
    """A node beside a simulator process."""

    def __init__(self, client: GraphClient) -> None:
        self._client = client
        self.call = client.call_service

    def listen(self, kind: type, topic: str, qos: QoSProfile | int = 10) -> list[Any]:
        """Return a list that grows by every message on `topic`."""
        received: list[Any] = []
        self._client.node.create_subscription(kind, topic, received.append, qos)
        return received

    def speak(self, kind: type, topic: str) -> Callable[[Any], None]:
        """Return a function that publishes on `topic`, once the simulator listens."""
        publisher = self._client.node.create_publisher(kind, topic, 10)
        self.wait_until(
            lambda: publisher.get_subscription_count() > 0, f'a subscription of {topic}')
        return publisher.publish

    def command(
        self, kind: type, topic: str, *commands: Any, until: Callable[[], Any], what: str
    ) -> None:
        """Send commands until they take effect: the first ones may find nobody."""
        send, sent = self.speak(kind, topic), -AGAIN_S

        def has_taken_effect() -> bool:
            nonlocal sent
            if time.monotonic() - sent > AGAIN_S:
                sent = time.monotonic()
                for command in commands:
                    send(command)
            return bool(until())

        self.wait_until(has_taken_effect, what)

    def wait_until(self, condition: Callable[[], Any], what: str) -> None:
        """Spin until `condition` holds; fail if it never does."""
        self._client.spin_until(condition, PATIENCE_S, what)


@contextmanager
def simulator_process(**parameters: Any) -> Iterator[Peer]:
    """Run a simulator in a domain of its own."""
    domain = Domain()
    words = [word for name, value in parameters.items() for word in ('-p', f'{name}:={value}')]
    process = subprocess.Popen(
        ['ros2', 'run', 'groot_ros', 'simulator', '--ros-args', *words],
        env=os.environ | {'ROS_DOMAIN_ID': str(domain.number)}, start_new_session=True)
    try:
        with GraphClient(domain.number) as client:
            yield Peer(client)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=PATIENCE_S)
        domain.close()


@pytest.fixture(scope='module')
def running() -> Iterator[Peer]:
    with simulator_process(seed=3) as peer:
        yield peer


@pytest.fixture
def graph(running: Peer) -> Peer:
    """Return a simulator in real time at the start of an episode."""
    running.call(ResetEpisode, 'reset_episode', ResetEpisode.Request(seed=3))
    running.call(SetBool, 'run_simulation', SetBool.Request(data=True))
    return running


def position(message: JointState, joint: str) -> float:
    return message.position[message.name.index(joint)]


def upper_body(joint: str, target: float, velocity: float) -> JointTrajectory:
    """Return a command of 0.2 s that moves one joint and keeps the others at zero."""
    targets = [target if name == joint else 0.0 for name in UPPER_BODY.joints]
    rates = [velocity if name == joint else 0.0 for name in UPPER_BODY.joints]
    point = JointTrajectoryPoint(
        positions=targets, velocities=rates, time_from_start=Duration(nanosec=200_000_000))
    return JointTrajectory(joint_names=list(UPPER_BODY.joints), points=[point])


def test_every_sensor_of_the_robot_is_published(graph: Peer) -> None:
    joints = graph.listen(JointState, 'joint_states')
    images = graph.listen(Image, 'camera/head/image_raw')
    infos = graph.listen(CameraInfo, 'camera/head/camera_info')
    descriptions = graph.listen(String, 'robot_description', LATCHED)
    frames = graph.listen(TFMessage, 'tf_static', LATCHED)
    moving = graph.listen(TFMessage, 'tf')
    graph.wait_until(
        lambda: joints and images and infos and descriptions and frames and moving,
        'every sensor')
    assert set(joints[0].name) == set(load_embodiment('unitree_g1').joint_names)
    assert (images[0].width, images[0].height, images[0].encoding) == (320, 240, 'rgb8')
    assert images[0].header.frame_id == 'head_camera_optical_frame'
    assert np.frombuffer(images[0].data, np.uint8).std() > 10.0
    # tan(95 deg / 2) of the vertical field of view over 120 px.
    assert infos[0].k[4] == pytest.approx(109.96, abs=0.01)
    assert 'right_hand_index_1_joint' in descriptions[0].data
    fixed = {each.child_frame_id for each in frames[0].transforms}
    assert {'pelvis', 'head_camera_optical_frame'} <= fixed
    assert 'right_wrist_yaw_link' in {each.child_frame_id for each in moving[0].transforms}


def test_compressed_images_show_the_same_for_who_asks(graph: Peer) -> None:
    raw = graph.listen(Image, 'camera/head/image_raw')
    compressed = graph.listen(CompressedImage, 'camera/head/image_raw/compressed')
    graph.wait_until(lambda: raw and compressed, 'a compressed image')
    picture = cv2.imdecode(np.frombuffer(compressed[0].data, np.uint8), cv2.IMREAD_COLOR)
    pixels = np.frombuffer(raw[-1].data, np.uint8).reshape(240, 320, 3)
    assert np.abs(picture[:, :, ::-1].astype(int) - pixels).mean() < 4.0


def test_a_trajectory_is_followed_to_its_end(graph: Peer) -> None:
    joints = graph.listen(JointState, 'joint_states', 1)
    graph.command(
        JointTrajectory, UPPER_BODY.topic, upper_body('right_elbow_joint', 0.5, 0.0),
        until=lambda: joints and abs(position(joints[-1], 'right_elbow_joint') - 0.5) < 0.02,
        what='the elbow to arrive')


def test_a_trajectory_that_ends_in_motion_is_refused(graph: Peer) -> None:
    joints = graph.listen(JointState, 'joint_states', 1)
    # The accepted one after it proves that the refused one was seen and moved nothing.
    graph.command(
        JointTrajectory, UPPER_BODY.topic, upper_body('right_elbow_joint', 0.5, 1.0),
        upper_body('left_elbow_joint', 0.5, 0.0),
        until=lambda: joints and abs(position(joints[-1], 'left_elbow_joint') - 0.5) < 0.02,
        what='the good trajectory to act')
    assert abs(max(position(each, 'right_elbow_joint') for each in joints)) < 0.1


def test_a_position_stream_is_in_the_order_of_its_output(graph: Peer) -> None:
    joints = graph.listen(JointState, 'joint_states', 1)
    output = OUTPUTS['right_hand']
    targets = [0.3 if name == 'right_hand_index_0_joint' else 0.0 for name in output.joints]
    graph.command(
        Float64MultiArray, output.topic, Float64MultiArray(data=targets),
        until=lambda: joints and abs(
            position(joints[-1], 'right_hand_index_0_joint') - 0.3) < 0.05,
        what='the finger to arrive')


def test_a_seed_gives_the_same_scene_again(graph: Peer) -> None:
    request = ResetEpisode.Request(seed=1_000_007, task='touch')
    first = graph.call(ResetEpisode, 'reset_episode', request)
    graph.call(ResetEpisode, 'reset_episode', ResetEpisode.Request(seed=8))
    again = graph.call(ResetEpisode, 'reset_episode', request)
    assert first.success
    assert (first.instruction, first.block_poses) == (again.instruction, again.block_poses)


def test_a_scene_that_cannot_be_is_refused(graph: Peer) -> None:
    response = graph.call(
        ResetEpisode, 'reset_episode', ResetEpisode.Request(task='touch', target_block='mauve'))
    assert not response.success
    assert 'mauve' in response.message


def test_a_frozen_world_senses_and_stands_still(graph: Peer) -> None:
    states = graph.listen(TaskState, 'task_state')
    graph.call(SetBool, 'run_simulation', SetBool.Request(data=False))
    graph.wait_until(  # some are on their way from before
        lambda: len(states) > 4 and states[-5].elapsed == states[-1].elapsed,
        'task states of a frozen world')


def test_images_can_be_made_black(graph: Peer) -> None:
    images = graph.listen(Image, 'camera/head/image_raw', 1)
    black = Parameter(name='black_images', value=ParameterValue(
        type=ParameterType.PARAMETER_BOOL, bool_value=True))
    graph.call(SetParameters, 'simulator/set_parameters', SetParameters.Request(
        parameters=[black]))
    graph.wait_until(
        lambda: images and not np.any(np.frombuffer(images[-1].data, np.uint8)),
        'black images')
    black.value.bool_value = False
    graph.call(SetParameters, 'simulator/set_parameters', SetParameters.Request(
        parameters=[black]))


@pytest.fixture
def waiting() -> Iterator[Peer]:
    with simulator_process(step_locked='true', patience_s=600.0) as peer:
        yield peer


def test_step_locked_time_goes_on_only_with_the_policy(waiting: Peer) -> None:
    graph = waiting
    joints = graph.listen(JointState, 'joint_states')
    clocks = graph.listen(Clock, '/clock')
    done = graph.speak(StepDone, 'step_done')
    # Time stands still and its clock goes on: who has learnt of the second listener knows the
    # first, and no tick is sent twice.
    graph.wait_until(lambda: clocks, 'the clock')
    graph.call(SetBool, 'run_simulation', SetBool.Request(data=True))
    graph.wait_until(lambda: len(joints) == 1, 'the first tick')
    for tick in range(2, 6):
        report = StepDone(header=joints[-1].header)
        report.tokens_stamp = joints[-1].header.stamp
        done(report)
        graph.wait_until(lambda tick=tick: len(joints) == tick, f'tick {tick}')
    stamps = [each.header.stamp.sec + each.header.stamp.nanosec * 1e-9 for each in joints]
    np.testing.assert_allclose(np.diff(stamps), 1.0 / 120.0, atol=2e-6)
