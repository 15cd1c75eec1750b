"""Trajectories as joint_trajectory_controller takes them, and what it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class TrajectoryError(ValueError):
    """A trajectory that joint_trajectory_controller refuses."""


class StoppingTrajectory(NamedTuple):
    """A moving target and a stop behind it, should nothing follow.

    Attributes:
        times: After the start [s], shape (2,).
        positions: [rad], shape (2, num_joints).
        velocities: [rad/s], shape (2, num_joints), zero in the last row.
    """

    times: Array
    positions: Array
    velocities: Array


def stopping_trajectory(
        positions: Array, velocities: Array, deceleration: Array, lead: float
) -> StoppingTrajectory:
    """Return a trajectory that reaches a moving target and then comes to rest on its path.

    Args:
        positions: Target [rad], shape (num_joints,).
        velocities: Its rate [rad/s], shape (num_joints,).
        deceleration: What each joint may brake with [rad/s^2], shape (num_joints,).
        lead: When the target is reached [s].
    """
    # One braking time for all joints keeps the path; the cubic through both points is then
    # a constant deceleration.
    braking = max(float(np.max(np.abs(velocities) / deceleration)), lead)
    return StoppingTrajectory(
        times=np.array([lead, lead + braking]),
        positions=np.stack((positions, positions + velocities * braking / 2.0)),
        velocities=np.stack((velocities, np.zeros_like(velocities))))


def check_trajectory(
        own_joints: Sequence[str], joint_names: Sequence[str], stamp: float, times: Array,
        positions: Sequence[Array], velocities: Sequence[Array], now: float) -> None:
    """Refuse what joint_trajectory_controller (Jazzy, default parameters) refuses.

    Source: validate_trajectory_msg in ros2_controllers. Numbers that are not finite are refused
    too, which the controller leaves to the hardware.

    Args:
        own_joints: Joints of the controller.
        joint_names: Joints of the trajectory, in any order.
        stamp: Start [s]; 0 stands for now.
        times: time_from_start of each point [s], shape (num_points,).
        positions: [rad], one row per point, each of shape (num_joints,).
        velocities: [rad/s], as `positions`; rows may be empty.
        now: Present time [s].

    Raises:
        TrajectoryError: Saying which rule is broken and how to keep it.
    """
    _check_joints(own_joints, joint_names)
    _check_times(stamp, times, now)
    for name, rows in (('positions', positions), ('velocities', velocities)):
        for index, row in enumerate(rows):
            if name == 'velocities' and len(row) == 0:
                continue
            _check_row(f'points[{index}].{name}', row, len(joint_names))
    if len(velocities[-1]) and np.any(np.abs(velocities[-1]) > np.finfo(np.float32).eps):
        raise TrajectoryError(
            'the last point has a velocity: end at rest, its velocities must be 0')


def _check_joints(own_joints: Sequence[str], joint_names: Sequence[str]) -> None:
    unknown = [name for name in joint_names if name not in own_joints]
    if unknown:
        raise TrajectoryError(
            f"joint '{unknown[0]}' is not of this controller, which has {', '.join(own_joints)}")
    missing = [name for name in own_joints if name not in joint_names]
    if missing:
        raise TrajectoryError(f"joint '{missing[0]}' is missing: give all of them")
    if len(joint_names) != len(own_joints):
        raise TrajectoryError('a joint is named twice: name each once')


def _check_times(stamp: float, times: Array, now: float) -> None:
    if len(times) == 0:
        raise TrajectoryError('there are no points: give at least one')
    if np.any(np.diff(times) <= 0.0):
        raise TrajectoryError('time_from_start must grow from point to point')
    if stamp != 0.0 and stamp + times[-1] < now:
        raise TrajectoryError(
            f'it ended {now - stamp - times[-1]:.3f} s ago: stamp it 0 to start at once')


def _check_row(key: str, row: Array, num_joints: int) -> None:
    if len(row) != num_joints:
        raise TrajectoryError(f'{key} must hold {num_joints} numbers, got {len(row)}')
    if not np.isfinite(row).all():
        raise TrajectoryError(f'{key} must be finite, got {np.asarray(row).tolist()}')
