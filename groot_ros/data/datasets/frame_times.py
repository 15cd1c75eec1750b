"""Exact times of the frames of an episode: a double holds seconds since 1970 to 0.2 us only."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.datasets.episode import STAMP_TOLERANCE, Episode
from groot_ros.data.datasets.stamps import SECOND


def frame_times(start: int, frames: int, fps: float) -> NDArray[np.int64]:
    """Return the time of each frame [ns], the first at `start`, as the grid of a bag has them."""
    return start + np.rint(np.arange(frames) * (SECOND / fps)).astype(np.int64)


def noted_start(provenance: Mapping[str, str]) -> int:
    """Return when the first frame was [ns]; 0 where nobody noted it."""
    try:
        return int(Decimal(provenance.get('start_s', '0')) * SECOND)
    except InvalidOperation:
        return 0


def times_of(episode: Episode) -> NDArray[np.int64]:
    """Return the time of each frame of an episode [ns]."""
    start = noted_start(episode.provenance)
    if abs(start / SECOND - episode.stamps[0]) > STAMP_TOLERANCE:
        start = round(float(episode.stamps[0]) * SECOND)
    return frame_times(start, len(episode), episode.layout.fps)
