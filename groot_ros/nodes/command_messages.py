"""Joint commands as the messages that robot controllers take."""

import array

import numpy as np
from builtin_interfaces.msg import Duration
from numpy.typing import NDArray
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from groot_ros.nodes.stamps import NANOSECONDS

Array = NDArray[np.float64]


def stream_message(positions: Array) -> Float64MultiArray:
    """Return positions [rad], shape (num_joints,), for a position stream."""
    return Float64MultiArray(data=array.array('d', positions.tobytes()))


def trajectory_message(
    joints: list[str], positions: Array, velocities: Array, deceleration: Array, *, lead: float
) -> JointTrajectory:
    """Return a trajectory that reaches a moving target and then comes to rest.

    The second point is a built-in stop, should nothing follow: constant deceleration, the
    cubic through both points being exactly that. Stamp 0 starts it now.

    Args:
        joints: Names of the columns.
        positions: Target [rad], shape (num_joints,).
        velocities: Target [rad/s], shape (num_joints,).
        deceleration: What each joint may brake with [rad/s^2], shape (num_joints,).
        lead: Time until the target is to be reached [s].
    """
    braking = max(float(np.max(np.abs(velocities) / deceleration)), lead)
    rest = positions + velocities * braking / 2.0
    return JointTrajectory(
        joint_names=joints,
        points=[
            _point(positions, velocities, lead),
            _point(rest, np.zeros_like(velocities), lead + braking)])


def _point(positions: Array, velocities: Array, time: float) -> JointTrajectoryPoint:
    nanoseconds = round(time * NANOSECONDS)
    return JointTrajectoryPoint(
        positions=array.array('d', positions.tobytes()),
        velocities=array.array('d', velocities.tobytes()),
        time_from_start=Duration(
            sec=nanoseconds // NANOSECONDS, nanosec=nanoseconds % NANOSECONDS))
