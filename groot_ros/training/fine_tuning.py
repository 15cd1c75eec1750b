"""Starting from a checkpoint that is trained already, and whether data fits its policy."""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from groot_ros.embodiment import Embodiment
from groot_ros.model.checkpoint import load_model
from groot_ros.model.config import ModelConfig
from groot_ros.model.groot import Groot
from groot_ros.model.inspection.fit import compare
from groot_ros.model.processor import Processor
from groot_ros.model.released_config import read_config
from groot_ros.training.errors import TrainingError
from groot_ros.training.recipe import PROCESSOR_FILES
from groot_ros.training.samples import Motion

logger = logging.getLogger(__name__)

PERIOD_TOLERANCE = 1e-3
"""Share by which two action periods may differ."""
SAME_TARGET = 1e-3
"""A target that comes back from the model's numbers this close is not cut off [rad]."""
TOLERATED_SHARE = 0.01


def run_config(file: Path | None, start: Path | None) -> ModelConfig:
    """Return the dimensions of a run, from a file or from the checkpoint that it starts from.

    Raises:
        ConfigError: If one of them can't be read.
        TrainingError: If both are given and differ.
    """
    if start is None:
        assert file is not None, 'the command line asks for one of them'
        return ModelConfig.from_file(file)
    config = read_config(start)
    config.small_backbone()
    if file is not None and ModelConfig.from_file(file) != config:
        raise TrainingError(f'{file} describes another model than {start / "config.json"}: leave '
                            '--config away, or leave --init away to train from the beginning')
    return config


def copy_processor(start: Path, run: Path) -> None:
    """Take over the processor files of a checkpoint, its statistics too."""
    for name in PROCESSOR_FILES:
        shutil.copy(start / name, run / name)


def pretrained_model(config: ModelConfig, start: Path) -> Groot:
    """Return the model of a checkpoint, ready to be trained on.

    Raises:
        CheckpointError: If its weights can't be read.
    """
    model = Groot(config)  # says which weights are frozen
    model.load_state_dict(load_model(start).state_dict())
    return model


def check_policy(processor: Processor, config: ModelConfig, embodiment: Embodiment,
                 period: float) -> None:
    """Check that a policy moves this robot, at the rate of the data.

    Args:
        processor: Of the policy.
        config: Of the policy.
        embodiment: The robot.
        period: Time between two states of the data [s].

    Raises:
        TrainingError: Naming what differs.
    """
    for row in compare(processor, None, embodiment):
        if row.fits is False:
            raise TrainingError(f'the policy and the embodiment {embodiment.tag} differ in '
                                f'{row.key}: {row.checkpoint} against {row.robot}: {row.remedy}')
    views = config.small_backbone().num_views
    if views != len(processor.images):
        raise TrainingError(f'the model has num_views {views}, the embodiment {embodiment.tag} '
                            f'has {len(processor.images)} cameras: set num_views in --config')
    planned = processor.action_period
    if planned is None or not math.isclose(planned, period, rel_tol=PERIOD_TOLERANCE):
        raise TrainingError(
            f'it has a frame every {period:.4g} s, the policy acts every {planned} s: convert '
            f'the bags again with --fps {1.0 / (planned or period):g}, or train without --init')


def warn_of_cut_targets(motions: Sequence[Motion], processor: Processor) -> None:
    """Say in the log which groups have targets that the policy's statistics cut off."""
    samples = [(motion, start) for motion in motions for start in motion.starts]
    state = np.stack([motion.state[start] for motion, start in samples])
    targets = np.stack([motion.chunk(start, processor.action_horizon)[0]
                        for motion, start in samples])
    kept = processor.unnormalize_actions(processor.normalize_actions(targets, state), state)
    is_cut, first = np.abs(kept - targets) > SAME_TARGET, 0
    for group, size in processor.action_groups.items():
        share = float(is_cut[..., first:first + size].mean())
        first += size
        if share > TOLERATED_SHARE:
            logger.warning('%.0f %% of the targets of %s lie outside the statistics of the '
                           'policy and are cut off there; --new-statistics takes those of the '
                           'data', 100 * share, group)
