"""How far predicted actions are from recorded ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from groot_ros.evaluation.open_loop.prediction import OpenLoopError, Predictions, Timing

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Errors:
    """Differences from the recorded actions.

    Attributes:
        differences: [rad], shape (samples, rows, joints).
    """

    differences: FloatArray

    def mae(self, axis: tuple[int, ...] | None = None) -> FloatArray:
        """Return the mean absolute error over some axes, by default over all [rad]."""
        return np.asarray(np.mean(np.abs(self.differences), axis=axis))

    def rmse(self, axis: tuple[int, ...] | None = None) -> FloatArray:
        """Return the root of the mean squared error over some axes, by default over all [rad]."""
        return np.asarray(np.sqrt(np.mean(self.differences**2, axis=axis)))


@dataclass(frozen=True, slots=True)
class OpenLoopErrors:
    """The errors of a policy, and of not moving at all, on the same frames.

    Attributes:
        joints: Names of the joints.
        due: When each row of a chunk is due after the observation [s], shape (rows,).
        policy: Errors of the policy.
        hold: Errors of a chunk that holds the measured pose.
        episodes: Episodes with at least one frame.
        left_out: Frames whose chunk runs past the end of their episode.
        too_short: Episodes that are shorter than a chunk.
    """

    joints: tuple[str, ...]
    due: FloatArray
    policy: Errors
    hold: Errors
    episodes: int
    left_out: int
    too_short: int

    BY_JOINT = (0, 1)
    BY_ROW = (0, 2)

    @property
    def samples(self) -> int:
        """Frames that the policy was asked at."""
        return len(self.policy.differences)

    @classmethod
    def of(cls, predictions: Sequence[Predictions], timing: Timing) -> Self:
        """Gather the predictions of all episodes.

        Raises:
            OpenLoopError: If there is no frame with a whole chunk after it.
        """
        if not any(len(each.frames) for each in predictions):
            raise OpenLoopError(
                f'none of {len(predictions)} episodes is longer than a chunk of '
                f'{timing.due[-1]:.2f} s: there is nothing to evaluate')
        predicted, recorded, present = (
            np.concatenate([getattr(each, name) for each in predictions]).astype(np.float64)
            for name in ('predicted', 'recorded', 'present'))
        used = sum(len(each.frames) > 0 for each in predictions)
        return cls(
            predictions[0].joints, timing.due, Errors(predicted - recorded),
            Errors(present[:, None] - recorded), used,
            sum(each.left_out for each in predictions), len(predictions) - used)
