"""The joint controllers of the simulated robot: they follow trajectories and position streams.

The rules are those of joint_trajectory_controller (ros2_controllers, Jazzy): a new trajectory
replaces the running one, its first segment starts from the present target, points with velocities
are joined by cubics, points without by straight lines, and the last point is held. A goal that is
cancelled or aborted leaves the joints where they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Joint targets over time.

    Attributes:
        start: Time from which `times` count [s].
        times: Time of each point after `start`, strictly increasing [s], shape (num_points,).
        positions: Targets [rad], shape (num_points, num_joints).
        velocities: Their rates [rad/s], same shape; None joins the points by straight lines.
    """

    start: float
    times: Array
    positions: Array
    velocities: Array | None = None

    def joined_to(self, now: float, position: Array, velocity: Array) -> 'Trajectory':
        """Return the rest of the trajectory from `now` [s] on, led in from the present target."""
        passed = now - self.start
        rest = self.times > passed
        rest[-1] = True  # a point that is due at once is held, too
        times = np.concatenate(([passed], np.maximum(self.times[rest], passed)))
        positions = np.vstack((position, self.positions[rest]))
        velocities = None
        if self.velocities is not None:
            velocities = np.vstack((velocity, self.velocities[rest]))
        return Trajectory(self.start, times, positions, velocities)

    def at(self, now: float) -> tuple[Array, Array]:
        """Return position [rad] and velocity [rad/s] at `now` [s], each of shape (num_joints,)."""
        time = now - self.start
        after = int(np.searchsorted(self.times, time, side='right'))
        if after == 0:
            return self.positions[0], np.zeros_like(self.positions[0])
        if after == len(self.times):
            return self.positions[-1], np.zeros_like(self.positions[-1])
        return self._within(after - 1, time)

    def _within(self, segment: int, time: float) -> tuple[Array, Array]:
        """Interpolate between point `segment` and the next one."""
        duration = self.times[segment + 1] - self.times[segment]
        first, last = self.positions[segment:segment + 2]
        if self.velocities is None:
            slope = (last - first) / duration
            return first + slope * (time - self.times[segment]), slope
        first_rate, last_rate = self.velocities[segment:segment + 2]
        return _cubic(
            first, last, first_rate, last_rate, (time - self.times[segment]) / duration, duration)


def _cubic(
    first: Array, last: Array, first_rate: Array, last_rate: Array, s: float, duration: float
) -> tuple[Array, Array]:
    """Evaluate the cubic Hermite segment at fraction `s` of its `duration` [s]."""
    position = (
        (1 + 2 * s) * (1 - s) ** 2 * first + s * (1 - s) ** 2 * duration * first_rate
        + s**2 * (3 - 2 * s) * last + s**2 * (s - 1) * duration * last_rate
    )  # fmt: skip
    velocity = (
        6 * s * (1 - s) * (last - first) / duration
        + (1 - s) * (1 - 3 * s) * first_rate + s * (3 * s - 2) * last_rate
    )  # fmt: skip
    return position, velocity


class CommandFollower:
    """Targets of every joint of the robot, each output following its newest command.

    Args:
        joint_names: The robot's joints, in the order of `targets`.
        home: Their targets before any command [rad], shape (num_joints,).
    """

    def __init__(self, joint_names: Sequence[str], home: Array) -> None:
        self._index = {name: i for i, name in enumerate(joint_names)}
        self._running: dict[str, tuple[NDArray[np.intp], Trajectory]] = {}
        self.reset(home)

    def reset(self, positions: Array) -> None:
        """Forget every command and hold `positions` [rad], shape (num_joints,)."""
        self._running.clear()
        self._positions = np.array(positions, dtype=np.float64)
        self._velocities = np.zeros_like(self._positions)

    def follow(
        self, output: str, joints: Sequence[str], trajectory: Trajectory, now: float
    ) -> None:
        """Replace what `output` follows by `trajectory`, whose columns are `joints`."""
        indices = np.array([self._index[name] for name in joints])
        self._advance(now)
        joined = trajectory.joined_to(now, self._positions[indices], self._velocities[indices])
        self._running[output] = (indices, joined)

    def hold(self, output: str, joints: Sequence[str], positions: Array) -> None:
        """Set the targets of `joints` at once, as a position stream does."""
        self._running.pop(output, None)
        indices = np.array([self._index[name] for name in joints])
        self._positions[indices] = positions
        self._velocities[indices] = 0.0

    def stop(self, output: str, now: float) -> None:
        """Hold the targets of `now` [s], as a cancelled or aborted goal does: nothing brakes."""
        self._advance(now)
        indices, _ = self._running.pop(output, (np.array([], dtype=np.intp), None))
        self._velocities[indices] = 0.0

    def targets(self, now: float) -> Array:
        """Return the targets at `now` [rad], shape (num_joints,); the array is the caller's."""
        self._advance(now)
        return self._positions.copy()

    def _advance(self, now: float) -> None:
        for indices, trajectory in self._running.values():
            self._positions[indices], self._velocities[indices] = trajectory.at(now)
