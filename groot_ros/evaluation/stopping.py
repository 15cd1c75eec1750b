"""How soon a robot was at rest, and whether its commands kept the limits; from what was seen."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

AT_REST = 0.1
"""Highest speed of any joint of a robot at rest [rad/s]; its motors settle from there on."""
STAYS_S = 0.05
"""How long it has to stay so to count [s]."""
TOLERANCE = 1e-6
"""For rounding, of a command [rad]."""
SAG = 1e-3
"""How far a joint may be measured outside its limits [rad]: a command starts where it is."""


@dataclass(slots=True)
class JointLog:
    """Measured joints, as their messages came."""

    stamps: list[float] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)
    fastest: list[int] = field(default_factory=list)

    def add(self, stamp: float, velocities: Array) -> None:
        """Take velocities [rad/s], shape (num_joints,), measured at `stamp` [s]."""
        speeds = np.abs(velocities)
        self.stamps.append(stamp)
        self.fastest.append(int(speeds.argmax()))
        self.speeds.append(float(speeds.max()))

    def speed_at(self, time: float) -> float:
        """Return the speed of the fastest joint at `time` [s], zero before the first message."""
        index = int(np.searchsorted(self.stamps, time, side='right')) - 1
        return self.speeds[index] if index >= 0 else 0.0

    def count_within(self, time: float, duration: float) -> int:
        """Return how many messages are stamped in the `duration` [s] from `time` [s] on."""
        first, end = np.searchsorted(self.stamps, (time, time + duration))
        return int(end - first)

    def rest_after(self, time: float) -> float:
        """Return how long after `time` [s] the robot was at rest; infinite if it never was."""
        stamps, moving = np.array(self.stamps), np.array(self.speeds) > AT_REST
        for stamp in stamps[(stamps >= time) & ~moving]:
            near = (stamps >= stamp) & (stamps <= stamp + STAYS_S)
            if stamps[-1] >= stamp + STAYS_S and not moving[near].any():
                return float(stamp - time)
        return float('inf')

    def last_joint(self, time: float) -> int | None:
        """Return the fastest joint [index] just before the rest after `time` [s]; None if none."""
        end = time + self.rest_after(time)
        moving = [joint for stamp, speed, joint in zip(
            self.stamps, self.speeds, self.fastest, strict=True)
            if time <= stamp < end and speed > AT_REST]
        return moving[-1] if moving else None


@dataclass(slots=True)
class CommandLog:
    """Positions that one output was told, and the ticks they were made for.

    Velocities and accelerations are taken from differences of positions, not from what a command
    says of itself: the mean over a tick of a motion within the limits is within them too.

    Attributes:
        lower: Lowest positions [rad], shape (num_joints,).
        upper: Highest positions [rad], same shape.
        velocity: Highest speeds [rad/s], same shape.
        acceleration: Highest accelerations [rad/s^2], same shape.
        tick: Time from one command to the next [s].
    """

    lower: Array
    upper: Array
    velocity: Array
    acceleration: Array
    tick: float
    _publishers: list[int] = field(default_factory=list)
    _numbers: list[int] = field(default_factory=list)
    _positions: list[Array] = field(default_factory=list)

    def add(self, number: int, positions: Array, publisher: int = 0) -> None:
        """Take a command.

        Args:
            number: In the count of its publisher.
            positions: [rad], shape (num_joints,).
            publisher: Which one; a successor begins where the robot is, and counts anew.
        """
        self._publishers.append(publisher)
        self._numbers.append(number)
        self._positions.append(positions)

    def clear(self) -> None:
        """Forget all commands: the robot was put elsewhere."""
        for values in (self._publishers, self._numbers, self._positions):
            values.clear()

    def __len__(self) -> int:
        """Return the number of commands."""
        return len(self._numbers)

    def violations(self) -> list[str]:
        """Return what each command outside a limit broke, in words."""
        if not self._numbers:
            return []
        found = []
        positions = np.array(self._positions)
        outside = (positions < self.lower - SAG) | (positions > self.upper + SAG)
        found += [f'position {positions[row, joint]:.4f} rad of joint {joint}'
                  for row, joint in np.argwhere(outside)]
        for numbers, series in self._series():
            found += self._rate_violations(np.diff(numbers)[:, None] * self.tick, series)
        return found

    def _rate_violations(self, times: Array, positions: Array) -> list[str]:
        """Check one publisher's commands, `times` [s] apart."""
        velocities = np.diff(positions, axis=0) / times
        fast = np.abs(velocities) > self.velocity + TOLERANCE / times
        between = (times[1:] + times[:-1]) / 2.0
        accelerations = np.diff(velocities, axis=0) / between
        rounding = 4.0 * TOLERANCE / (self.tick * between)
        sudden = np.abs(accelerations) > self.acceleration + rounding
        return [
            f'velocity {velocities[row, joint]:.3f} rad/s of joint {joint}'
            for row, joint in np.argwhere(fast)
        ] + [
            f'acceleration {accelerations[row, joint]:.2f} rad/s^2 of joint {joint}'
            for row, joint in np.argwhere(sudden)]

    def _series(self) -> list[tuple[NDArray[np.int64], Array]]:
        """Split the commands where another publisher begins."""
        numbers = np.array(self._numbers)
        starts = np.flatnonzero(np.diff(self._publishers)) + 1
        return list(zip(
            np.split(numbers, starts), np.split(np.array(self._positions), starts), strict=True))
