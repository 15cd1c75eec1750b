"""Fingers that open and close."""

from dataclasses import replace

import numpy as np
import pytest
from led_robot import ROBOT, TICK

from groot_ros.teleoperation.errors import TeleoperationError
from groot_ros.teleoperation.fingers import Fingers

RIGHT = next(hand for hand in ROBOT.hands if hand.name == 'right')
COLUMNS = ROBOT.group_indices(['right_hand'])


def test_fingers_stay_where_they_are_before_the_first_grip() -> None:
    joints = ROBOT.home + 0.01
    Fingers(ROBOT, RIGHT, 0.6, TICK).step(joints)
    np.testing.assert_array_equal(joints, ROBOT.home + 0.01)


def test_fingers_close_in_the_time_given_and_nothing_else_moves() -> None:
    fingers, joints = Fingers(ROBOT, RIGHT, 0.6, TICK), ROBOT.home.copy()
    fingers.update(1.0)
    for _ in range(round(0.3 / TICK)):
        fingers.step(joints)
    assert not np.allclose(joints[COLUMNS], RIGHT.closed)
    for _ in range(round(0.35 / TICK)):
        fingers.step(joints)
    np.testing.assert_allclose(joints[COLUMNS], RIGHT.closed)
    others = np.setdiff1d(np.arange(len(joints)), COLUMNS)
    np.testing.assert_array_equal(joints[others], ROBOT.home[others])


def test_half_a_grip_lies_between_the_poses() -> None:
    fingers, joints = Fingers(ROBOT, RIGHT, 0.1, TICK), ROBOT.home.copy()
    fingers.update(0.5)
    for _ in range(60):
        fingers.step(joints)
    np.testing.assert_allclose(
        joints[COLUMNS], (np.array(RIGHT.opened) + np.array(RIGHT.closed)) / 2)


def test_a_grip_that_is_not_finite_is_refused() -> None:
    with pytest.raises(TeleoperationError, match='from 0 to 1'):
        Fingers(ROBOT, RIGHT, 0.6, TICK).update(np.nan)


def test_a_hand_without_fingers_cannot_grip() -> None:
    bare = replace(RIGHT, fingers=None, opened=(), closed=())
    with pytest.raises(TeleoperationError, match='has no fingers'):
        Fingers(ROBOT, bare, 0.6, TICK).update(1.0)
