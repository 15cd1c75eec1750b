"""The latch of the emergency stop."""

from __future__ import annotations

import threading

from groot_ros.control.watchdog import Hold, HoldReason

STOPPED = Hold(
    HoldReason.EMERGENCY_STOP,
    'emergency stop: make the robot safe, call reset_emergency_stop, then give a new instruction')
RESET = Hold(
    HoldReason.EMERGENCY_STOP,
    'the emergency stop is reset: give a new instruction, what was asked for before is void')


class EmergencyStop:
    """Holds from a stop until a reset and an instruction that came after it.

    Calls may come from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hold: Hold | None = None
        self._newest_epoch = 0

    @property
    def latched(self) -> bool:
        """Whether a reset is still to come."""
        return self._hold is STOPPED

    def engage(self) -> None:
        """Stop, whatever came before."""
        with self._lock:
            self._hold = STOPPED

    def reset(self) -> bool:
        """End the latch; a new instruction has to follow. Returns whether it was latched."""
        with self._lock:
            was_latched = self.latched
            if was_latched:
                self._hold = RESET
            return was_latched

    def on_instruction(self, text: str, epoch: int) -> None:
        """Take note of an instruction; one that came after the reset ends the hold.

        Args:
            text: Empty asks for nothing, so it ends nothing.
            epoch: Higher than that of every instruction before.
        """
        with self._lock:
            fresh = epoch > self._newest_epoch
            self._newest_epoch = max(self._newest_epoch, epoch)
            if fresh and text and self._hold is RESET:
                self._hold = None

    def check(self) -> Hold | None:
        """Return why the robot must not move, None if it may."""
        return self._hold
