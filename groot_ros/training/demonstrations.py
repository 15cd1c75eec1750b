"""The scripted expert's demonstrations as a source of training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from groot_ros.data.demonstrations import Demonstration, Recording, read_episode
from groot_ros.data.instructions import Request, all_requests, describe
from groot_ros.embodiment import Embodiment
from groot_ros.model.processor import Processor
from groot_ros.model.tokenizer import InstructionTokenizer
from groot_ros.training.errors import TrainingError
from groot_ros.training.grounding import labels
from groot_ros.training.samples import Motion, TrainingEpisode

PERIOD_S = 0.05
TICKS_PER_STATE = 6  # 120 Hz control ticks between two recorded states
SENTENCES_PER_REQUEST = 600


class DemonstrationSource:
    """A folder of episodes that `generate_demonstrations` wrote; see `samples.Source`."""

    period = PERIOD_S

    def __init__(self, folder: Path, embodiment: Embodiment, horizon: int, seed: int) -> None:
        """Read the episodes.

        Args:
            folder: Holds the episodes.
            embodiment: The robot that the policy is for.
            horizon: Rows of an action chunk: the last pose is held that long.
            seed: Of the paraphrases.

        Raises:
            DemonstrationError: If a file is no demonstration.
            TrainingError: If there is no episode, or the robot reads other joints than it moves.
        """
        paths = sorted(folder.glob('*.npz'))
        if not paths:
            raise TrainingError(f'{folder}: no demonstration found: run `ros2 run groot_ros '
                                'generate_demonstrations` first')
        self._recording = Recording.from_folder(folder)
        self._recorded = [read_episode(path) for path in paths]
        self._seed = seed
        self.crop = self._recording.crop
        columns = _joint_columns(embodiment)
        self.motions: Sequence[Motion] = [
            _motion(recorded, columns, horizon) for recorded in self._recorded]

    def episodes(self, processor: Processor,
                 tokenizer: InstructionTokenizer) -> list[TrainingEpisode]:
        """Return the episodes with random paraphrases of what was asked for.

        Raises:
            TrainingError: If the processor cuts another image out of the camera's.
        """
        made = self._recording.crop, self._recording.image_size
        for key, spec in processor.images.items():
            if (spec.crop, spec.size) != made:
                raise TrainingError(
                    f'the policy reads {key} as crop {spec.crop}, {spec.size} pixels, the '
                    f'demonstrations hold crop {made[0]}, {made[1]} pixels: generate them again')
        rng = np.random.default_rng(self._seed)
        sentences = {
            request: [tokenizer.encode(processor.instruction(describe(request, rng)))
                      for _ in range(SENTENCES_PER_REQUEST)]
            for request in all_requests()}
        return [_episode(recorded, motion, sentences)
                for recorded, motion in zip(self._recorded, self.motions, strict=True)]


def _motion(recorded: Demonstration, columns: np.ndarray, held: int) -> Motion:
    """Keep the policy's joints; the expert ends at rest and the policy is to stay there."""
    command = np.pad(recorded.command[:, columns], ((0, held), (0, 0)), 'edge')
    return Motion(recorded.state[:, columns], command, np.pad(recorded.valid, (0, held), 'edge'))


def _episode(recorded: Demonstration, motion: Motion,
             sentences: dict[Request, list[np.ndarray]]) -> TrainingEpisode:
    request = Request(recorded.task, recorded.target_block, recorded.destination)
    newest = np.searchsorted(recorded.image_tick, TICKS_PER_STATE * np.arange(len(motion.state)),
                             side='right') - 1
    return TrainingEpisode(motion, recorded.images[:, None], np.maximum(newest, 0),
                           sentences[request], recorded.keypoints, labels(request))


def _joint_columns(embodiment: Embodiment) -> np.ndarray:
    """Return the columns of the embodiment's joints that the policy reads and moves."""
    if embodiment.model.state != embodiment.model.action:
        raise TrainingError('demonstrations hold one set of joints: model.state '
                            f'{embodiment.model.state} differs from model.action '
                            f'{embodiment.model.action}')
    return np.asarray(embodiment.group_indices(embodiment.model.state), np.int64)
