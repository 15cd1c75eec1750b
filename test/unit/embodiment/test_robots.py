"""The shipped robots agree with the robots' own descriptions, taken from registry packages."""

import os
from pathlib import Path

import numpy as np
import pytest

from groot_ros.embodiment import (
    check_against_description,
    known_embodiments,
    load_embodiment,
    read_description,
)


def description(variable, name):
    """Read a description that scripts/test unpacked from a registry package."""
    file = Path(os.environ.get(variable, f'${variable}')) / name
    if not file.is_file():
        pytest.fail(f'{file} is not there: run the tests by scripts/test, which unpacks it and '
                    f'sets {variable}')
    xml = file.read_text()
    if name == 'robotiq_gripper_85.xml':
        # A part that robosuite merges into a world whose angles are radians.
        xml = xml.replace('<worldbody>', '<compiler angle="radian"/><worldbody>', 1)
    return read_description(xml, name)


def only(robot, joints):
    """Return a description of the joints that one of a robot's several files describes."""
    return type(joints)(joints.source, dict.fromkeys(robot.joint_names, _ANY) | joints.joints)


_ANY = read_description(
    '<robot><joint name="any" type="continuous"/></robot>').joints['any']

MENAGERIE, DESCRIPTIONS = 'GROOT_ROS_MENAGERIE', 'GROOT_ROS_DESCRIPTIONS'


@pytest.mark.parametrize(
    ('tag', 'variable', 'file', 'described'),
    [
        ('unitree_g1', MENAGERIE, 'unitree_g1/g1_with_hands.xml', 31),
        ('unitree_g1', DESCRIPTIONS, 'g1_29dof.urdf', 17),
        ('fourier_gr1', DESCRIPTIONS, 'gr1t2_fourier_hand_6dof.urdf', 29),
        ('franka_droid', DESCRIPTIONS, 'panda_arm.urdf', 7),
        ('franka_droid', DESCRIPTIONS, 'robotiq_gripper_85.xml', 1),
        ('so101', DESCRIPTIONS, 'so101_new_calib.urdf', 6),
    ],
)
def test_names_and_limits_are_the_robots_own(tag, variable, file, described):
    robot, own = load_embodiment(tag), description(variable, file)
    assert len(set(own.joints) & set(robot.joint_names)) == described
    check_against_description(robot, only(robot, own))


@pytest.mark.parametrize(
    ('tag', 'dimensions'),
    [
        ('unitree_g1', {
            'waist': 3, 'left_arm': 7, 'right_arm': 7, 'left_hand': 7, 'right_hand': 7}),
        ('fourier_gr1', {
            'waist': 3, 'left_arm': 7, 'right_arm': 7, 'left_hand': 6, 'right_hand': 6}),
        ('franka_droid', {'joint_position': 7, 'gripper_position': 1}),
        ('so101', {'single_arm': 5, 'gripper': 1}),
    ],
)
def test_groups_have_the_dimensions_of_the_data_configs(tag, dimensions):
    robot = load_embodiment(tag)
    assert {name: len(joints) for name, joints in robot.groups.items()} == dimensions


def test_every_shipped_robot_is_checked_here():
    assert set(known_embodiments()) == {'unitree_g1', 'fourier_gr1', 'franka_droid', 'so101'}


def test_groups_give_the_columns_of_the_policy():
    robot = load_embodiment('unitree_g1')
    columns = robot.group_indices(['waist', 'right_hand'])
    assert columns.tolist() == [0, 1, 2, 24, 25, 26, 27, 28, 29, 30]
    assert robot.joint_names[columns[3]] == 'right_hand_thumb_0_joint'


def test_the_g1_home_is_mirrored():
    robot = load_embodiment('unitree_g1')
    for part in ('arm', 'hand'):
        left = robot.home[robot.group_indices([f'left_{part}'])]
        right = robot.home[robot.group_indices([f'right_{part}'])]
        np.testing.assert_allclose(np.abs(left), np.abs(right))


def test_arrays_cannot_be_changed():
    robot = load_embodiment('so101')
    with pytest.raises(ValueError, match='read-only'):
        robot.upper[0] = 10.0
