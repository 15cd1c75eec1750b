"""How late chunks come, counted in executed ticks."""

from __future__ import annotations

import math
from collections import deque

from groot_ros.control.chunk import ActionChunk
from groot_ros.control.watchdog import Hold, HoldReason

WARM_UP = 3
"""Solves after a start that say nothing about the later ones: caches fill, code is compiled."""
MAX_SHARE = 0.3
"""Of a chunk: how much of it may be over when it joins, unless a user says how much."""
WINDOW = 20
REMEMBERED_TICKS = 1200


class SolverDelay:
    """The ticks from the capture of a joint state to the use of the chunk predicted from it.

    What counts is the commands that went out in between, not the time of the solver alone: they
    are what the chunk comes too late for.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all ticks and delays; the next solves are warm-up."""
        self._times: deque[float] = deque(maxlen=REMEMBERED_TICKS)
        self._delays: deque[int] = deque(maxlen=WINDOW)
        self._warm_up = WARM_UP

    def tick(self, now: float) -> None:
        """Note that a tick was executed at `now` [s]."""
        self._times.append(now)

    def measure(self, stamp: float) -> int:
        """Return the ticks from a capture at `stamp` [s] to the tick that is about to run."""
        ticks = 1
        for time in reversed(self._times):
            if time <= stamp:
                break
            ticks += 1
        return ticks

    def count(self, ticks: int) -> None:
        """Take the delay of one chunk."""
        if self._warm_up > 0:
            self._warm_up -= 1
        else:
            self._delays.append(ticks)

    @property
    def ticks(self) -> int:
        """The delay to expect: the longest but one of the newest, so that one outlier is none."""
        return sorted(self._delays)[-2:][0] if self._delays else 0


def allowed_delay(chunk: ActionChunk, max_delay: float) -> float:
    """Return how old the joint state behind a chunk may be when the chunk joins [s].

    Args:
        chunk: What would be joined.
        max_delay: What a user allows [s]; 0 allows MAX_SHARE of the chunk.
    """
    return max_delay or MAX_SHARE * chunk.period * len(chunk.positions)


def delay_problem(ticks: int, tick: float, allowed: float) -> Hold | None:
    """Return why a chunk comes too late to be joined to a motion under way, None if it may be.

    Args:
        ticks: Its delay.
        tick: Time from one tick to the next [s].
        allowed: Longest delay [s].
    """
    if ticks <= math.ceil(allowed / tick - 1e-6):
        return None
    return Hold(
        HoldReason.DELAY_TOO_LONG,
        f'a chunk joins {ticks} ticks ({ticks * tick:.2f} s) after the capture of its joint '
        f'state, {allowed:.2f} s are allowed: make System 1 faster (runtime, dtype, threads, '
        'another machine), raise max_delay_s if the policy was trained for such delays, or set '
        'seam_mode to synchronous')
