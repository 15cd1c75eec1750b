"""The visualizer draws what it is asked to look at, for those who look."""

from __future__ import annotations

import array
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import Graph
from sensor_msgs.msg import Image
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker, MarkerArray

from groot_ros.embodiment import known_embodiments, load_embodiment
from groot_ros.msg import ActionChunk, PolicyStatus
from groot_ros.nodes.messages.observations import image_message
from groot_ros.nodes.shared.qos import EVERY, LATCHED, NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.nodes.shared.static_frames import STATIC_FRAMES
from groot_ros.nodes.visualizer.node import VisualizerNode
from groot_ros.simulation.urdf import robot_description

RVIZ = Path(__file__).parents[2] / 'config/rviz/humanoid.rviz'
END = '</robot>'
FINGER = """<link name="finger"/><joint name="finger_joint" type="revolute">
<parent link="panda_link8"/><child link="finger"/><axis xyz="0 0 1"/>
<limit lower="0" upper="1" effort="1" velocity="1"/></joint>""" + END
# File, what it ends with, root link, and how far below that the robot stands [m].
DESCRIPTIONS = {
    'unitree_g1': ('', END, 'pelvis', 0.757),
    'fourier_gr1': ('gr1t2_fourier_hand_6dof.urdf', END, 'base_link', 0.867),
    'franka_droid': ('panda_arm.urdf', FINGER, 'panda_link0', 0.0),
    'so101': ('so101_new_calib.urdf', END, 'base_link', 0.0),
}
ROBOT = load_embodiment('unitree_g1')
HORIZON = 8
RIGHT = [f'right_{part}' for part in ('executed', 'frozen', 'ahead', 'previous')]


@pytest.fixture
def graph(make_graph: Callable[..., Graph]) -> Graph:
    """Start a visualizer of the humanoid."""
    graph = make_graph(embodiment='unitree_g1')
    graph.start(VisualizerNode())
    return graph


