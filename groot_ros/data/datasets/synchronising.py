"""Which message belongs to which frame: a grid of frames, and a choice from each source.

Times are integers [ns], as in message headers; nothing is interpolated.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.datasets.stamps import SECOND

Stamps = NDArray[np.int64]
MATCHES = ('nearest', 'hold')
ROUNDING = 1000
"""A message stamped this much after a frame still holds for it: they are not on whole ns [ns]."""


class Span(NamedTuple):
    """Part of a bag that no episode could be made of.

    Attributes:
        source: The topic that is to blame, or 'episode' where a piece was too short.
        start_s: From the first stamp of the bag on [s].
        end_s: Likewise.
        reason: What is wrong there.
    """

    source: str
    start_s: float
    end_s: float
    reason: str


class Grid(NamedTuple):
    """Times of frames: those of a constant rate at which there may be something.

    Attributes:
        origin: Time of frame 0 [ns].
        fps: Frames per second.
        numbers: Of the frames, growing; a hole is where the bag holds nothing for long.
    """

    origin: int
    fps: float
    numbers: NDArray[np.int64]

    @property
    def stamps(self) -> Stamps:
        """Time of each frame [ns]."""
        return np.int64(self.origin) + np.rint(
            self.numbers * (SECOND / self.fps)).astype(np.int64)


class Choice(NamedTuple):
    """A message for each frame.

    Attributes:
        places: Of the messages in their source, shape (frames,).
        near: Whether it lies near enough to be used, shape (frames,).
    """

    places: NDArray[np.intp]
    near: NDArray[np.bool_]


def make_grid(stamps: Stamps, fps: float, max_gap_s: float, origin: int) -> Grid:
    """Return the frames that lie near a message of one source.

    The grid has holes where the source has: a stamp that is years off costs no memory.

    Args:
        stamps: Of the messages, sorted [ns].
        fps: Frames per second.
        max_gap_s: How far from a frame its message may lie [s].
        origin: Where frame 0 lies [ns].
    """
    reach = max_gap_s * SECOND
    breaks = np.flatnonzero(np.diff(stamps) > 2 * reach)
    firsts = stamps[np.concatenate(([0], breaks + 1))] - origin - reach
    lasts = stamps[np.concatenate((breaks, [len(stamps) - 1]))] - origin + reach
    ranges = [np.arange(max(0, np.ceil(first * fps / SECOND)), np.floor(last * fps / SECOND) + 1)
              for first, last in zip(firsts, lasts, strict=True)]
    return Grid(origin, fps, np.unique(np.concatenate(ranges)).astype(np.int64))


def choose(stamps: Stamps, frames: Stamps, match: str, max_gap_s: float) -> Choice:
    """Choose a message for each frame.

    Args:
        stamps: Of the messages, sorted [ns], at least one.
        frames: Times of the frames, sorted [ns].
        match: 'nearest' takes the message nearest in time, of two equally near the earlier;
            'hold' the newest that is not later than the frame.
        max_gap_s: How far from the frame it may lie [s].
    """
    slack = ROUNDING if match == 'hold' else 0
    after = np.searchsorted(stamps, frames + slack, side='right')
    before = np.maximum(after - 1, 0)
    places = before
    if match == 'nearest':
        following = np.minimum(after, len(stamps) - 1)
        is_nearer = np.abs(stamps[following] - frames) < np.abs(frames - stamps[before])
        places = np.where(is_nearer, following, before)
    distance = frames - stamps[places]
    near = np.abs(distance) <= max_gap_s * SECOND + ROUNDING
    if match == 'hold':
        near &= distance >= -slack
    return Choice(places, near)


def runs(numbers: NDArray[np.int64], labels: NDArray[np.int64]) -> list[slice]:
    """Return the longest runs of consecutive frames that have one label.

    Args:
        numbers: Of the frames, growing.
        labels: One per frame; negative ones belong to no run.
    """
    if len(numbers) == 0:
        return []
    cuts = np.flatnonzero((np.diff(numbers) != 1) | (np.diff(labels) != 0)) + 1
    edges = [0, *cuts.tolist(), len(numbers)]
    return [slice(start, stop) for start, stop in pairwise(edges)
            if labels[start] >= 0]


def spans_without(
        source: str, reason: str, grid: Grid, usable: NDArray[np.bool_], zero: int) -> list[Span]:
    """Return when a source has nothing to use, in seconds from `zero` [ns] on."""
    stamps = (grid.stamps - zero) / SECOND
    period = 1.0 / grid.fps
    missing = runs(grid.numbers, np.where(usable, -1, 0))
    return [Span(source, float(stamps[each.start]), float(stamps[each.stop - 1] + period), reason)
            for each in missing]


def holes(source: str, grid: Grid, zero: int) -> list[Span]:
    """Return when the source that the grid was made of has nothing at all."""
    stamps = (grid.stamps - zero) / SECOND
    ends = np.flatnonzero(np.diff(grid.numbers) > 1)
    return [Span(source, float(stamps[end] + 1.0 / grid.fps), float(stamps[end + 1]),
                 'no message') for end in ends]
