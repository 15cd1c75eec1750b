"""Real-time chunking: a new chunk that continues the one being executed.

The first rows of the new chunk start from the previous chunk instead of from noise. The frozen
ones stay (they will have been executed before the solve ends), the rest of the overlap may move
the more the later it is due. Source: GR00T N1.7's inference options (rtc_overlap_steps,
rtc_frozen_steps, rtc_ramp_rate). numpy only: both runtimes prepare their loop here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from groot_ros.model.policy import Continuation, ContinuationError, FloatArray
from groot_ros.model.processor import Processor


class LoopStart(NamedTuple):
    """What the denoising loop begins with.

    Attributes:
        values: Normalised, shape (model_horizon, max_action_dim).
        freedom: Share of the velocity that each row follows, shape (model_horizon, 1).
    """

    values: FloatArray
    freedom: FloatArray


def start_loop(processor: Processor, state: FloatArray, noise: FloatArray,
               continuation: Continuation | None) -> LoopStart:
    """Return where the denoising of a chunk begins: `noise`, or the motion under way in it.

    Args:
        processor: Of the embodiment.
        state: That the chunk is predicted from [rad], shape (state_dim,).
        noise: N(0, 1), shape (model_horizon, max_action_dim).
        continuation: None starts every row from noise.

    Raises:
        ContinuationError: If the continuation is longer than a chunk.
        ProcessorError: If its rows have another number of joints.
    """
    horizon = len(noise)
    if continuation is None:
        return LoopStart(noise, np.ones((horizon, 1), np.float32))
    overlap = len(continuation.positions)
    values = noise.copy()
    values[:overlap] = _normalize(processor, continuation.positions, state)
    freedom = row_freedom(horizon, overlap, continuation.frozen, continuation.ramp_rate)
    return LoopStart(values, freedom)


def row_freedom(horizon: int, overlap: int, frozen: int, ramp_rate: float) -> FloatArray:
    """Return the share of the velocity that each row follows, shape (horizon, 1).

    0 on frozen rows and 1 after the overlap. Between, 1 - exp(-ramp_rate u) at the inner
    points of u = 0 .. 1, scaled to reach 1 at u = 1.
    """
    share = np.ones((horizon, 1), np.float32)
    share[:frozen] = 0.0
    ramp = 1.0 - np.exp(-ramp_rate * np.linspace(0.0, 1.0, overlap - frozen + 2))
    share[frozen:overlap, 0] = (ramp / ramp[-1])[1:-1]
    return share


def _normalize(processor: Processor, positions: FloatArray, state: FloatArray) -> FloatArray:
    """Return joint targets (rows, action_dim) as the model's numbers (rows, max_action_dim)."""
    rows, horizon = len(positions), processor.action_horizon
    if rows > horizon:
        raise ContinuationError(f'the continuation has {rows} rows, but a chunk has {horizon}: '
                                'give the first ones')
    # Statistics of relative actions are per row, so only a whole chunk can be normalised.
    whole = np.pad(positions, ((0, horizon - rows), (0, 0)), mode='edge')
    return processor.normalize_actions(whole, state)[:rows]
