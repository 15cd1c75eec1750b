"""What a person holds while the robot may follow, and the emergency stop above it."""

from __future__ import annotations

from groot_ros.control import EmergencyStop, Hold, HoldReason
from groot_ros.control.deadman import Deadman

STOP_IS_RESET = Hold(
    HoldReason.EMERGENCY_STOP,
    'the emergency stop is reset: release the clutch and engage it again')


class Clutch:
    """Connects the robot to the person while it is reported as engaged.

    It outlives a configuration of the node, as the emergency stop does.

    Attributes:
        emergency: Latched until it is reset and the clutch is engaged after that.

    Args:
        timeout: Silence that counts as a release [s].
        source: What reports the clutch, for advice.
    """

    def __init__(self, timeout: float, source: str) -> None:
        self.emergency = EmergencyStop()
        self._deadman = Deadman(timeout, 'clutch', f'is {source} running?')
        self._engaged = False
        self._engagements = 0

    def update(self, engaged: bool, now: float) -> None:
        """Take the clutch as it is at `now` [s]."""
        if engaged and not self._engaged:
            self._engagements += 1
            self.emergency.on_instruction('follow', self._engagements)
        self._engaged = engaged
        self._deadman.update(engaged, now)

    def forget(self) -> None:
        """Count as released until it is reported again."""
        self._deadman.forget()

    def stopped(self) -> Hold | None:
        """Return the emergency stop, None while there is none."""
        hold = self.emergency.check()
        return STOP_IS_RESET if hold is not None and not self.emergency.latched else hold

    def released(self, now: float) -> Hold | None:
        """Return that the clutch is released at `now` [s], None while it is engaged."""
        return self._deadman.check(now)
