"""Statistics that models normalize with, in the layouts of stats.json and statistics.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.datasets.errors import DatasetError

FloatArray = NDArray[np.float32]
Statistics = dict[str, list[float] | list[list[float]]]


def summarize(values: FloatArray) -> Statistics:
    """Return min, max, mean, std, q01 and q99 over the first axis of values."""
    return {
        'min': values.min(axis=0).tolist(), 'max': values.max(axis=0).tolist(),
        'mean': values.mean(axis=0, dtype=np.float64).tolist(),
        'std': values.std(axis=0, dtype=np.float64).tolist(),
        'q01': np.quantile(values, 0.01, axis=0).tolist(),
        'q99': np.quantile(values, 0.99, axis=0).tolist()}


def joined(parts: Iterable[Statistics]) -> Statistics:
    """Return the statistics of vectors, made of those of some of their numbers each."""
    found = list(parts)
    return {name: np.concatenate([part[name] for part in found], axis=-1).tolist()
            for name in found[0]}


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


def relative_statistics(
        episodes: Sequence[tuple[FloatArray, FloatArray]], horizon: int) -> Statistics:
    """Return the statistics of the offsets of chunks of targets from the state they start at.

    Only chunks that lie within an episode count, as readers without padding take them. One row
    of the chunk is worked on at a time: no array is longer than there are frames.

    Args:
        episodes: State and targets of one group [rad], each of shape (frames, joints).
        horizon: Rows of a chunk; its first is the target at the time of the state.

    Returns:
        With one row per row of the chunk.

    Raises:
        DatasetError: If every episode is shorter than a chunk.
    """
    longer = [(state, action) for state, action in episodes if len(state) >= horizon]
    if not longer:
        raise DatasetError(f'no episode has the {horizon} frames of an action chunk: statistics '
                           'of relative actions need one; give a smaller --action-horizon')
    rows = [summarize(np.concatenate([
        action[row:len(action) - horizon + row + 1] - state[:len(state) - horizon + 1]
        for state, action in longer])) for row in range(horizon)]
    return {name: [row[name] for row in rows] for name in rows[0]}  # type: ignore[misc]
