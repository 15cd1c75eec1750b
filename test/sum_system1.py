"""A System 1 that adds up what it is given; it is made in the process of the solver."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groot_ros.model.policy import Continuation, GoalTokens

FloatArray = NDArray[np.float32]
ROWS, COLUMNS = 4, 2


class SumSystem1:
    """Predicts the sum of tokens, state, noise and continuation; a last row tells of itself.

    Args:
        gate: While this file is there, no chunk is finished.
    """

    fingerprint = 'sum'
    processor = None
    inpaints = True

    def __init__(self, gate: Path) -> None:
        self._gate = gate
        self._prepared = 0

    def prepare(self, tokens: GoalTokens) -> float:
        self._prepared += 1
        return float(tokens.features.sum())

    def solve(
        self, context: float, state: FloatArray, noise: FloatArray,
        continuation: Continuation | None = None,
    ) -> FloatArray:
        while self._gate.exists():
            time.sleep(0.002)
        if np.isnan(state).any():
            raise RuntimeError('NaN in, nothing out')
        chunk = context + state + noise
        if continuation is not None:
            chunk = chunk + continuation.positions.sum() + continuation.frozen
        return np.vstack((chunk, np.array([[self._prepared, os.getpid()]], np.float32)))

    def draw_noise(self, rng: np.random.Generator) -> FloatArray:
        return rng.standard_normal((ROWS, COLUMNS), np.float32)


def refuse(error: Exception) -> Any:
    """Fail to load."""
    raise error


def end_at_once() -> Any:
    """End the process while it loads."""
    os._exit(3)


def load_once(mark: Path) -> Any:
    """Load, but never again: every later process ends."""
    if mark.exists():
        end_at_once()
    mark.touch()
    return SumSystem1(mark.with_suffix('.gate'))
