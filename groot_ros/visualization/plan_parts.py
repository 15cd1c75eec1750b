"""Which rows of an action chunk were executed, are frozen, or may still change."""

from __future__ import annotations

import math
from typing import NamedTuple


class PlanParts(NamedTuple):
    """Rows of a chunk by what becomes of them; neighbours share a row, so that lines meet.

    Attributes:
        executed: Were due before now.
        frozen: Were taken over from the plan before, and are still to come.
        ahead: Are to come, unless a newer chunk replaces them.
    """

    executed: slice
    frozen: slice
    ahead: slice


def split_plan(horizon: int, frozen: int, stamp: float, period: float, now: float) -> PlanParts:
    """Divide the rows of a chunk; row k is due at stamp + (k + 1) * period.

    Args:
        horizon: Rows.
        frozen: Leading rows that were kept from the plan before.
        stamp: Of the joint state that the chunk was predicted from [s].
        period: From row to row [s].
        now: Time [s].
    """
    done = min(max(math.floor((now - stamp) / period), 0), horizon)
    kept = min(max(frozen, done), horizon)
    last_done, last_kept = max(done - 1, 0), max(kept - 1, 0)
    return PlanParts(
        executed=slice(0, done),
        frozen=slice(last_done, kept) if kept > done else slice(0, 0),
        ahead=slice(last_kept, horizon) if kept < horizon else slice(0, 0))
