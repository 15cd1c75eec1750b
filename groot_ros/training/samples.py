"""The seam between recorded data and training: episodes in memory, whatever they came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from groot_ros.model.processor import Processor
from groot_ros.model.tokenizer import InstructionTokenizer

Crop = tuple[float, float, float, float]
MAX_HELD_OUT = 40


@dataclass(frozen=True, slots=True)
class Motion:
    """The joints of one episode, one row per action period.

    Attributes:
        state: Measured positions [rad], shape (states, joints of model.state).
        command: Targets at the same times, then those that are held after the last one [rad],
            shape (states + held, joints of model.action).
        valid: False where the command teaches nothing, shape (states + held,).
    """

    state: NDArray[np.float32]
    command: NDArray[np.float32]
    valid: NDArray[np.bool_]

    @property
    def starts(self) -> NDArray[np.intp]:
        """Return the states from which a chunk can be learnt, shape (samples,)."""
        return np.flatnonzero(self.valid[:min(len(self.state), len(self.command) - 1)])

    def chunk(self, start: int,
              horizon: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the targets after a state and which of them count.

        Row k is the target k + 1 periods after the state, which is when the controller wants it
        reached. A disturbance ends the plan that was followed: nothing after it is a label.

        Returns:
            Shapes (horizon, joints) [rad] and (horizon,).
        """
        rows = start + 1 + np.arange(horizon)
        inside = rows < len(self.command)
        rows = np.minimum(rows, len(self.command) - 1)
        return self.command[rows], np.logical_and.accumulate(self.valid[rows] & inside)


@dataclass(frozen=True, slots=True)
class TrainingEpisode:
    """One episode, seen as the policy will see it.

    Attributes:
        images: Policy images, RGB, shape (images, views, height, width, 3).
        image_of_state: Newest image at the time of each state, shape (states,).
        sentences: Word pieces of the instruction, one array per way to say it.
        keypoints: x, y in [-1, 1] and visibility, shape (images, K, 3); K = 0 without labels.
        asked: What `grounding.labels` returns, or `grounding.UNLABELLED`.
    """

    motion: Motion
    images: NDArray[np.uint8]
    image_of_state: NDArray[np.int64]
    sentences: Sequence[NDArray[np.int64]]
    keypoints: NDArray[np.float32]
    asked: tuple[int, int, int]


class Source(Protocol):
    """Recorded data of one robot.

    Attributes:
        period: Time from one state to the next [s].
        crop: Part of the camera image that a new policy looks at, as fractions.
        motions: One per episode.
    """

    period: float
    crop: Crop
    motions: Sequence[Motion]

    def episodes(self, processor: Processor,
                 tokenizer: InstructionTokenizer) -> list[TrainingEpisode]:
        """Return the episodes in the order of `motions`, as a processor prepares them.

        Raises:
            TrainingError: If the data is not what the processor asks for.
        """


def held_out(episodes: int) -> int:
    """Return how many episodes, the first ones, only validate."""
    return min(MAX_HELD_OUT, max(1, episodes // 20), episodes - 1)
