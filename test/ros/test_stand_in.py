"""The stand-in is a robot to the other nodes: it reports, shows, and goes where it may."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from conftest import Graph
from sensor_msgs.msg import CompressedImage, Image, JointState
from std_msgs.msg import Float64MultiArray, String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from groot_ros.embodiment import embodiment_file, load_embodiment
from groot_ros.nodes.shared.parameters import ParameterError
from groot_ros.nodes.shared.qos import LATCHED
from groot_ros.nodes.stand_in.node import StandInNode, main

ROBOT = load_embodiment('so101')
ARM, GRIPPER = ROBOT.outputs


@pytest.fixture
def graph(make_graph: Callable[..., Graph]) -> Graph:
    graph = make_graph(embodiment='so101', image_width=64, image_height=48)
    graph.add(StandInNode())
    return graph


def test_joints_are_at_home_before_any_command(graph: Graph) -> None:
    joints = graph.listen(JointState, 'joint_states')
    graph.wait_until(lambda: len(joints) > 2, 'no joint states')
    assert tuple(joints[0].name) == ROBOT.joint_names
    np.testing.assert_allclose(joints[0].position, ROBOT.home)
    assert joints[1].header.stamp != joints[0].header.stamp


def test_every_camera_shows_a_picture_that_changes(graph: Graph) -> None:
    for camera in ROBOT.cameras:
        images = graph.listen(CompressedImage, f'{camera.topic}/compressed')
        graph.wait_until(lambda: len(images) > 5, f'no pictures of {camera.name}')  # noqa: B023
        assert images[0].header.frame_id == camera.frame_id
        first, last = (cv2.imdecode(np.frombuffer(each.data, np.uint8), cv2.IMREAD_COLOR)
                       for each in (images[0], images[-1]))
        assert first.shape == (48, 64, 3)
        assert np.abs(first.astype(int) - last).max() > 50


def test_a_raw_camera_gets_raw_pictures(make_graph: Callable[..., Graph]) -> None:
    graph = make_graph(image_width=64, image_height=48)
    graph.add(StandInNode())
    images = graph.listen(Image, 'camera/head/image_raw')
    graph.wait_until(lambda: images, 'no picture')
    pixels = np.array(images[0].data).reshape(48, 64, 3)
    assert pixels[0, 0].tolist() == [255, 255, 255]  # colours from left: white, yellow, cyan
    assert pixels[0, 12].tolist() == [255, 255, 0]
    assert pixels[0, 20].tolist() == [0, 255, 255]


def test_it_goes_where_it_is_commanded(graph: Graph) -> None:
    joints = graph.listen(JointState, 'joint_states', 1)
    send, stream = graph.speak(JointTrajectory, ARM.topic), graph.speak(
        Float64MultiArray, GRIPPER.topic)
    send(JointTrajectory(joint_names=list(ARM.joints), points=[JointTrajectoryPoint(
        positions=[0.1] * 5, velocities=[0.0] * 5,
        time_from_start=Duration(nanosec=50_000_000))]))
    stream(Float64MultiArray(data=[0.5]))
    graph.wait_until(
        lambda: joints and np.allclose(joints[-1].position, [0.1] * 5 + [0.5]),
        lambda: f'it is at {joints[-1:]}')


def test_what_a_controller_would_refuse_is_not_followed(graph: Graph) -> None:
    joints = graph.listen(JointState, 'joint_states', 1)
    stream = graph.speak(Float64MultiArray, GRIPPER.topic)
    stream(Float64MultiArray(data=[0.5, 0.5]))
    stream(Float64MultiArray(data=[float('nan')]))
    stream(Float64MultiArray(data=[0.3]))
    graph.wait_until(
        lambda: joints and joints[-1].position[-1] == 0.3, lambda: f'it is at {joints[-1:]}')
    assert all(each.position[-1] in (ROBOT.home[-1], 0.3) for each in joints)


def test_it_describes_itself_where_it_was_given_a_urdf(
    make_graph: Callable[..., Graph], tmp_path: Path
) -> None:
    file = tmp_path / 'robot.urdf'
    file.write_text('<robot name="mine"/>')
    graph = make_graph(urdf=file)
    graph.add(StandInNode())
    texts = graph.listen(String, 'robot_description', LATCHED)
    graph.wait_until(lambda: texts, 'no description')
    assert texts[0].data == '<robot name="mine"/>'


def test_a_urdf_that_is_not_there_is_refused(make_graph: Callable[..., Graph]) -> None:
    make_graph(urdf='/nowhere.urdf')
    with pytest.raises(ParameterError, match='nowhere'):
        StandInNode()


def test_a_file_with_open_places_ends_with_an_error_that_names_them(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / 'robot.yaml'
    text = embodiment_file('so101').read_text()
    file.write_text(text.replace('acceleration: 20.0', 'acceleration: FILL_IN', 1))
    assert main(['stand_in', '--ros-args', '-p', f'embodiment:={file}']) == 1
    assert 'joints.shoulder_pan.acceleration: is still FILL_IN' in capfd.readouterr().err
