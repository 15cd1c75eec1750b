"""The random batches that training draws from episodes in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groot_ros.model.processor import Processor
from groot_ros.training.samples import TrainingEpisode

MAX_EXTRA_IMAGE_AGE_S = 0.15
"""Goal tokens are up to this much older than the newest image."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One training batch.

    Attributes:
        images: uint8, shape (batch, views, 3, height, width).
        token_ids: Word pieces, padded, shape (batch, length).
        token_mask: True on real pieces, shape (batch, length).
        state: Normalised, shape (batch, 1, max_state_dim).
        actions: Normalised, shape (batch, action_horizon, max_action_dim).
        action_mask: 1 where a target counts, shape of `actions`.
        keypoints: x, y in [-1, 1] and visibility, shape (batch, K, 3).
        requests: Indices of task, block and destination, -1 without labels, shape (batch, 3).
    """

    images: Tensor
    token_ids: Tensor
    token_mask: Tensor
    state: Tensor
    actions: Tensor
    action_mask: Tensor
    keypoints: Tensor
    requests: Tensor


class Samples:
    """Episodes of one embodiment, cut into (observation, action chunk) samples."""

    def __init__(self, episodes: Sequence[TrainingEpisode], processor: Processor,
                 period: float) -> None:
        """Cut episodes whose states are `period` [s] apart; see `Source.episodes`."""
        self._episodes = episodes
        self._processor = processor
        self._max_extra_age = round(MAX_EXTRA_IMAGE_AGE_S / period)
        self._index = np.array([(number, start) for number, episode in enumerate(episodes)
                                for start in episode.motion.starts])

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._index)

    def draw(self, size: int, rng: np.random.Generator) -> Batch:
        """Return a random batch of `size` samples."""
        chosen = self._index[rng.integers(len(self._index), size=size)]
        items = [(self._episodes[number], int(start)) for number, start in chosen]
        seen = [self._image_index(episode, start, rng) for episode, start in items]
        ids, token_mask = _padded([episode.sentences[rng.integers(len(episode.sentences))]
                                   for episode, _ in items])
        state, actions, action_mask = self._motion(items)
        images = np.stack([episode.images[image]
                           for (episode, _), image in zip(items, seen, strict=True)])
        keypoints = np.stack([episode.keypoints[image]
                              for (episode, _), image in zip(items, seen, strict=True)])
        return Batch(
            torch.from_numpy(images).permute(0, 1, 4, 2, 3), ids, token_mask, state, actions,
            action_mask, torch.from_numpy(keypoints),
            torch.tensor([episode.asked for episode, _ in items]))

    def _image_index(self, episode: TrainingEpisode, start: int,
                     rng: np.random.Generator) -> int:
        age = int(rng.integers(self._max_extra_age + 1))
        return int(episode.image_of_state[max(start - age, 0)])

    def _motion(self, items: Sequence[tuple[TrainingEpisode, int]]) -> tuple[Tensor, ...]:
        """Return normalised state and actions and the mask of the actions."""
        horizon = self._processor.action_horizon
        state = np.stack([episode.motion.state[start] for episode, start in items])
        targets, valid = zip(*(episode.motion.chunk(start, horizon) for episode, start in items),
                             strict=True)
        actions = self._processor.normalize_actions(np.stack(targets), state)
        mask = np.zeros(actions.shape, np.float32)
        mask[:, :horizon, :self._processor.action_dim] = np.stack(valid)[..., None]
        return (torch.from_numpy(self._processor.normalize_state(state))[:, None],
                torch.from_numpy(actions), torch.from_numpy(mask))


def _padded(sentences: Sequence[NDArray[np.int64]]) -> tuple[Tensor, Tensor]:
    """Return ids and mask of sentences, shape (sentences, longest)."""
    ids = np.zeros((len(sentences), max(len(pieces) for pieces in sentences)), np.int64)
    mask = np.zeros(ids.shape, bool)
    for row, pieces in enumerate(sentences):
        ids[row, :len(pieces)] = pieces
        mask[row, :len(pieces)] = True
    return torch.from_numpy(ids), torch.from_numpy(mask)
