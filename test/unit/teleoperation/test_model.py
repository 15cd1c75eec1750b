"""The robot's own description as kinematics."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest
from led_robot import ROBOT

from groot_ros.simulation.world import TabletopWorld
from groot_ros.teleoperation.errors import TeleoperationError
from groot_ros.teleoperation.inverse_kinematics import InverseKinematics
from groot_ros.teleoperation.model import carrying_joints, read_model


def test_only_joints_that_carry_hands_move(model: mujoco.MjModel) -> None:
    names = {model.joint(index).name for index in range(model.njnt)}
    assert names == set(carrying_joints(ROBOT))
    assert len(names) == 17


def test_limits_are_those_of_the_embodiment(model: mujoco.MjModel) -> None:
    for joint in ROBOT.joints:
        if joint.name in carrying_joints(ROBOT):
            np.testing.assert_allclose(
                model.joint(joint.name).range, (joint.lower, joint.upper))


def test_the_hand_is_where_the_simulated_one_is(model: mujoco.MjModel) -> None:
    kinematics = InverseKinematics(model, ROBOT, 1.5, 1 / 120)
    joints = ROBOT.home + np.random.default_rng(0).uniform(-0.2, 0.2, len(ROBOT.joints))
    joints = np.clip(joints, ROBOT.lower, ROBOT.upper)
    kinematics.reset(joints)
    with TabletopWorld() as world:
        world.teleport(joints)
        in_world = world.grasp_point - world.data.body('pelvis').xpos
    np.testing.assert_allclose(kinematics.pose('right').translation(), in_world, atol=1e-6)


@pytest.mark.parametrize(('old', 'new', 'said'), [
    ('<robot', '<sdf', 'not XML'),
    ('right_wrist_yaw_link', 'other_link', "link 'right_wrist_yaw_link' is not in"),
    ('name="right_elbow_joint"', 'name="x"', "joint 'right_elbow_joint' is not in"),
])
def test_a_description_of_another_robot_is_refused(
    urdf: str, old: str, new: str, said: str,
) -> None:
    with pytest.raises(TeleoperationError, match=said):
        read_model(urdf.replace(old, new), ROBOT)


def test_mjcf_is_refused_by_name() -> None:
    with pytest.raises(TeleoperationError, match=r'<mujoco>: a URDF'):
        read_model('<mujoco/>', ROBOT)


def test_a_robot_without_hands_is_refused(urdf: str) -> None:
    with pytest.raises(TeleoperationError, match='names no hands'):
        read_model(urdf, replace(ROBOT, hands=()))
