"""What the keys of a terminal mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

KEY_HOLD_S = 0.5
"""A terminal tells no release: a key that pushes is held until it was not repeated this long.
Keyboards begin to repeat after 0.25 to 0.5 s."""


class Key(Enum):
    """What a key asks for besides pushing."""

    ENGAGE = auto()
    STOP = auto()
    NEXT_HAND = auto()
    GRIP = auto()
    START = auto()
    END = auto()
    DISCARD = auto()
    SUCCESS = auto()
    FAILURE = auto()
    QUIT = auto()


KEYS = {
    '\r': Key.ENGAGE, '\n': Key.ENGAGE, ' ': Key.STOP, '\t': Key.NEXT_HAND, 'g': Key.GRIP,
    's': Key.START, 'e': Key.END, 'd': Key.DISCARD, 'y': Key.SUCCESS, 'n': Key.FAILURE,
    'q': Key.QUIT, '\x03': Key.QUIT}
FORWARD, LEFT, UP = np.eye(3)
PUSHES = {
    '\x1b[A': FORWARD, '\x1b[B': -FORWARD, '\x1b[D': LEFT, '\x1b[C': -LEFT, 'r': UP, 'f': -UP}
"""Direction of the hand in the base frame: arrows, r up, f down."""
TURNS = {'o': FORWARD, 'u': -FORWARD, 'k': LEFT, 'i': -LEFT, 'j': UP, 'l': -UP}
"""Axis to turn about, right-handed: u and o roll, i and k pitch, j and l yaw."""
HELP = """\
Enter engage   Space stop   Tab other hand   g grip   q quit
arrows forward, back, left, right   r f up, down   u o roll   i k pitch   j l turn
episodes: s start   y n success or not   e end   d discard"""


class Push(NamedTuple):
    """Directions that keys ask for, each (3,), of length 0 or 1."""

    linear: Array
    angular: Array


REST = Push(np.zeros(3), np.zeros(3))


class Keyboard:
    """Turns what a terminal sends into requests; time comes in with every call.

    Args:
        act: Called with what keys ask for besides pushing.
    """

    def __init__(self, act: Callable[[Key], None]) -> None:
        self._act = act
        self._push = REST
        self._pushed = float('-inf')

    def press(self, text: str, now: float) -> None:
        """Take what the terminal sent at `now` [s]: any number of keys; others are ignored."""
        for key in split_keys(text):
            if key in PUSHES:
                self._push, self._pushed = Push(PUSHES[key], np.zeros(3)), now
            elif key in TURNS:
                self._push, self._pushed = Push(np.zeros(3), TURNS[key]), now
            elif key in KEYS:
                self._push = REST
                self._act(KEYS[key])

    def push(self, now: float) -> Push:
        """Return where the hand is pushed at `now` [s]."""
        return self._push if now - self._pushed <= KEY_HOLD_S else REST


def split_keys(text: str) -> list[str]:
    """Return the keys in what a terminal sent; an arrow is one key of three characters."""
    text = text.replace('\x1bO', '\x1b[')  # how terminals in application mode begin an arrow
    return re.findall(r'\x1b\[.|.', text, re.DOTALL)
