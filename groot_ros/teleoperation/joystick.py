"""What the sticks and buttons of a gamepad mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DEAD_ZONE = 0.1
"""A stick this near to its middle is at rest."""


@dataclass(frozen=True, slots=True)
class JoystickLayout:
    """Which axis and button does what, by its index in sensor_msgs/Joy; -1 stands for none.

    Attributes:
        linear: Axes that push forward, left and up.
        angular: Axes that turn about forward, left and up.
        clutch: Button to hold.
        grip: Button that opens and closes the fingers in turn.
        next_hand: Button that takes the next hand.
    """

    linear: tuple[int, ...] = (1, 0, 4)
    angular: tuple[int, ...] = (6, 7, 3)
    clutch: int = 4
    grip: int = 0
    next_hand: int = 5


class Gesture(NamedTuple):
    """What a person asks for; velocities are fractions of the highest, each (3,)."""

    engaged: bool
    hand: str
    linear: Array
    angular: Array
    grip: bool


class Joystick:
    """Reads one gamepad, which moves one hand at a time.

    Args:
        hands: Names of the hands, at least one; the last is taken first.
        layout: Which axis and button does what.
    """

    def __init__(self, hands: Sequence[str], layout: JoystickLayout) -> None:
        self._hands, self._layout = tuple(hands), layout
        self._hand = len(self._hands) - 1
        self._before: Sequence[int] = ()

    def read(self, axes: Sequence[float], buttons: Sequence[int]) -> Gesture:
        """Return what a message asks for; what the device does not have is at rest."""
        layout, before, self._before = self._layout, self._before, buttons
        if _pressed(buttons, layout.next_hand) and not _pressed(before, layout.next_hand):
            self._hand = (self._hand + 1) % len(self._hands)
        return Gesture(
            _pressed(buttons, layout.clutch), self._hands[self._hand],
            _values(axes, layout.linear), _values(axes, layout.angular),
            _pressed(buttons, layout.grip) and not _pressed(before, layout.grip))


def _pressed(buttons: Sequence[int], index: int) -> bool:
    return 0 <= index < len(buttons) and bool(buttons[index])


def _values(axes: Sequence[float], indices: Sequence[int]) -> Array:
    values = np.array([axes[i] if 0 <= i < len(axes) else 0.0 for i in indices], float)
    return np.where(np.abs(values) < DEAD_ZONE, 0.0, values)
