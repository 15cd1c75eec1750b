"""Normalisation statistics of a set of demonstrations, in the layout of statistics.json."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Statistics = dict[str, list[float] | list[list[float]]]


def summarize(values: FloatArray) -> Statistics:
    """Return min, max, mean, std, q01 and q99 over the first axis of values."""
    return {
        'min': values.min(axis=0).tolist(), 'max': values.max(axis=0).tolist(),
        'mean': values.mean(axis=0).tolist(), 'std': values.std(axis=0).tolist(),
        'q01': np.quantile(values, 0.01, axis=0).tolist(),
        'q99': np.quantile(values, 0.99, axis=0).tolist()}


def embodiment_statistics(
        state: FloatArray, actions: FloatArray, state_groups: Mapping[str, slice],
        action_groups: Mapping[str, slice], relative_groups: frozenset[str],
) -> dict[str, dict[str, Statistics]]:
    """Return the statistics of one embodiment.

    Args:
        state: Measured joint positions [rad], shape (samples, state_dim).
        actions: Joint targets [rad], shape (samples, action_horizon, action_dim).
        state_groups: Columns of each state group.
        action_groups: Columns of each action group.
        relative_groups: Action groups whose targets are offsets from the state group of the
            same name; their statistics have one row per row of the chunk.
    """
    return {
        'state': {name: summarize(state[:, columns])
                  for name, columns in state_groups.items()},
        'action': {name: summarize(actions[:, 0, columns])
                   for name, columns in action_groups.items()},
        'relative_action': {
            name: summarize(actions[:, :, columns] - state[:, None, state_groups[name]])
            for name, columns in action_groups.items() if name in relative_groups}}
