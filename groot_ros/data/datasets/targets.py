"""Joint targets in force, from the commands that a robot's controllers were sent.

What a controller follows at a moment is found out by the same rules as in the simulator: a new
trajectory replaces the running one, the last point is held, a stream is followed at once.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groot_ros.control.trajectory import TrajectoryError, check_trajectory
from groot_ros.data.datasets.errors import UnusableMessageError
from groot_ros.data.datasets.stamps import SECOND, nanoseconds, stamp_of
from groot_ros.embodiment import CommandOutput, Embodiment
from groot_ros.simulation.command_follower import CommandFollower, Trajectory

Positions = NDArray[np.float64]
NUMBER = re.compile(r'-?\d+\.\d+(e[-+]\d+)?')
"""Of a reason: messages are counted by it, so it must not differ from one to the next."""


class Targets:
    """Follows the recorded commands of a robot.

    Args:
        embodiment: The robot.
        origin: Time from which seconds count, so that they are exact enough [ns].
    """

    def __init__(self, embodiment: Embodiment, origin: int) -> None:
        self._robot = embodiment
        self._origin = origin
        # NaN: nothing is known of a joint before its first command.
        self._follower = CommandFollower(
            embodiment.joint_names, np.full(len(embodiment.joints), np.nan))
        self._commanded: set[str] = set()
        self._newest = -math.inf

    def take(self, output: CommandOutput, message: Any, now: int, measured: Positions) -> None:
        """Follow a command.

        Args:
            output: That it was sent to.
            message: A JointTrajectory or Float64MultiArray.
            now: When the controller got it [ns].
            measured: Newest positions of the robot's joints [rad], NaN where unknown; the first
                trajectory of an output starts from them, as in joint_trajectory_controller.

        Raises:
            UnusableMessageError: If the controller would refuse it.
        """
        seconds = max((now - self._origin) / SECOND, self._newest)
        if output.interface == 'float64_multi_array':
            self._follower.hold(output.name, output.joints, _stream(output, message))
        else:
            trajectory = self._trajectory(output, message, now, seconds)
            if output.name not in self._commanded:
                start = measured[self._robot.indices(message.joint_names)]
                self._follower.hold(output.name, message.joint_names, np.where(
                    np.isnan(start), trajectory.positions[0], start))
            self._follower.follow(output.name, message.joint_names, trajectory, seconds)
        self._commanded.add(output.name)
        self._newest = seconds

    def at(self, now: int) -> Positions:
        """Return the target of each joint of the robot at `now` [ns]; NaN before the first.

        Returns:
            Shape (joints of the robot,) [rad].
        """
        return self._follower.targets(max((now - self._origin) / SECOND, self._newest))

    def _trajectory(
            self, output: CommandOutput, message: Any, now: int, seconds: float) -> Trajectory:
        times = np.array([nanoseconds(each.time_from_start) / SECOND for each in message.points])
        positions = [np.asarray(each.positions) for each in message.points]
        velocities = [np.asarray(each.velocities) for each in message.points]
        stamp = stamp_of(message)
        try:
            check_trajectory(output.joints, message.joint_names, stamp / SECOND, times,
                             positions, velocities, now / SECOND)
        except TrajectoryError as error:
            raise UnusableMessageError(NUMBER.sub('#', str(error))) from None
        rates = np.array(velocities) if all(len(row) for row in velocities) else None
        start = (stamp - self._origin) / SECOND if stamp else seconds
        return Trajectory(start, times, np.array(positions), rates)


def _stream(output: CommandOutput, message: Any) -> Positions:
    positions = np.asarray(message.data, dtype=np.float64)
    if len(positions) != len(output.joints):
        raise UnusableMessageError(
            f'{len(output.joints)} positions were expected, got {len(positions)}')
    if not np.isfinite(positions).all():
        raise UnusableMessageError('a position is not finite')
    return positions
