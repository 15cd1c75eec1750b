"""Trajectories as a robot controller reads them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from groot_ros.control.trajectory import check_trajectory
from groot_ros.nodes.shared.stamps import seconds
from groot_ros.simulation.command_follower import Trajectory


def read_trajectory(joints: Sequence[str], message: JointTrajectory, now: float) -> Trajectory:
    """Return the trajectory of a message that joint_trajectory_controller would accept.

    Args:
        joints: Joints of the controller.
        message: The message; the columns of the result have its order.
        now: Present time [s].

    Raises:
        TrajectoryError: If the controller would refuse it.
    """
    stamp = seconds(message.header.stamp)
    times = np.array([_duration(point) for point in message.points])
    positions = [np.array(point.positions) for point in message.points]
    velocities = [np.array(point.velocities) for point in message.points]
    check_trajectory(joints, message.joint_names, stamp, times, positions, velocities, now)
    rates = np.array(velocities) if all(len(row) for row in velocities) else None
    return Trajectory(stamp or now, times, np.array(positions), rates)


def _duration(point: JointTrajectoryPoint) -> float:
    return point.time_from_start.sec + point.time_from_start.nanosec * 1e-9
