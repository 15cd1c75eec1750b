"""Demonstrations in memory and the random batches that training draws from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groot_ros.data.demonstrations import Demonstration, read_episode
from groot_ros.data.instructions import Request, all_requests, describe
from groot_ros.model.processor import Processor
from groot_ros.model.tokenizer import InstructionTokenizer
from groot_ros.training.grounding import labels

TICKS_PER_STATE = 6  # 120 Hz control ticks between two recorded states
# Goal tokens are up to 0.15 s older than the newest image; counted in recorded states.
MAX_EXTRA_IMAGE_AGE = 3
SENTENCES_PER_REQUEST = 600


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
        requests: Indices of task, block and destination, shape (batch, 3).
    """

    images: Tensor
    token_ids: Tensor
    token_mask: Tensor
    state: Tensor
    actions: Tensor
    action_mask: Tensor
    keypoints: Tensor
    requests: Tensor


class SentenceBank:
    """Random paraphrases of every request, tokenised once."""

    def __init__(self, tokenizer: InstructionTokenizer, processor: Processor,
                 rng: np.random.Generator) -> None:
        """Draw the sentences of the training split."""
        self._pieces = {
            request: [tokenizer.encode(processor.instruction(describe(request, rng)))
                      for _ in range(SENTENCES_PER_REQUEST)]
            for request in all_requests()}

    def draw(self, requests: Sequence[Request],
             rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return padded ids and mask, shape (len(requests), longest sentence)."""
        chosen = [self._pieces[request][rng.integers(SENTENCES_PER_REQUEST)]
                  for request in requests]
        ids = np.zeros((len(chosen), max(len(piece) for piece in chosen)), np.int64)
        mask = np.zeros(ids.shape, bool)
        for row, piece in enumerate(chosen):
            ids[row, :len(piece)] = piece
            mask[row, :len(piece)] = True
        return torch.from_numpy(ids), torch.from_numpy(mask)


@dataclass(frozen=True, slots=True)
class _Episode:
    request: Request
    images: NDArray[np.uint8]
    image_tick: NDArray[np.int64]
    state: NDArray[np.float32]
    command: NDArray[np.float32]
    valid: NDArray[np.bool_]
    keypoints: NDArray[np.float32]
    starts: NDArray[np.int64]


class DemonstrationSet:
    """Episodes of one embodiment, cut into (observation, action chunk) samples."""

    def __init__(self, paths: Sequence[Path], joint_columns: NDArray[np.int64],
                 horizon: int) -> None:
        """Read the episodes.

        Args:
            paths: Episode files.
            joint_columns: Columns of the recorded joints that the policy reads and moves.
            horizon: Rows of an action chunk.

        Raises:
            FileNotFoundError: If there is no episode.
        """
        if not paths:
            raise FileNotFoundError('no demonstration found: run '
                                    '`ros2 run groot_ros generate_demonstrations` first')
        self.horizon = horizon
        self._episodes = [_episode(read_episode(path), joint_columns) for path in paths]
        self._index = np.array([(episode, start) for episode, item in enumerate(self._episodes)
                                for start in item.starts])

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._index)

    def chunk(self, episode: _Episode,
              start: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the targets after a state (horizon, joints) [rad] and which of them count."""
        rows = np.minimum(start + 1 + np.arange(self.horizon), len(episode.command) - 1)
        # A disturbance ends the plan that the expert followed: nothing after it is a label.
        return episode.command[rows], np.logical_and.accumulate(episode.valid[rows])

    def all_chunks(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return every state (samples, joints) and its targets (samples, horizon, joints)."""
        pairs = [(self._episodes[episode], start) for episode, start in self._index]
        states = np.stack([episode.state[start] for episode, start in pairs])
        return states, np.stack([self.chunk(episode, start)[0] for episode, start in pairs])

    def draw(self, size: int, processor: Processor, sentences: SentenceBank,
             rng: np.random.Generator) -> Batch:
        """Return a random batch of `size` samples."""
        chosen = self._index[rng.integers(len(self._index), size=size)]
        items = [(self._episodes[episode], int(start)) for episode, start in chosen]
        images = [_image_index(episode, start - int(rng.integers(MAX_EXTRA_IMAGE_AGE + 1)))
                  for episode, start in items]
        state = np.stack([episode.state[start] for episode, start in items])
        targets, valid = zip(*(self.chunk(episode, start) for episode, start in items),
                             strict=True)
        actions = processor.normalize_actions(np.stack(targets), state)
        mask = np.zeros(actions.shape, np.float32)
        mask[..., :processor.action_dim] = np.stack(valid)[..., None]
        ids, token_mask = sentences.draw([episode.request for episode, _ in items], rng)
        pictures = np.stack([episode.images[image] for (episode, _), image
                             in zip(items, images, strict=True)])
        keypoints = np.stack([episode.keypoints[image] for (episode, _), image
                              in zip(items, images, strict=True)])
        return Batch(
            torch.from_numpy(pictures).permute(0, 3, 1, 2)[:, None], ids, token_mask,
            torch.from_numpy(processor.normalize_state(state))[:, None],
            torch.from_numpy(actions), torch.from_numpy(mask), torch.from_numpy(keypoints),
            torch.tensor([labels(episode.request) for episode, _ in items]))


def _episode(recorded: Demonstration, joint_columns: NDArray[np.int64]) -> _Episode:
    return _Episode(
        Request(recorded.task, recorded.target_block, recorded.destination),
        recorded.images, recorded.image_tick, recorded.state[:, joint_columns],
        recorded.command[:, joint_columns], recorded.valid, recorded.keypoints,
        np.flatnonzero(recorded.valid))


def _image_index(episode: _Episode, state_index: int) -> int:
    newest = np.searchsorted(episode.image_tick, TICKS_PER_STATE * state_index, side='right') - 1
    return max(int(newest), 0)
