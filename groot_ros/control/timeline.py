"""What to do when: chunks joined to one motion by blending over a short overlap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groot_ros.control.chunk import ActionChunk

Array = NDArray[np.float64]


class ChunkTimeline:
    """The joint targets from now to the end of the newest chunk.

    A new chunk takes over linearly within `overlap` from what was planned before. The plan is
    kept as a table with one row per control tick, so joins do not nest.

    Args:
        tick: Time from one row of the table to the next [s].
        overlap: How long a chunk takes to replace the one before [s].
    """

    def __init__(self, tick: float, overlap: float) -> None:
        self._tick = tick
        self._overlap = overlap
        self._start = 0.0
        self._table: Array | None = None
        self.seams = 0

    @property
    def end(self) -> float | None:
        """When the plan comes to rest [s], None without a plan."""
        if self._table is None:
            return None
        return self._start + (len(self._table) - 1) * self._tick

    def clear(self) -> None:
        """Forget the plan."""
        self._table = None

    def add(self, chunk: ActionChunk, now: float, current: Array) -> bool:
        """Take over a new chunk.

        Args:
            chunk: Its columns are the joints of the timeline.
            now: Time of the join [s].
            current: Joint targets in force without a plan [rad], shape (action_dim,).

        Returns:
            False if the chunk ended before `now`: there is nothing left to execute.
        """
        if chunk.end <= now:
            return False
        rows = int(np.ceil((chunk.end - now) / self._tick)) + 1
        times = now + self._tick * np.arange(rows, dtype=np.float64)
        if self._table is None:
            before = anchor = current[None]  # (1, action_dim)
        else:
            before = self._at(times)
            anchor = self._at(np.array([chunk.stamp]))
            self.seams += 1
        share = np.clip((times - now) / self._overlap, 0.0, 1.0)[:, None]  # (rows, 1)
        self._table = (1.0 - share) * before + share * _evaluate(chunk, anchor, times)
        self._start = now
        return True

    def sample(self, now: float) -> Array | None:
        """Return the joint targets at `now` [rad], shape (action_dim,), None without a plan.

        Before the plan its first row, after it its last one.
        """
        return None if self._table is None else self._at(np.array([now]))[0]

    def _at(self, times: Array) -> Array:
        """Interpolate the table linearly, shape (len(times), action_dim)."""
        assert self._table is not None
        last = len(self._table) - 1
        place = np.clip((times - self._start) / self._tick, 0.0, last)
        below = np.minimum(place.astype(np.intp), max(last - 1, 0))
        share = (place - below)[:, None]
        above = np.minimum(below + 1, last)
        return (1.0 - share) * self._table[below] + share * self._table[above]


def _evaluate(chunk: ActionChunk, anchor: Array, times: Array) -> Array:
    """Return a chunk's targets between its rows, shape (len(times), action_dim).

    Cubic Hermite segments with Catmull-Rom slopes: continuous velocity, at rest at the end.

    Args:
        chunk: Rows one period apart.
        anchor: The target in force at chunk.stamp, one period before the first row [rad],
            shape (1, action_dim).
        times: Where to evaluate [s].
    """
    knots: Array = np.concatenate((anchor, chunk.positions))  # (horizon + 1, action_dim)
    slopes = np.empty_like(knots)  # [rad per period]
    slopes[0] = knots[1] - knots[0]
    slopes[1:-1] = (knots[2:] - knots[:-2]) / 2.0
    slopes[-1] = 0.0
    place = np.clip((times - chunk.stamp) / chunk.period, 0.0, len(knots) - 1.0)
    segment = np.minimum(place.astype(np.intp), len(knots) - 2)
    s = (place - segment)[:, None]
    return (
        (1.0 + 2.0 * s) * (1.0 - s) ** 2 * knots[segment]
        + s * (1.0 - s) ** 2 * slopes[segment]
        + s**2 * (3.0 - 2.0 * s) * knots[segment + 1]
        + s**2 * (s - 1.0) * slopes[segment + 1])
