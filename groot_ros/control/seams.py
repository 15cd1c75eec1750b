"""How a new chunk takes over from the plan in force; docs/motion.md compares the ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from groot_ros.control.chunk import ActionChunk
from groot_ros.control.curve import Array, Curve, Motion, curve_through, lead_into

SEAM_MODES = ('overlap', 'aggregate', 'real_time_chunking', 'synchronous')


@dataclass(frozen=True, slots=True)
class SeamSettings:
    """How chunks are joined.

    Attributes:
        mode: One of SEAM_MODES.
        overlap: How long it takes to get from the motion under way to a new chunk [s].
        aggregation_weight: Of the newest chunk in the mode aggregate, above 0, at most 1.
        max_delay: Longest way from the capture of a joint state to the use of its chunk [s];
            0 allows a share of the chunk.
    """

    mode: str = 'overlap'
    overlap: float = 0.25
    aggregation_weight: float = 0.3
    max_delay: float = 0.0


class Seam(Protocol):
    """One way to join chunks. Whatever it returns starts with the motion under way.

    Attributes:
        waits: Whether the next chunk is asked for only when the plan is over.
        inpaints: Whether the model is given the plan, so that its chunk continues it.
    """

    waits: ClassVar[bool]
    inpaints: ClassVar[bool]

    def join(self, plan: Curve | None, chunk: ActionChunk, now: float, motion: Motion) -> Curve:
        """Return the new plan.

        Args:
            plan: In force until now; None if there is none.
            chunk: To be followed; its last row is due after `now`.
            now: Time of the join [s].
            motion: Of the newest command, shapes (action_dim,).
        """


@dataclass(frozen=True, slots=True)
class Overlap:
    """Head for the row that is due `duration` later, past the rows before it.

    A policy without memory predicts, at rest, chunks that hardly move in their first rows. Were
    each of them executed for a moment from rest, the robot would never start; looking ahead, it
    does. The way there also evens out what the chunks say.

    Attributes:
        duration: How long it takes to get from the motion under way to a new chunk [s].
    """

    waits: ClassVar[bool] = False
    inpaints: ClassVar[bool] = False
    duration: float

    def join(self, plan: Curve | None, chunk: ActionChunk, now: float, motion: Motion) -> Curve:
        """Return a cubic to the row, which arrives at the mean speed of the way, and the rest."""
        rows = curve_of(chunk)
        last = len(rows.times) - 1
        met = min(int(np.searchsorted(rows.times, now + self.duration - 1e-9)), last)
        slopes = rows.slopes[met:].copy()
        if met < last:
            slopes[0] = (rows.values[met] - motion.positions) / (rows.times[met] - now)
        return Curve(
            np.concatenate(([now], rows.times[met:])),
            np.concatenate((motion.positions[None], rows.values[met:])),
            np.concatenate((motion.velocities[None], slopes)))


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Average the chunks that say something about the same time, newer ones weighing more.

    A chunk that n others followed weighs `weight` * (1 - `weight`)**n: the weights fall
    exponentially with age, as in the temporal ensembling of ACT (arXiv 2304.13705, algorithm 2;
    with m < 0 in its formula). Towards the end of the plan the older chunks, which see no
    further, fade out.

    Attributes:
        duration: How long it takes to get from the motion under way to the average [s].
        weight: Of the newest chunk, in (0, 1]; 1 leaves the older ones out.
    """

    waits: ClassVar[bool] = False
    inpaints: ClassVar[bool] = False
    duration: float
    weight: float

    def join(self, plan: Curve | None, chunk: ActionChunk, now: float, motion: Motion) -> Curve:
        """Return the average of the plan, which is one of all chunks before, and the chunk."""
        rows = curve_of(chunk)
        if plan is not None and plan.end > now:
            left = np.clip((plan.end - rows.times) / (plan.end - now), 0.0, 1.0)
            share = (1.0 - self.weight) * left[:, None]
            before = plan.at_times(rows.times).positions
            rows = curve_through(rows.times, share * before + (1.0 - share) * rows.values)
        return lead_into(rows, now, motion, self.duration)


@dataclass(frozen=True, slots=True)
class RealTimeChunking:
    """Switch to the new chunk at once: the model made it continue the plan (arXiv 2506.07339).

    Attributes:
        duration: How long what is left between the two takes to fade [s].
    """

    waits: ClassVar[bool] = False
    inpaints: ClassVar[bool] = True
    duration: float

    def join(self, plan: Curve | None, chunk: ActionChunk, now: float, motion: Motion) -> Curve:
        """Return the chunk, led into."""
        return lead_into(curve_of(chunk), now, motion, self.duration)


@dataclass(frozen=True, slots=True)
class Synchronous:
    """Play a chunk to its end, rest until the next one is solved, play that. To compare with.

    Attributes:
        duration: How long it takes to get from rest to the new chunk [s].
    """

    waits: ClassVar[bool] = True
    inpaints: ClassVar[bool] = False
    duration: float

    def join(self, plan: Curve | None, chunk: ActionChunk, now: float, motion: Motion) -> Curve:
        """Return the chunk, led into."""
        return lead_into(curve_of(chunk), now, motion, self.duration)


def make_seam(settings: SeamSettings) -> Seam:
    """Return the way to join chunks that the settings name.

    Raises:
        ValueError: If there is no such way, or the weight is none.
    """
    mode, duration, weight = settings.mode, settings.overlap, settings.aggregation_weight
    if not 0.0 < weight <= 1.0:
        raise ValueError(f'aggregation weight must be above 0 and at most 1, got {weight}')
    seams: dict[str, Seam] = {
        'overlap': Overlap(duration),
        'aggregate': Aggregate(duration, weight),
        'real_time_chunking': RealTimeChunking(duration),
        'synchronous': Synchronous(duration),
    }
    if mode not in seams:
        raise ValueError(f'seam mode {mode!r} is unknown; choose one of {SEAM_MODES}')
    return seams[mode]


def curve_of(chunk: ActionChunk) -> Curve:
    """Return the curve through the rows of a chunk."""
    rows = chunk.positions.astype(np.float64)
    times: Array = chunk.stamp + chunk.period * np.arange(1, len(rows) + 1, dtype=np.float64)
    return curve_through(times, rows)
