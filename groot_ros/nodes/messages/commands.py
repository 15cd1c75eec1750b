"""Joint commands as the messages that robot controllers take."""

from __future__ import annotations

import array

import numpy as np
from builtin_interfaces.msg import Duration
from numpy.typing import NDArray
from std_msgs.msg import Float64MultiArray, Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from groot_ros.control import stopping_trajectory
from groot_ros.nodes.shared.stamps import NANOSECONDS, stamp_at

Array = NDArray[np.float64]


def stream_message(positions: Array) -> Float64MultiArray:
    """Return positions [rad], shape (num_joints,), for a position stream."""
    return Float64MultiArray(data=_numbers(positions))


def trajectory_message(
    joints: list[str], positions: Array, velocities: Array, deceleration: Array, lead: float,
    start: float = 0.0,
) -> JointTrajectory:
    """Return a trajectory to a moving target, with a stop behind it.

    Args:
        joints: Names of the columns.
        positions: Target [rad], shape (num_joints,).
        velocities: Its rate [rad/s], shape (num_joints,).
        deceleration: What each joint may brake with [rad/s^2], shape (num_joints,).
        lead: Time until the target is reached [s].
        start: From when that counts [s]; 0 stands for the arrival.
    """
    plan = stopping_trajectory(positions, velocities, deceleration, lead)
    return JointTrajectory(header=Header(stamp=stamp_at(start)), joint_names=joints, points=[
        JointTrajectoryPoint(
            positions=_numbers(plan.positions[i]), velocities=_numbers(plan.velocities[i]),
            time_from_start=_duration(plan.times[i]))
        for i in range(len(plan.times))])


def _numbers(values: Array) -> array.array[float]:
    return array.array('d', values.tobytes())


def _duration(time: float) -> Duration:
    nanoseconds = round(time * NANOSECONDS)
    return Duration(sec=nanoseconds // NANOSECONDS, nanosec=nanoseconds % NANOSECONDS)
