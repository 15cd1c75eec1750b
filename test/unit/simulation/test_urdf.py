"""The URDF is the simulated robot: same links, joints, frames; its meshes are there."""

from pathlib import Path
from urllib.parse import unquote, urlparse
from xml.etree import ElementTree

import mujoco
import numpy as np
import pytest

from groot_ros.embodiment import check_against_description, load_embodiment, read_description
from groot_ros.simulation.robot import JOINTS
from groot_ros.simulation.urdf import robot_description
from groot_ros.simulation.world import TabletopWorld


@pytest.fixture(scope='module')
def urdf() -> str:
    return robot_description()


def test_the_embodiment_fits(urdf: str) -> None:
    check_against_description(
        load_embodiment('unitree_g1'), read_description(urdf, 'robot_description'))


def test_every_mesh_resolves(urdf: str) -> None:
    meshes = [each.attrib['filename'] for each in ElementTree.fromstring(urdf).iter('mesh')]
    assert len(meshes) > 40
    assert all(Path(unquote(urlparse(mesh).path)).is_file() for mesh in meshes)


def test_every_mesh_has_a_colour(urdf: str) -> None:
    robot = ElementTree.fromstring(urdf)
    colours = {each.attrib['name'] for each in robot.findall('material')}
    used = [each.attrib['name'] for each in robot.findall('link/visual/material')]
    assert len(used) == len(robot.findall('link/visual'))
    assert set(used) == colours
    assert all(each.find('color') is not None for each in robot.findall('material'))


def test_its_links_are_where_the_simulation_has_them(urdf: str) -> None:
    # MuJoCo reads URDF itself: an independent judge of axes, origins and angles.
    world = TabletopWorld()
    model = mujoco.MjModel.from_xml_string(_without_meshes(urdf))
    data = mujoco.MjData(model)
    angles = np.random.default_rng(0).uniform(*world.joint_limits.T)
    world.teleport(angles)
    for name, angle in zip(JOINTS, angles, strict=True):
        data.joint(name).qpos = angle
    mujoco.mj_kinematics(model, data)
    for link in ('torso_link', 'left_wrist_yaw_link', 'right_hand_index_1_link'):
        offset = world.data.body(link).xpos - world.data.body('pelvis').xpos
        np.testing.assert_allclose(data.body(link).xpos, offset, atol=1e-6)


def _without_meshes(urdf: str) -> str:
    """Return the URDF with its links kept apart (MuJoCo would fuse fixed ones) and no shapes."""
    robot = ElementTree.fromstring(urdf)
    for link in robot.findall('link'):
        for visual in link.findall('visual'):
            link.remove(visual)
    compiler = ElementTree.SubElement(ElementTree.SubElement(robot, 'mujoco'), 'compiler')
    compiler.attrib |= {'fusestatic': 'false', 'discardvisual': 'false'}
    return ElementTree.tostring(robot, encoding='unicode')
