"""Forward kinematics by a URDF, against the simulated robot and by hand."""

import re

import mujoco
import numpy as np
import pytest

from groot_ros.embodiment import load_embodiment
from groot_ros.simulation.urdf import robot_description
from groot_ros.simulation.world import TabletopWorld
from groot_ros.visualization import LinkPoses, VisualizationError, read_shapes

LINK = 'right_wrist_yaw_link'
ELBOW = """<robot name="elbow"><link name="base"/><link name="arm"><visual>
<origin xyz="0.5 0 0" rpy="0.1 0.2 0.3"/><geometry><mesh filename="package://e/a.stl"/></geometry>
</visual></link><joint name="turn" type="revolute"><origin xyz="0 0 1" rpy="0 0 0"/>
<parent link="base"/><child link="arm"/><axis xyz="0 0 1"/>
<limit lower="-2" upper="2" effort="1" velocity="1"/></joint></robot>"""


def test_an_arm_that_turns_takes_its_points_along():
    links = LinkPoses(ELBOW, ['turn'])
    path = links.path(np.array([[0.0], [np.pi / 2]]), 'arm', (1.0, 0.0, 0.0))
    np.testing.assert_allclose(path, [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]], atol=1e-12)


def test_the_links_of_the_humanoid_are_where_the_simulator_has_them():
    robot = load_embodiment('unitree_g1')
    joints = np.clip(np.linspace(-0.4, 0.4, len(robot.joints)), robot.lower, robot.upper)
    world = TabletopWorld()
    for name, position in zip(robot.joint_names, joints, strict=True):
        world.data.joint(name).qpos[0] = position
    mujoco.mj_kinematics(world.model, world.data)
    pelvis, hand = world.data.body('pelvis'), world.data.body(LINK)
    expected = pelvis.xmat.reshape(3, 3).T @ (hand.xpos - pelvis.xpos)
    links = LinkPoses(robot_description(), robot.joint_names)
    links.set_joints(joints)
    np.testing.assert_allclose(links.pose(LINK)[0], expected, atol=2e-5)


def test_a_mesh_is_drawn_where_its_link_carries_it():
    (shape,) = read_shapes(ELBOW)
    assert (shape.link, shape.kind, shape.mesh) == ('arm', 'mesh', 'package://e/a.stl')
    place, turn = shape.at(np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    np.testing.assert_allclose(place, [-0.5, 0.0, 1.0], atol=1e-12)
    roll, pitch, yaw = 0.1, 0.2, 0.3
    half = np.array([roll, pitch, yaw]) / 2.0
    (cr, cp, cy), (sr, sp, sy) = np.cos(half), np.sin(half)
    # Fixed axes x, y, z, as the URDF documentation has it, in closed form.
    own = [cr * cp * cy + sr * sp * sy, sr * cp * cy - cr * sp * sy,
           cr * sp * cy + sr * cp * sy, cr * cp * sy - sr * sp * cy]
    np.testing.assert_allclose(shape.quaternion, own, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(turn), 1.0)


@pytest.mark.parametrize(('good', 'bad', 'words'), [
    ('xyz="0.5 0 0"', 'xyz="0.5 0"', "xyz is '0.5 0', three numbers"),
    ('rpy="0.1 0.2 0.3"', 'rpy="${pi} 0 0"', 'rpy is'),
    ('a.stl"', 'a.stl" scale="0.001"', "scale is '0.001'"),
    ('<mesh filename="package://e/a.stl"/>', '<sphere radius="big"/>', 'big')])
def test_a_visual_without_its_numbers_is_named(good, bad, words):
    with pytest.raises(VisualizationError, match=f"link 'arm': .*{re.escape(words)}"):
        read_shapes(ELBOW.replace(good, bad, 1))


@pytest.mark.parametrize(('urdf', 'joints', 'words'), [
    ('no xml', ['turn'], 'not XML'),
    ('<mujoco/>', ['turn'], '<mujoco>'),
    (ELBOW, ['bend'], "joint 'bend' is not in robot_description")])
def test_what_cannot_be_drawn_is_named(urdf, joints, words):
    with pytest.raises(VisualizationError, match=words):
        LinkPoses(urdf, joints)


def test_only_what_moves_has_moved():
    links = LinkPoses(ELBOW, ['turn'])
    assert links.moved(np.zeros(1), np.zeros(1), 0.01) == set()
    assert links.moved(np.zeros(1), np.full(1, 0.05), 0.01) == set()
    assert links.moved(np.zeros(1), np.full(1, 0.5), 0.01) == {'arm'}


def test_two_robots_in_one_description_are_named():
    second = ELBOW.replace('</robot>', '<link name="stray"/></robot>')
    with pytest.raises(VisualizationError, match='stray'):
        LinkPoses(second, ['turn'])


@pytest.mark.parametrize('root', ['base', 'world'])
def test_the_lowest_and_the_highest_link_are_found(root):
    below = ELBOW.replace('"base"', f'"{root}"').replace('xyz="0 0 1"', 'xyz="0 0 -0.3"')
    links = LinkPoses(below, ['turn'])
    links.set_joints(np.zeros(1))
    assert links.root == root
    assert links.heights() == pytest.approx((-0.3, 0.0))


def test_a_link_that_is_not_there_is_named():
    with pytest.raises(VisualizationError, match="link 'foot'"):
        LinkPoses(ELBOW, ['turn']).pose('foot')
