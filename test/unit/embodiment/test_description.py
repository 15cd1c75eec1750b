"""URDF and MJCF are read as their specifications say."""

import math
from dataclasses import replace

import pytest

from groot_ros.embodiment import (
    EmbodimentError,
    check_against_description,
    load_embodiment,
    read_description,
)

URDF = """
<robot name="arm">
  <joint name="fixed" type="fixed"/>
  <joint name="hinge" type="revolute"><limit lower="-1" upper="2" velocity="3" effort="1"/></joint>
  <joint name="wheel" type="continuous"/>
  <joint name="finger" type="prismatic"><limit upper="0.04" velocity="0" effort="1"/></joint>
  <joint name="follower" type="revolute">
    <limit lower="0" upper="1" velocity="1" effort="1"/><mimic joint="hinge"/>
  </joint>
</robot>
"""

MJCF = """
<mujoco>
  <default>
    <joint range="-90 90"/>
    <default class="finger"><joint range="0 45"/>
      <default class="thumb"><geom size="1"/></default>
    </default>
  </default>
  <worldbody>
    <body><freejoint name="floating"/>
      <joint name="hinge"/>
      <joint name="own" range="-180 10"/>
      <joint name="rail" type="slide" range="0 2"/>
      <body childclass="thumb"><joint name="inherited"/><joint name="named" class="main"/></body>
    </body>
  </worldbody>
</mujoco>
"""


def test_urdf_joints():
    joints = read_description(URDF).joints
    assert set(joints) == {'hinge', 'wheel', 'finger', 'follower'}
    hinge, finger = joints['hinge'], joints['finger']
    assert (hinge.lower, hinge.upper, hinge.velocity) == (-1.0, 2.0, 3.0)
    assert joints['wheel'].upper == math.inf
    assert (finger.lower, finger.upper, finger.velocity) == (0.0, 0.04, None)
    assert joints['follower'].mimics == 'hinge'


def test_mjcf_ranges_come_through_default_classes_in_degrees():
    joints = read_description(MJCF).joints
    assert set(joints) == {'hinge', 'own', 'rail', 'inherited', 'named'}
    assert joints['hinge'].upper == pytest.approx(math.pi / 2)
    assert joints['own'].lower == pytest.approx(-math.pi)
    assert joints['rail'].upper == 2.0
    assert joints['inherited'].upper == pytest.approx(math.pi / 4)
    assert joints['named'].upper == pytest.approx(math.pi / 2)


def test_mjcf_radians():
    xml = MJCF.replace('<mujoco>', '<mujoco><compiler angle="radian"/>')
    assert read_description(xml).joints['own'].lower == -180.0


@pytest.mark.parametrize(
    ('xml', 'problem'), [('<sdf/>', 'starts with <sdf>'), ('robot', 'is not XML')])
def test_what_is_no_description_is_refused(xml, problem):
    with pytest.raises(EmbodimentError, match=f'robot_description: {problem}'):
        read_description(xml)


@pytest.mark.parametrize(('xml', 'problem'), [
    (URDF.replace('upper="2"', 'upper="two"'),
     r"joint hinge, limit upper: must be a number, got 'two'"),
    (URDF.replace('velocity="3"', 'velocity="nan"'), 'joint hinge, limit velocity: must be'),
    (MJCF.replace('-180 10', '-180'), "joint own, range: must be two numbers, got '-180'"),
    (MJCF.replace('-180 10', '-180 x'), "joint own, range: must be a number, got 'x'")])
def test_a_limit_that_is_no_number_is_named(xml, problem):
    with pytest.raises(EmbodimentError, match=f'robot_description: {problem}'):
        read_description(xml)


def so101_urdf(**changes):
    """Return a URDF that agrees with the SO-101, but for the changed attributes of a joint."""
    joints = []
    for joint in load_embodiment('so101').joints:
        values = {'lower': joint.lower, 'upper': joint.upper, 'velocity': joint.velocity}
        values |= changes.get(joint.name, {})
        attributes = ' '.join(f'{key}="{value}"' for key, value in values.items())
        joints.append(f'<joint name="{joint.name}" type="revolute"><limit {attributes}/></joint>')
    return f'<robot>{"".join(joints)}</robot>'


def test_agreement_passes_and_tighter_limits_too():
    robot = load_embodiment('so101')
    check_against_description(robot, read_description(so101_urdf()))
    check_against_description(robot, read_description(so101_urdf(gripper={'upper': 9.0})))


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        ({'lower': -1.0}, r'elbow_flex\.lower: -1\.69 is beyond the robot\'s -1\.0'),
        ({'upper': 1.0}, r'elbow_flex\.upper: 1\.69 is beyond the robot\'s 1\.0'),
        ({'velocity': 1.0}, r'elbow_flex\.velocity: 3\.0 is beyond the robot\'s 1\.0'),
    ],
)
def test_wider_limits_than_the_robots_are_named(changes, problem):
    with pytest.raises(EmbodimentError, match=problem):
        check_against_description(
            load_embodiment('so101'), read_description(so101_urdf(elbow_flex=changes)))


def test_every_joint_that_is_not_there_is_named():
    urdf = so101_urdf().replace('elbow_flex', 'elbow_flexion').replace('"gripper"', '"jaw"')
    with pytest.raises(EmbodimentError) as error:
        check_against_description(load_embodiment('so101'), read_description(urdf, 'so101.urdf'))
    assert 'disagrees with so101.urdf' in str(error.value)
    assert "'elbow_flex' is not there: did you mean 'elbow_flexion'?" in str(error.value)
    assert "'gripper' is not there" in str(error.value)


def test_a_joint_without_a_motor_cannot_be_commanded():
    described = read_description(so101_urdf())
    coupled = replace(described.joints['gripper'], mimics='wrist_roll')
    with pytest.raises(EmbodimentError, match="'gripper' follows 'wrist_roll'"):
        check_against_description(
            load_embodiment('so101'),
            type(described)('urdf', {**described.joints, 'gripper': coupled}))
