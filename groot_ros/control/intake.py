"""Which chunks join the plan, and why the others do not."""

from __future__ import annotations

import math
from typing import NamedTuple

from groot_ros.control.chunk import ActionChunk
from groot_ros.control.curve import Array, Motion
from groot_ros.control.delay import SolverDelay, allowed_delay, delay_problem
from groot_ros.control.seams import SeamSettings, make_seam
from groot_ros.control.timeline import ChunkTimeline
from groot_ros.control.watchdog import Hold, HoldReason

RAMP_ROWS = 3
"""Rows after the frozen ones that begin as in the plan and may leave it. With all the rest of the
plan the shipped policy grew sluggish: of 40 blocks 35 were placed, in 5.3 s instead of 3.8 s; with
5 rows in all 39, in 4.1 s."""


class Shared(NamedTuple):
    """What the next chunk shares with the plan in force.

    Attributes:
        positions: Joint targets when the rows of the next chunk are due [rad], shape
            (rows, action_dim).
        frozen: Leading rows that will have been executed when the chunk joins.
    """

    positions: Array
    frozen: int


class ChunkIntake:
    """Joins chunks to a plan, as they come and as late as they come.

    Attributes:
        timeline: The plan.
        delay: How late chunks come.

    Args:
        width: Columns that a chunk must have.
        tick: Time from one tick to the next [s].
        settings: How to join them, and how late they may be.
    """

    def __init__(self, width: int, tick: float, settings: SeamSettings) -> None:
        self._width = width
        self._tick = tick
        self._max_delay = settings.max_delay
        self._seam = make_seam(settings)
        self.timeline = ChunkTimeline(self._seam)
        self.delay = SolverDelay()
        self._patience = 0.0  # after the end of the plan [s]
        self._fault: Hold | None = None

    def join(self, chunk: ActionChunk, now: float, motion: Motion) -> Hold | None:
        """Join a chunk to the plan; returns why it was not, None if it was.

        Args:
            chunk: Of the epoch in force.
            now: Time of the tick that is about to run [s].
            motion: Of the command in force, that of the tick before.
        """
        if chunk.positions.shape[1] != self._width:
            return self.fail(Hold(
                HoldReason.BAD_CHUNK,
                f'chunks must have {self._width} columns, got {chunk.positions.shape[1]}'))
        if hold := self._delay_problem(chunk):
            return self.fail(hold)
        if not self.timeline.add(chunk, now - self._tick, motion):
            return Hold(
                HoldReason.CHUNK_ENDED,
                f'the chunk ended {now - chunk.end:.2f} s ago: is System 1 too slow?')
        self._fault = None
        return None

    def fail(self, hold: Hold) -> Hold:
        """Note why no chunk could be made; the plan at hand is played to its end."""
        self._fault = hold
        return hold

    def reset(self) -> None:
        """Forget plan, failures and delays."""
        self.timeline.clear()
        self.delay.reset()
        self._fault = None

    def problem(self, now: float) -> Hold | None:
        """Return why there is nothing to play at `now` [s], None if there is."""
        end = self.timeline.end
        if end is None:
            return self._fault or Hold(
                HoldReason.NO_CHUNK, 'the first chunk is not there yet: System 1 is solving')
        if now > end + self._patience:
            return self._fault or Hold(
                HoldReason.CHUNK_ENDED,
                f'the plan ended {now - end:.2f} s ago: is System 1 too slow?')
        return None

    def wants_chunk(self, now: float) -> bool:
        """Return whether the next chunk may be asked for at `now` [s]."""
        end = self.timeline.end
        return not self._seam.waits or end is None or now >= end

    def shared(self, stamp: float, period: float) -> Shared | None:
        """Return what a chunk shall continue; None if it need not continue anything.

        Args:
            stamp: Capture time of the joint state that the chunk will be predicted from [s].
            period: Time from one of its rows to the next [s].
        """
        rows = self.timeline.rows(stamp + period, period)
        if not self._seam.inpaints or not len(rows):
            return None
        executed = math.ceil(self.delay.ticks * self._tick / period - 1e-6)
        rows = rows[:executed + RAMP_ROWS]
        return Shared(rows, min(executed, len(rows)))

    def _delay_problem(self, chunk: ActionChunk) -> Hold | None:
        """Take the delay of a chunk; returns why it is too long, None if it is not."""
        ticks = self.delay.measure(chunk.stamp)
        self.delay.count(ticks)
        allowed = allowed_delay(chunk, self._max_delay)
        if self._seam.waits:
            self._patience = allowed  # the robot rests while the next chunk is solved
            return None
        return delay_problem(ticks, self._tick, allowed)
