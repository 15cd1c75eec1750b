"""The recorder over real topics: what was sent is in the bag, episode by episode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Graph
from geometry_msgs.msg import TransformStamped
from sensor_msgs.msg import Image, JointState
from small_system1 import EMBODIMENT
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from tf2_msgs.msg import TFMessage

from groot_ros.data.bags import Bag
from groot_ros.msg import Instruction, RecordingStatus
from groot_ros.nodes.messages.observations import image_message
from groot_ros.nodes.recorder.node import RecorderNode
from groot_ros.nodes.shared.qos import LATCHED, NEWEST
from groot_ros.observation import decode_compressed
from groot_ros.observation.images import Pixels

CAMERA = EMBODIMENT.cameras[0].topic


class Robot:
    """A recorder and the topics that it records."""

    def __init__(self, graph: Graph, folder: Path) -> None:
        self.graph = graph
        self.folder = folder
        self.recorder = graph.start(RecorderNode())
        self.status = graph.listen(RecordingStatus, 'recorder/status', NEWEST)
        self.send_joints = graph.speak(JointState, EMBODIMENT.joint_state_topic)
        self.send_image = graph.speak(Image, CAMERA)
        self.send_description = graph.speak(String, 'robot_description', LATCHED)
        self.send_instruction = graph.speak(Instruction, 'current_instruction', LATCHED)

    def call(self, service: str) -> Any:
        return self.graph.call(Trigger, f'recorder/{service}', Trigger.Request())

    def record(self, messages: int) -> None:
        """Send joint states until so many messages are written."""
        self._send_until(lambda: self.send_joints(JointState(name=['a'], position=[1.0])),
                         lambda status: status.messages >= messages)

    def show(self, pixels: Pixels, encoding: str = 'rgb8') -> None:
        """Send an image, best effort, until one more message is written or dropped."""
        before = self._count(self.status[-1]) if self.status else 0
        image = image_message(pixels, JointState().header)
        image.encoding = encoding
        self._send_until(lambda: self.send_image(image),
                         lambda status: self._count(status) > before)

    def _send_until(
        self, send: Callable[[], None], seen: Callable[[RecordingStatus], bool]
    ) -> None:
        def sent() -> bool:
            send()
            return bool(self.status) and seen(self.status[-1])

        self.graph.wait_until(sent, 'nothing is written')

    @staticmethod
    def _count(status: RecordingStatus) -> int:
        return status.messages + status.dropped


@pytest.fixture
def start(make_graph: Callable[..., Graph], tmp_path: Path) -> Callable[..., Robot]:
    """Start a recorder with the given parameters."""
    def start_recorder(**parameters: Any) -> Robot:
        folder = tmp_path / 'recordings'
        return Robot(make_graph(folder=str(folder), **parameters), folder)
    return start_recorder


def test_an_episode_is_a_bag_with_everything_that_was_sent(start: Callable[..., Robot]) -> None:
    robot = start(operator='Ana', licence='CC-BY-4.0', teleoperation_device='pose')
    robot.send_description(String(data='<robot name="r"/>'))
    robot.send_instruction(Instruction(text='touch the red block', epoch=3))
    pixels = np.full((24, 32, 3), (200, 30, 30), np.uint8)
    assert robot.call('start').success
    robot.graph.wait_until(
        lambda: robot.status and robot.status[-1].messages >= 2, 'the latched topics')
    robot.show(pixels)
    robot.record(20)
    assert robot.graph.call(
        SetBool, 'recorder/success', SetBool.Request(data=True)).success
    assert robot.call('stop').success
    with Bag(robot.folder / 'episode_000000') as bag:
        messages = list(bag.messages())
        facts = bag.facts
    topics = {each.topic for each in messages}
    assert {'/joint_states', f'/{CAMERA}/compressed', '/robot_description',
            '/current_instruction'} <= topics
    image = next(each.message for each in messages if each.topic == f'/{CAMERA}/compressed')
    assert np.abs(decode_compressed(image.data).astype(int) - pixels).max() < 10
    (said,) = [each.message for each in messages if each.topic == '/current_instruction']
    assert said.text == facts['task'] == 'touch the red block'
    assert (facts['success'], facts['operator'], facts['licence']) == ('true', 'Ana', 'CC-BY-4.0')
    assert (facts['embodiment'], facts['teleoperation_device']) == ('unitree_g1', 'pose')
    assert 'joints:' in facts['embodiment_file']


def test_images_are_kept_as_they_come_if_asked(start: Callable[..., Robot]) -> None:
    robot = start(camera_format='raw')
    assert robot.call('start').success
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    robot.show(pixels)
    robot.record(2)
    assert robot.call('stop').success
    with Bag(robot.folder / 'episode_000000') as bag:
        image = next(bag.messages([f'/{CAMERA}']))
    np.testing.assert_array_equal(image.message.data.reshape(pixels.shape), pixels)


def test_an_image_that_cannot_be_read_is_counted_and_the_rest_is_recorded(
    start: Callable[..., Robot]
) -> None:
    robot = start()
    assert robot.call('start').success
    robot.show(np.zeros((24, 32, 3), np.uint8), 'bayer_rggb8')
    robot.record(5)
    assert (robot.status[-1].problem, robot.status[-1].dropped > 0) == ('', True)
    assert robot.call('stop').success
    with Bag(robot.folder / 'episode_000000') as bag:
        assert set(bag.topics) == {'/joint_states'}


def test_what_ends_an_episode_for_the_next_task_is_no_name_of_the_task(
    start: Callable[..., Robot]
) -> None:
    robot = start()
    assert robot.call('start').success
    for text in ('touch the red block', ''):
        robot.send_instruction(Instruction(text=text))
        count = robot.status[-1].messages if robot.status else 0
        robot.graph.wait_until(
            lambda count=count: robot.status and robot.status[-1].messages > count, 'not recorded')
    assert robot.call('stop').success
    with Bag(robot.folder / 'episode_000000') as bag:
        assert bag.facts['task'] == 'touch the red block'


def test_what_cannot_be_put_aside_is_said_and_the_recorder_lives(
    start: Callable[..., Robot]
) -> None:
    robot = start()
    assert robot.call('start').success
    robot.record(2)
    (robot.folder / 'discarded').write_text('in the way')
    refused = robot.call('discard')
    assert not refused.success
    assert 'discarded' in refused.message
    assert robot.call('start').success


def test_every_episode_has_a_bag_of_its_own_and_none_is_deleted(
    start: Callable[..., Robot],
) -> None:
    robot = start()
    for _ in range(2):
        assert robot.call('start').success
        assert not robot.call('start').success
        robot.record(3)
        assert robot.call('stop').success
    assert not robot.call('stop').success
    assert robot.call('discard').success
    names = {str(each.relative_to(robot.folder)) for each in robot.folder.rglob('episode_*')
             if each.is_dir()}
    assert names == {'episode_000000', 'discarded/episode_000000'}


def test_a_recorder_that_ends_finishes_its_bag(start: Callable[..., Robot]) -> None:
    robot = start(begin=True)
    robot.record(5)
    robot.recorder.trigger_deactivate()
    with Bag(robot.folder / 'episode_000000') as bag:
        assert bag.count('/joint_states') >= 5
        assert bag.facts['success'] == 'unknown'


def test_an_episode_begins_with_the_static_frames_of_every_publisher(
    start: Callable[..., Robot]
) -> None:
    robot = start()
    for frame in ('camera', 'hand'):
        robot.graph.speak(TFMessage, 'tf_static', LATCHED)(
            TFMessage(transforms=[TransformStamped(child_frame_id=frame)]))
    robot.graph.wait_until(
        lambda: len(robot.recorder._static_frames._transforms) == 2, 'the frames did not come')
    assert robot.call('start').success
    robot.record(3)
    assert robot.call('stop').success
    with Bag(robot.folder / 'episode_000000') as bag:
        (frames,) = [each.message for each in bag.messages() if each.topic == '/tf_static']
    assert {each.child_frame_id for each in frames.transforms} == {'camera', 'hand'}
