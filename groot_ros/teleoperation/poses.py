"""Poses as devices send them, checked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mink import SE3, SO3

from groot_ros.teleoperation.errors import TeleoperationError

NORM_TOLERANCE = 0.01
"""A quaternion may be this far from length 1: numbers of three digits are."""


def read_pose(position: Sequence[float], quaternion: Sequence[float]) -> SE3:
    """Return a pose as a transform to the frame that it is given in.

    Args:
        position: x, y, z [m].
        quaternion: x, y, z, w, as ROS orders it.

    Raises:
        TeleoperationError: If a number is not finite or the quaternion is no rotation.
    """
    if not (np.isfinite(position).all() and np.isfinite(quaternion).all()):
        raise TeleoperationError(
            f'a pose must be finite, got position {list(position)}, orientation '
            f'{list(quaternion)}')
    norm = float(np.linalg.norm(quaternion))
    if abs(norm - 1.0) > NORM_TOLERANCE:
        raise TeleoperationError(
            f'the orientation must be a quaternion of length 1, got length {norm:.3f}: '
            'normalize it, and give w = 1 for no rotation')
    x, y, z, w = quaternion
    return SE3.from_rotation_and_translation(
        SO3(np.array([w, x, y, z]) / norm), np.asarray(position, float))


def distance(first: SE3, second: SE3) -> float:
    """Return how far apart two poses are [m]."""
    return float(np.linalg.norm(first.translation() - second.translation()))


def angle(first: SE3, second: SE3) -> float:
    """Return by how much two poses are turned against each other [rad]."""
    return float(np.linalg.norm((first.rotation().inverse() @ second.rotation()).log()))
