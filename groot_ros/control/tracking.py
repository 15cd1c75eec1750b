"""Whether the robot goes where it is told to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from groot_ros.control.watchdog import Hold, HoldReason

Array = NDArray[np.float64]

RETRY_S = 1.0
"""Rest after a tracking error before the next try [s]."""


class TrackingWatch:
    """Trips when a joint stays too far from its command for too long.

    The error contains the lag of the robot's own controller, speed times delay, so a limit must
    leave room for that.

    Args:
        joint_names: Names of the joints.
        max_error: Largest distance between command and measurement [rad]; 0 watches nothing.
        patience: How long it may be exceeded [s].
    """

    def __init__(self, joint_names: Sequence[str], max_error: float, patience: float) -> None:
        self._names = joint_names
        self.tune(max_error, patience)
        self._tripped: tuple[float, Hold] | None = None
        self.forget()

    def tune(self, max_error: float, patience: float) -> None:
        """Watch for another error [rad] and patience [s] from now on."""
        self._max_error = max_error
        self._patience = patience

    def forget(self) -> None:
        """Start to count anew, as after a rest."""
        self._since: float | None = None

    def update(self, commanded: Array, measured: Array, now: float) -> None:
        """Compare positions [rad], each of shape (num_joints,), at `now` [s]."""
        errors = np.abs(measured - commanded)
        worst = int(np.argmax(errors))
        if self._max_error == 0.0 or errors[worst] <= self._max_error:
            self._since = None
            return
        if self._since is None:
            self._since = now
        if now - self._since >= self._patience:
            self._since = None
            self._tripped = now, Hold(
                HoldReason.TRACKING_ERROR,
                f'{self._names[worst]} is {errors[worst]:.3f} rad from its command, '
                f'{self._max_error:.3f} rad are allowed: is something in its way, are the drives '
                'on?')

    def check(self, now: float) -> Hold | None:
        """Return why the robot must rest at `now` [s], None if it follows or may try again."""
        if self._tripped is None:
            return None
        since, hold = self._tripped
        if not 0.0 <= now - since < RETRY_S:
            self._tripped = None
            return None
        return hold
