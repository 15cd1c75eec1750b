"""What the replayer publishes of a bag, over real topics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import Graph
from rclpy.serialization import serialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image, JointState
from small_system1 import EMBODIMENT
from std_msgs.msg import Header

from groot_ros.data.bags import BagWriter, MessageTypes
from groot_ros.nodes.messages.observations import image_message, read_pixels
from groot_ros.nodes.replayer.sensors import ReplayedSensors
from groot_ros.nodes.shared.qos import EVERY
from groot_ros.nodes.shared.stamps import stamp_at
from groot_ros.observation import decode_compressed
from groot_ros.replay.driving import ticks
from groot_ros.replay.recording import Recording

CAMERA = EMBODIMENT.cameras[0].topic
START_S = 5.0
PIXELS = np.full((24, 32, 3), (200, 30, 30), np.uint8)


def header() -> Header:
    return Header(stamp=stamp_at(START_S), frame_id='camera')


def jpeg() -> CompressedImage:
    _, encoded = cv2.imencode('.jpg', PIXELS[:, :, ::-1])
    return CompressedImage(header=header(), format='jpeg', data=encoded.tobytes())


@pytest.fixture
def record(tmp_path: Path) -> Callable[[str, Image | CompressedImage], Recording]:
    """Make a recording of one image and one joint state, in another order than the robot's."""
    def write(topic: str, image: Image | CompressedImage) -> Recording:
        names = sorted(EMBODIMENT.joint_names)
        joints = JointState(
            header=header(), name=names, position=[float(len(name)) for name in names],
            velocity=[0.0] * len(names), effort=[0.0] * len(names))
        with BagWriter(tmp_path / 'bag', MessageTypes(), {'embodiment': 'unitree_g1'}) as bag:
            for name, message in ((f'/{topic}', image), ('/joint_states', joints)):
                bag.add_topic(name, f'sensor_msgs/msg/{type(message).__name__}')
                bag.write(name, round(START_S * 1e9), bytes(serialize_message(message)))
        return Recording(tmp_path / 'bag')
    return write


@pytest.fixture
def play(make_graph: Callable[..., Graph]) -> Callable[[Recording], tuple[Image, JointState]]:
    """Publish the only tick of a recording and return what arrives."""
    def publish(recording: Recording) -> tuple[Image, JointState]:
        graph = make_graph()
        sensors = ReplayedSensors(graph.peer, recording, patience=30.0)
        images = graph.listen(Image, CAMERA, EVERY)
        joints = graph.listen(JointState, EMBODIMENT.joint_state_topic, EVERY)
        clocks = graph.listen(Clock, '/clock', EVERY)
        for topic in (CAMERA, EMBODIMENT.joint_state_topic, '/clock'):
            graph.wait_until(
                lambda topic=topic: graph.peer.count_subscribers(topic), f'no reader of {topic}')
        assert not sensors.are_heard(), 'one reader of the joints is not the whole policy'
        (tick,) = ticks(recording)

        def arrived() -> bool:
            sensors.send_time(tick.stamp_ns)
            sensors.send_and_wait(tick.others[0])
            sensors.send_joints(tick)
            return bool(images and joints and clocks)

        graph.wait_until(arrived, 'nothing arrives')
        assert clocks[0].clock == stamp_at(START_S)
        return images[0], joints[0]
    return publish


def test_pixels_and_joints_arrive_as_recorded(record, play) -> None:
    image, joints = play(record(CAMERA, image_message(PIXELS, header())))
    assert image == image_message(PIXELS, header())
    assert tuple(joints.name) == EMBODIMENT.joint_names
    assert list(joints.position) == [float(len(name)) for name in EMBODIMENT.joint_names]
    assert joints.header.stamp == stamp_at(START_S)


def test_a_policy_that_takes_pixels_gets_those_of_a_jpeg(record, play) -> None:
    image, _ = play(record(f'{CAMERA}/compressed', jpeg()))
    np.testing.assert_array_equal(read_pixels(image), decode_compressed(jpeg().data))
    assert image.header == header()
