"""What to do when: the newest chunk, joined to the motion under way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from groot_ros.control.chunk import ActionChunk
from groot_ros.control.curve import Array, Curve, Motion
from groot_ros.control.seams import Seam, curve_of


class ChunkTimeline:
    """The joint targets from now to the end of the newest chunk.

    Targets do not jump, and neither do their velocities, whatever the chunks say.

    Attributes:
        seams: Chunks joined to a plan.
        disagreement: Largest distance of the newest chunk from the plan that it replaced, over
            the time both speak of [rad]; 0 if there is none.

    Args:
        seam: How to join chunks.
    """

    def __init__(self, seam: Seam) -> None:
        self._seam = seam
        self._plan: Curve | None = None
        self.seams = 0
        self.disagreement = 0.0

    @property
    def end(self) -> float | None:
        """When the plan comes to rest [s], None without a plan."""
        return None if self._plan is None else self._plan.end

    def clear(self) -> None:
        """Forget the plan."""
        self._plan = None

    def add(self, chunk: ActionChunk, now: float, motion: Motion) -> bool:
        """Take over a new chunk; one that the robot waited for begins now.

        Args:
            chunk: Its columns are the joints of the timeline.
            now: Time of the join [s].
            motion: Of the newest command, shapes (action_dim,).

        Returns:
            False if the chunk ended before `now`: there is nothing left to execute.
        """
        if self._seam.waits:
            chunk = replace(chunk, stamp=now)
        if chunk.end <= now:
            return False
        self.seams += self._plan is not None
        self.disagreement = self._distance(chunk, now)
        self._plan = self._seam.join(self._plan, chunk, now, motion)
        return True

    def sample(self, now: float) -> Array | None:
        """Return the joint targets at `now` [rad], shape (action_dim,), None without a plan.

        After the plan its last target.
        """
        return None if self._plan is None else self._plan.at(now).positions

    def rows(self, first: float, period: float) -> Array:
        """Return the targets of the plan at `first` [s] and every `period` [s] from there.

        Returns:
            [rad], shape (rows, action_dim): as many as are due before the plan ends, maybe none.
        """
        if self._plan is None:
            return np.zeros((0, 0))
        count = int(np.floor((self._plan.end - first) / period + 1e-6)) + 1
        times: Array = first + period * np.arange(max(count, 0), dtype=np.float64)
        return self._plan.at_times(times).positions

    def _distance(self, chunk: ActionChunk, now: float) -> float:
        rows = curve_of(chunk)
        if self._plan is None:
            return 0.0
        shared = (rows.times > now) & (rows.times <= self._plan.end)
        apart = np.abs(self._plan.at_times(rows.times).positions - rows.values)[shared]
        return float(apart.max(initial=0.0))
