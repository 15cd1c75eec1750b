"""Action chunks: what System 1 predicts in one denoising run."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class ChunkError(ValueError):
    """An action chunk that no robot can execute."""


@dataclass(frozen=True, slots=True)
class ActionChunk:
    """Joint targets predicted in one denoising run.

    Attributes:
        stamp: Capture time of the joint state they were predicted from [s].
        period: Time from one row to the next [s]; row k is due at stamp + (k + 1) * period.
        positions: Joint targets [rad], shape (action_horizon, action_dim).
        epoch: Epoch of the goal tokens they were predicted from.
        sequence: Counts chunks.
        token_sequence: Sequence of the goal-token message they were predicted from.
        frozen: Leading rows that are those of the plan before, by real-time chunking.
        solve_time: What System 1 took [s].

    Raises:
        ChunkError: If the numbers cannot be executed.
    """

    stamp: float
    period: float
    positions: NDArray[np.floating]
    epoch: int
    sequence: int = 0
    token_sequence: int = 0
    frozen: int = 0
    solve_time: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be executed."""
        if self.positions.ndim != 2 or 0 in self.positions.shape:
            raise ChunkError(
                'positions must have shape (action_horizon, action_dim), '
                f'got {self.positions.shape}')
        if not (math.isfinite(self.period) and self.period > 0.0):
            raise ChunkError(f'period must be greater than 0 s, got {self.period}')
        if not math.isfinite(self.stamp):
            raise ChunkError(f'stamp must be finite, got {self.stamp}')
        finite = np.isfinite(self.positions)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            raise ChunkError(
                f'positions[{row}, {column}] is {self.positions[row, column]}: '
                'System 1 must return finite joint targets')

    @property
    def end(self) -> float:
        """When the last row is due [s]."""
        return self.stamp + self.period * len(self.positions)
