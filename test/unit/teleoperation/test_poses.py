"""Poses as devices send them."""

import numpy as np
import pytest

from groot_ros.teleoperation.errors import TeleoperationError
from groot_ros.teleoperation.poses import angle, distance, read_pose


def test_ros_order_of_a_quaternion_is_read() -> None:
    pose = read_pose((1.0, 2.0, 3.0), (0.0, 0.0, np.sin(0.2), np.cos(0.2)))
    np.testing.assert_allclose(pose.translation(), (1.0, 2.0, 3.0))
    assert pose.rotation().compute_yaw_radians() == pytest.approx(0.4)


@pytest.mark.parametrize(('position', 'quaternion', 'said'), [
    ((np.nan, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), 'must be finite'),
    ((0.0, 0.0, 0.0), (0.0, np.inf, 0.0, 1.0), 'must be finite'),
    ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0), 'got length 0.000'),
    ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.05), 'got length 1.050'),
])
def test_what_is_no_pose_is_refused(
    position: tuple[float, ...], quaternion: tuple[float, ...], said: str,
) -> None:
    with pytest.raises(TeleoperationError, match=said):
        read_pose(position, quaternion)


def test_a_quaternion_of_few_digits_is_normalized() -> None:
    pose = read_pose((0.0, 0.0, 0.0), (0.0, 0.0, 0.707, 0.707))
    assert np.linalg.norm(pose.rotation().wxyz) == pytest.approx(1.0)


def test_distance_and_angle_between_poses() -> None:
    here = read_pose((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    there = read_pose((0.3, 0.4, 0.0), (np.sin(0.5), 0.0, 0.0, np.cos(0.5)))
    assert distance(here, there) == pytest.approx(0.5)
    assert angle(here, there) == pytest.approx(1.0)
