"""Fingers that open and close between the two poses of the embodiment."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from groot_ros.embodiment import Embodiment, Hand
from groot_ros.teleoperation.errors import TeleoperationError

Array = NDArray[np.float64]


class Fingers:
    """Moves the fingers of one hand to a grip; before the first grip they stay where they are.

    Args:
        robot: The embodiment.
        hand: One of its hands.
        full_time: How long the way from open to closed takes [s].
        tick: Time from one step to the next [s].
    """

    def __init__(self, robot: Embodiment, hand: Hand, full_time: float, tick: float) -> None:
        self._name = hand.name
        joints = robot.groups[hand.fingers] if hand.fingers is not None else ()
        self._columns = robot.indices(joints)
        self._opened, self._closed = np.array(hand.opened), np.array(hand.closed)
        self._longest_step = np.abs(self._closed - self._opened) * tick / full_time
        self._grip: float | None = None

    @property
    def closed(self) -> bool:
        """Whether the newest grip is nearer to closed than to open."""
        return self._grip is not None and self._grip > 0.5

    def update(self, grip: float) -> None:
        """Take a grip: 0 is open, 1 closed.

        Raises:
            TeleoperationError: If it is not finite, or the hand has no fingers.
        """
        if not len(self._columns):
            raise TeleoperationError(
                f'hand {self._name} has no fingers: name them in the embodiment file')
        if not math.isfinite(grip):
            raise TeleoperationError(f'the grip must be a number from 0 to 1, got {grip}')
        self._grip = min(max(grip, 0.0), 1.0)

    def forget(self) -> None:
        """Leave the fingers where they are until the next grip."""
        self._grip = None

    def step(self, joints: Array) -> None:
        """Move the fingers within `joints` [rad], shape (num_joints,), by one tick."""
        if self._grip is None:
            return
        goal = self._opened + self._grip * (self._closed - self._opened)
        here = joints[self._columns]
        # A joint that has no way to go between the poses may still be off both.
        step = np.maximum(self._longest_step, self._longest_step.max())
        joints[self._columns] = here + np.clip(goal - here, -step, step)
