"""A dataset of a robot's own episodes as a source of training.

It carries no object positions and no table of tasks: the instruction is free text, and the
detection and grounding losses have nothing to learn.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.datasets.episode import Episode, Layout
from groot_ros.embodiment import Embodiment
from groot_ros.model.processor import ImageSpec, Processor
from groot_ros.model.tokenizer import InstructionTokenizer, TokenizerError
from groot_ros.observation.images import prepare_image
from groot_ros.terminal import watched
from groot_ros.training.dataset_checks import check_layout
from groot_ros.training.errors import TrainingError
from groot_ros.training.grounding import UNLABELLED
from groot_ros.training.samples import Crop, Motion, TrainingEpisode

logger = logging.getLogger(__name__)


class EpisodeList(Protocol):
    """What is read of a dataset."""

    layout: Layout

    def __len__(self) -> int:
        """Return the number of episodes."""

    def episode(self, index: int) -> Episode:
        """Return an episode, its pictures still to be decoded."""


class DatasetSource:
    """Episodes of a dataset in a fixed random order; see `samples.Source`."""

    def __init__(self, dataset: EpisodeList, embodiment: Embodiment, crop: Crop, horizon: int,
                 *, show_progress: bool = True) -> None:
        """Read joints and instructions; pictures are decoded by `episodes`.

        Args:
            dataset: For example what `open_dataset` returns.
            embodiment: The robot that the policy is for.
            crop: Part of each picture that a new policy looks at, as fractions.
            horizon: Rows of an action chunk: shorter episodes are left out.
            show_progress: Draw a bar while pictures are decoded.

        Raises:
            DatasetError: If an episode can't be read.
            TrainingError: If the dataset is of another robot or holds no episode of that length.
        """
        check_layout(dataset.layout, embodiment)
        if len(dataset) == 0:
            raise TrainingError('it holds no episode: convert bags first (bag_to_dataset)')
        self.period = 1.0 / dataset.layout.fps
        self.crop = crop
        self._show_progress = show_progress
        # The first ones validate: in the order of recording they might all be of one task.
        order = np.random.default_rng(0).permutation(len(dataset))
        self._episodes = _long_enough(
            {int(index): dataset.episode(int(index)) for index in order}, horizon)
        self.motions: Sequence[Motion] = [
            Motion(episode.state, episode.action, np.ones(len(episode), bool))
            for episode in self._episodes.values()]

    def episodes(self, processor: Processor,
                 tokenizer: InstructionTokenizer) -> list[TrainingEpisode]:
        """Decode the pictures and keep them at the size of the policy.

        Raises:
            DatasetError: If a video can't be read.
            TrainingError: If an instruction has no words, or a video is longer or shorter than
                its episode.
        """
        found = []
        episodes = self._episodes.items()
        for (index, episode), motion in zip(
                watched(episodes, 'episodes to decode') if self._show_progress else episodes,
                self.motions, strict=True):
            try:
                text = processor.instruction(episode.annotation.instruction)
                found.append(TrainingEpisode(
                    motion, _policy_images(episode, processor.images), np.arange(len(episode)),
                    [tokenizer.encode(text)], np.zeros((len(episode), 0, 3), np.float32),
                    UNLABELLED))
            except (TokenizerError, TrainingError) as error:
                raise TrainingError(f'episode {index}: {error}') from error
        logger.info('%d episodes, %.1f minutes, %.0f MB of images in memory', len(found),
                    sum(len(motion.state) for motion in self.motions) * self.period / 60,
                    sum(episode.images.nbytes for episode in found) / 1e6)
        return found


def _long_enough(episodes: dict[int, Episode], horizon: int) -> dict[int, Episode]:
    """Leave out episodes without one whole chunk after their first frame."""
    short = sorted(index for index, episode in episodes.items() if len(episode) <= horizon)
    if len(short) == len(episodes):
        raise TrainingError(
            f'none of its {len(episodes)} episodes is longer than an action chunk of {horizon} '
            'frames: record longer ones, or convert the bags at a higher --fps')
    if short:
        logger.warning('left out, not longer than an action chunk of %d frames: episodes %s',
                       horizon, ', '.join(map(str, short)))
    return {index: episode for index, episode in episodes.items() if index not in short}


def _policy_images(episode: Episode, specs: dict[str, ImageSpec]) -> NDArray[np.uint8]:
    """Return the images of all frames, shape (frames, views, height, width, 3)."""
    width, height = next(iter(specs.values())).size
    images = np.empty((len(episode), len(specs), height, width, 3), np.uint8)
    for view, (key, spec) in enumerate(specs.items()):
        count = 0
        for picture in episode.images[key]():
            if count < len(episode):
                images[count, view] = prepare_image(picture, spec)
            count += 1
        if count != len(episode):
            raise TrainingError(f'video {key!r} has {count} pictures, its table has '
                                f'{len(episode)} rows: convert the bags again')
    return images
