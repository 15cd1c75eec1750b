"""Whether a hand gets to where it is led."""

from __future__ import annotations

from groot_ros.control import Hold, HoldReason
from groot_ros.teleoperation.inverse_kinematics import ANGLE_WEIGHT, Miss

NEAR_M, NEAR_RAD = 0.02, 0.15
"""A hand this near has arrived."""
PATIENCE_S = 0.5
"""A hand that comes no nearer for this long does not get there."""
PROGRESS_M = 0.002


class Reach:
    """Watches one hand; `text` of its hold says what is in the way.

    Args:
        name: Of the hand.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.forget()

    def forget(self) -> None:
        """Start to watch anew."""
        self._miss = Miss(0.0, 0.0)
        self._before: tuple[float, float] | None = None
        self._stuck = False

    def update(self, miss: Miss, now: float) -> None:
        """Take how far the hand is from its target at `now` [s]."""
        self._miss = miss
        error = miss.position + ANGLE_WEIGHT * miss.angle
        if self._before is None or now < self._before[0]:
            self._before = now, error
        elif now - self._before[0] >= PATIENCE_S:
            self._stuck = error > self._before[1] - PROGRESS_M
            self._before = now, error

    def check(self) -> Hold | None:
        """Return that the hand does not get there, None if it does or is on its way."""
        miss = self._miss
        if not self._stuck or (miss.position <= NEAR_M and miss.angle <= NEAR_RAD):
            return None
        return Hold(
            HoldReason.OUT_OF_REACH,
            f'the {self._name} hand is {miss.position:.2f} m and {miss.angle:.2f} rad from its '
            'target and comes no nearer: out of reach, or led too fast')
