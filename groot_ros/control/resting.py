"""Whether somebody moved the robot while it rested."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SETTLE_S = 0.5
"""From the last command of a stop until the arms stand still [s]."""
MOVED = 0.05
"""A joint this far from where it came to rest was moved [rad]."""
NOISE = 1e-3
"""A joint this near to where it was is where it was: encoders are noisy [rad]."""


def is_elsewhere(known: Array, measured: Array) -> bool:
    """Return whether a robot that nothing commanded yet is not where it is known to be.

    Args:
        known: Where it was, shape (num_joints,) [rad].
        measured: Where it is, shape (num_joints,) [rad].
    """
    return bool(np.abs(measured - known).max() > NOISE)


class RestingPose:
    """Compares where the robot is with where it settled.

    Not with its commands: a finger that holds an object, or an arm that its drives let sag, never
    reaches them, and to go on from the measured pose would loosen the grip.
    """

    def __init__(self) -> None:
        self.leave()

    def leave(self) -> None:
        """Take note that the robot is commanded to move."""
        self._is_elsewhere = False
        self.forget_times()

    def forget_times(self) -> None:
        """Drop what was measured so far, as when the clock jumped; the rest goes on."""
        self._since: float | None = None
        self._settled: Array | None = None
        self._newest: Array | None = None

    def rest(self, now: float, *, elsewhere: bool) -> None:
        """Take note that the command at `now` [s] does not move.

        Args:
            now: Time of the command [s].
            elsewhere: The commands say no more where the robot is: they ended, and the arms may
                sink, or they were not followed.
        """
        if self._since is None:
            self._since = now
        self._is_elsewhere |= elsewhere

    def update(self, measured: Array, stamp: float) -> None:
        """Take measured positions [rad], shape (num_joints,), captured at `stamp` [s]."""
        if self._since is None or stamp < self._since + SETTLE_S:
            return
        if self._settled is None:
            self._settled = measured
        self._newest = measured

    def displaced(self) -> Array | None:
        """Return where the robot is [rad] if it is not where it came to rest, else None."""
        if self._newest is None or self._settled is None:
            return None
        moved = np.abs(self._newest - self._settled).max() > MOVED
        return self._newest if moved or self._is_elsewhere else None
