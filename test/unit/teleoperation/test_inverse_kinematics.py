"""Joints that bring hands to poses."""

import mujoco
import numpy as np
import pytest
from led_robot import ROBOT, TICK, moved
from mink import SE3

from groot_ros.teleoperation.inverse_kinematics import InverseKinematics

MAX_VELOCITY = 1.5


@pytest.fixture
def kinematics(model: mujoco.MjModel) -> InverseKinematics:
    kinematics = InverseKinematics(model, ROBOT, MAX_VELOCITY, TICK)
    kinematics.reset(ROBOT.home)
    return kinematics


def joints(kinematics: InverseKinematics) -> np.ndarray:
    positions = ROBOT.home.copy()
    kinematics.write(positions)
    return positions


def settle(kinematics: InverseKinematics, targets: dict[str, SE3]) -> None:
    for _ in range(480):
        before = joints(kinematics)
        kinematics.step(targets)
        assert np.abs(joints(kinematics) - before).max() <= MAX_VELOCITY * TICK * (1 + 1e-6)


@pytest.mark.parametrize('way', [
    {'x': 0.1}, {'y': 0.1, 'z': -0.05, 'turn': 0.5}, {'x': 0.05, 'z': 0.1, 'turn': -0.3}])
def test_a_hand_reaches_a_pose_within_its_reach(
    kinematics: InverseKinematics, way: dict[str, float],
) -> None:
    target = moved(kinematics.pose('right'), **way)
    settle(kinematics, {'right': target})
    miss = kinematics.miss('right', target)
    assert miss.position < 5e-4
    assert miss.angle < 2e-3


def test_the_other_arm_and_what_carries_no_hand_stay(kinematics: InverseKinematics) -> None:
    settle(kinematics, {'right': moved(kinematics.pose('right'), x=0.1)})
    still = ROBOT.group_indices(['left_arm', 'left_hand', 'right_hand'])
    np.testing.assert_array_equal(joints(kinematics)[still], ROBOT.home[still])


def test_both_hands_reach_their_poses_together(kinematics: InverseKinematics) -> None:
    targets = {'left': moved(kinematics.pose('left'), x=0.05, y=0.05),
               'right': moved(kinematics.pose('right'), x=0.05, z=0.05)}
    settle(kinematics, targets)
    assert all(kinematics.miss(name, pose).position < 1e-3 for name, pose in targets.items())


def test_the_waist_moves_less_than_the_arm(kinematics: InverseKinematics) -> None:
    settle(kinematics, {'right': moved(kinematics.pose('right'), x=0.08, y=0.05)})
    way = np.abs(joints(kinematics) - ROBOT.home)
    assert way[ROBOT.group_indices(['waist'])].max() < 0.2 * way[
        ROBOT.group_indices(['right_arm'])].max()


@pytest.mark.parametrize('way', [{'x': 0.8}, {'z': 1.5}, {'y': -1.0}, {'x': -0.5, 'y': -0.3}])
def test_out_of_reach_the_hand_goes_as_near_as_it_can_and_rests(
    kinematics: InverseKinematics, way: dict[str, float],
) -> None:
    start = kinematics.pose('right')
    target = moved(start, **way)
    far = kinematics.miss('right', target).position
    settle(kinematics, {'right': target})
    arrived = joints(kinematics)
    near = kinematics.miss('right', target).position
    assert 0.02 < near < 0.75 * far
    assert ((arrived >= ROBOT.lower - 1e-6) & (arrived <= ROBOT.upper + 1e-6)).all()
    for _ in range(60):
        kinematics.step({'right': target})
    assert kinematics.miss('right', target).position == pytest.approx(near, abs=5e-3)


def test_the_nearest_place_lies_in_the_direction_of_the_target(
    kinematics: InverseKinematics,
) -> None:
    start = kinematics.pose('right').translation()
    target = moved(kinematics.pose('right'), x=0.8)
    settle(kinematics, {'right': target})
    way = kinematics.pose('right').translation() - start
    assert way[0] > 0.3
    assert np.abs(way[1:]).max() < 0.5 * way[0]
