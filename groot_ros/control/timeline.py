"""What to do when: the newest chunk, joined to the motion under way."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.control.chunk import ActionChunk

Array = NDArray[np.float64]


class _Plan(NamedTuple):
    """Knots of a line to the first row that is met and a cubic Hermite curve through the rest.

    Attributes:
        times: Ascending [s], shape (knots,).
        values: [rad], shape (knots, action_dim).
        slopes: [rad/s], shape (knots, action_dim).
    """

    times: Array
    values: Array
    slopes: Array


class ChunkTimeline:
    """The joint targets from now to the end of the newest chunk.

    A new chunk is met `overlap` after its arrival: a straight line leads there from the position
    in force (the limit filter rounds its corner). A policy without memory needs that. Where a
    motion begins at rest, the first rows of every chunk hardly move; were they executed and the
    next chunk predicted from there, the robot would never start.

    Args:
        overlap: How long it takes to get from the motion under way to a new chunk [s].
    """

    def __init__(self, overlap: float) -> None:
        self._overlap = overlap
        self._plan: _Plan | None = None
        self.seams = 0

    @property
    def end(self) -> float | None:
        """When the plan comes to rest [s], None without a plan."""
        return None if self._plan is None else float(self._plan.times[-1])

    def clear(self) -> None:
        """Forget the plan."""
        self._plan = None

    def add(self, chunk: ActionChunk, now: float, position: Array) -> bool:
        """Take over a new chunk.

        Args:
            chunk: Its columns are the joints of the timeline.
            now: Time of the join [s].
            position: Joint targets in force [rad], shape (action_dim,).

        Returns:
            False if the chunk ended before `now`: there is nothing left to execute.
        """
        if chunk.end <= now:
            return False
        rows = _knots(chunk)
        last = len(rows.times) - 1
        first = min(int(np.searchsorted(rows.times, now + self._overlap - 1e-9)), last)
        self.seams += self._plan is not None
        self._plan = _Plan(
            np.concatenate(([now], rows.times[first:])),
            np.concatenate((position[None], rows.values[first:])),
            np.concatenate((np.zeros_like(position)[None], rows.slopes[first:])))
        return True

    def sample(self, now: float) -> Array | None:
        """Return the joint targets at `now` [rad], shape (action_dim,), None without a plan.

        Before the plan its first target, after it its last one.
        """
        if self._plan is None:
            return None
        times, values, slopes = self._plan
        segment = int(np.clip(np.searchsorted(times, now) - 1, 0, len(times) - 2))
        span = times[segment + 1] - times[segment]
        s = np.clip((now - times[segment]) / span, 0.0, 1.0)
        if segment == 0:
            line: Array = (1.0 - s) * values[0] + s * values[1]
            return line
        position: Array = (
            (1.0 + 2.0 * s) * (1.0 - s) ** 2 * values[segment]
            + s * (1.0 - s) ** 2 * span * slopes[segment]
            + s**2 * (3.0 - 2.0 * s) * values[segment + 1]
            + s**2 * (s - 1.0) * span * slopes[segment + 1])
        return position


def _knots(chunk: ActionChunk) -> _Plan:
    """Return a chunk's rows with Catmull-Rom slopes: at rest at the end."""
    rows = chunk.positions.astype(np.float64)
    times: Array = chunk.stamp + chunk.period * np.arange(1, len(rows) + 1, dtype=np.float64)
    slopes = np.zeros_like(rows)
    slopes[1:-1] = (rows[2:] - rows[:-2]) / (2.0 * chunk.period)
    if len(rows) > 1:
        slopes[0] = (rows[1] - rows[0]) / chunk.period
    return _Plan(times, rows, slopes)