class Robot:
    """Says who it is, and plans to lift its right arm."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._send = graph.speak(ActionChunk, 'action_chunk', EVERY)
        graph.speak(String, 'robot_description', LATCHED)(String(data=robot_description()))

    def plan(self, lift: float) -> None:
        rows = np.tile(ROBOT.home, (HORIZON, 1))
        rows[:, ROBOT.indices(['right_shoulder_pitch_joint'])] -= np.linspace(
            0.0, lift, HORIZON)[:, None]
        chunk = ActionChunk(
            joint_names=list(ROBOT.joint_names), period=10.0, horizon=HORIZON, frozen_steps=4,
            positions=array.array('f', rows.astype(np.float32).tobytes()))
        chunk.header.stamp = stamp_at(now(self._graph.peer) - 25.0)
        self._send(chunk)


def by_name(message: MarkerArray) -> dict[str, list[Marker]]:
    found: dict[str, list[Marker]] = {}
    for marker in message.markers:
        found.setdefault(marker.ns, []).append(marker)
    return found


def test_a_plan_is_drawn_with_its_parts_ghost_and_words(graph: Graph) -> None:
    drawn = graph.listen(MarkerArray, 'visualizer/markers', NEWEST)
    status = graph.speak(PolicyStatus, 'controller/status', NEWEST)
    robot = Robot(graph)

    def complete() -> bool:
        robot.plan(0.5)
        status(PolicyStatus(state=PolicyStatus.HOLDING, reason=PolicyStatus.STALE_TOKENS,
                            instruction='touch the red block', text='no image for 2 s'))
        if not drawn:
            return False
        found = by_name(drawn[-1])
        return (set(RIGHT) <= set(found) and all(found[name][0].points for name in RIGHT)
                and 'STALE_TOKENS' in found['words'][0].text)

    graph.wait_until(complete, 'the plan was not drawn')
    found = by_name(drawn[-1])
    words = found['words'][0].text
    assert '"touch the red block"' in words
    assert 'no image for 2 s' in words
    ahead = found['right_ahead'][0]
    assert ahead.points[-1].z > ahead.points[0].z + 0.02, 'the arm was to be lifted'
    assert ahead.colors[0].a > ahead.colors[-1].a > 0.0
    ghost = [marker for marker in found['ghost'] if marker.action == Marker.ADD]
    assert 10 < len(ghost) < 25
    assert all('right_' in marker.mesh_resource for marker in ghost), 'only the right arm moves'
    for marker in drawn[-1].markers:
        turn = marker.pose.orientation
        assert marker.header.frame_id == 'pelvis'
        assert marker.frame_locked, 'without a stamp it is drawn where the robot was'
        assert marker.color.a > 0.0
        if marker.action == Marker.ADD:
            assert marker.scale.x > 0.0 or marker.scale.z > 0.0
        assert np.isclose(turn.x ** 2 + turn.y ** 2 + turn.z ** 2 + turn.w ** 2, 1.0)
    assert all(marker.mesh_resource.startswith('file://') for marker in ghost)


def test_a_controller_that_is_not_heard_is_not_said_to_do_anything(graph: Graph) -> None:
    drawn = graph.listen(MarkerArray, 'visualizer/markers', NEWEST)
    status = graph.speak(PolicyStatus, 'controller/status', NEWEST)
    Robot(graph)

    def words() -> str:
        return by_name(drawn[-1])['words'][0].text if drawn else ''

    graph.wait_until(lambda: 'never heard' in words(), 'it invents a state')
    running = PolicyStatus(state=PolicyStatus.RUNNING)
    graph.wait_until(lambda: status(running) or 'running' in words(), 'no state is shown')
    graph.wait_until(lambda: 'silent' in words(), 'it goes on to run')


def test_words_are_written_over_what_the_camera_saw(graph: Graph) -> None:
    seen = graph.listen(Image, 'visualizer/overlay_0', NEWEST)
    camera = graph.speak(Image, ROBOT.cameras[0].topic, EVERY)
    picture = np.full((240, 320, 3), 200, np.uint8)

    def written() -> bool:
        camera(image_message(picture, Image().header))
        return bool(seen)

    graph.wait_until(written, 'no overlay came')
    assert (seen[-1].width, seen[-1].height) == (640, 480)
    pixels = np.frombuffer(bytes(seen[-1].data), np.uint8).reshape(480, 640, 3)
    assert (pixels[-1] == 200).all()
    assert pixels[:24].min() < 100, 'the band with the words is dark'


@pytest.mark.parametrize('fault', [
    {'joint_names': ['tail']}, {'period': 0.0}, {'period': float('nan')},
    {'positions': array.array('f', [float('nan')])}, {'positions': array.array('f')}])
def test_a_chunk_that_no_robot_can_follow_is_not_drawn(
    graph: Graph, fault: dict[str, object]
) -> None:
    drawn = graph.listen(MarkerArray, 'visualizer/markers', NEWEST)
    chunks = graph.speak(ActionChunk, 'action_chunk', EVERY)
    Robot(graph)
    good = {'joint_names': [ROBOT.joint_names[0]], 'horizon': 1, 'period': 0.1,
            'positions': array.array('f', [0.0])}

    def drawn_without_plan() -> bool:
        chunks(ActionChunk(**good | fault))
        return len(drawn) > 5

    graph.wait_until(drawn_without_plan, 'nothing was drawn')
    assert set(by_name(drawn[-1])) == {'words'}


def test_every_shipped_robot_has_the_frame_of_the_views_tested() -> None:
    assert set(DESCRIPTIONS) == set(known_embodiments())


@pytest.mark.parametrize('tag', DESCRIPTIONS)
def test_tf_leads_to_the_fixed_frame_of_rviz_for_every_robot(
    make_graph: Callable[..., Graph], tag: str
) -> None:
    graph = make_graph(embodiment=tag)
    graph.start(VisualizerNode())
    frames = graph.listen(TFMessage, 'tf_static', STATIC_FRAMES)
    file, end, root, depth = DESCRIPTIONS[tag]
    urdf = (Path(os.environ['GROOT_ROS_DESCRIPTIONS']) / file).read_text().replace(
        END, end) if file else robot_description()
    graph.speak(String, 'robot_description', LATCHED)(String(data=urdf))
    graph.wait_until(lambda: frames, 'the visualizer published no frame')
    (transform,) = frames[-1].transforms
    view = yaml.safe_load(RVIZ.read_text())['Visualization Manager']
    assert transform.child_frame_id == view['Global Options']['Fixed Frame']
    assert transform.header.frame_id == root
    assert transform.transform.translation.z == pytest.approx(-depth, abs=1e-3)
