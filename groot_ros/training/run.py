"""One training run, from recorded data to a checkpoint folder."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from groot_ros.embodiment import Embodiment, load_embodiment
from groot_ros.model.config import ModelConfig
from groot_ros.model.finding import find_checkpoint
from groot_ros.model.processor import Processor, load_processor
from groot_ros.model.processor.images import WHOLE
from groot_ros.model.tokenizer import InstructionTokenizer
from groot_ros.training.arguments import FINE_TUNING_RATE, LEARNING_RATE
from groot_ros.training.batches import Batch, Samples
from groot_ros.training.datasets import DatasetSource
from groot_ros.training.demonstrations import DemonstrationSource
from groot_ros.training.fine_tuning import (
    check_policy,
    copy_processor,
    pretrained_model,
    run_config,
    warn_of_cut_targets,
)
from groot_ros.training.objective import Objective, ObjectiveSettings
from groot_ros.training.recipe import (
    new_model,
    write_checkpoint,
    write_processor,
    write_statistics,
)
from groot_ros.training.samples import Source, held_out
from groot_ros.training.trainer import STATE_FILE, Schedule, Trainer

VALIDATION_BATCHES = 8
MAX_WARMUP = 200

logger = logging.getLogger(__name__)


def train(options: argparse.Namespace) -> None:
    """Train as the command line says and write the checkpoint.

    Raises:
        TrainingError: If the data is of another robot, or does not fit the policy it starts from.
        ValueError: If a file is missing or wrong; the class says which.
    """
    rank = dist.get_rank() if dist.is_initialized() else 0
    embodiment = load_embodiment(options.embodiment)
    start = find_checkpoint(options.init) if options.init else None
    config = run_config(options.config, start)
    source = _open_source(options, embodiment, config, rank)
    if rank == 0 and not (options.output / STATE_FILE).is_file():
        _begin(options, embodiment, config, source, start)
    if dist.is_initialized():
        dist.barrier()
    processor = load_processor(options.output, embodiment.model.embodiment_tag)
    check_policy(processor, config, embodiment, source.period)
    warn_of_cut_targets(source.motions, processor)
    training, validation = _samples(source, processor, options.output, config)
    model = pretrained_model(config, start) if start else new_model(config, options.seed)
    torch.manual_seed(options.seed + rank)
    trainer = Trainer(
        Objective(model, processor.embodiment_id, ObjectiveSettings(
            detection=options.detection_weight, grounding=options.grounding_weight)),
        _schedule(options), options.output, options.device, options.bfloat16)
    trainer.run(_drawer(training, options, rank), _validation(validation, options.batch_size))
    if rank == 0:
        write_checkpoint(trainer.shadow.model, options.output, options.output / 'checkpoint')


def _open_source(options: argparse.Namespace, embodiment: Embodiment, config: ModelConfig,
                 rank: int) -> Source:
    horizon = config.action_head_cfg.action_horizon
    if options.demonstrations:
        return DemonstrationSource(options.demonstrations, embodiment, horizon, options.seed)
    from groot_ros.data.datasets.reading import open_dataset
    return DatasetSource(open_dataset(options.dataset), embodiment,
                         tuple(options.image_crop or WHOLE), horizon, show_progress=rank == 0)


def _begin(options: argparse.Namespace, embodiment: Embodiment, config: ModelConfig,
           source: Source, start: Path | None) -> None:
    """Write the processor files of a new run; those of a run that is resumed stay."""
    folder = options.output
    folder.mkdir(parents=True, exist_ok=True)
    if start is None:
        write_processor(folder, embodiment, config, source.crop, source.period)
    else:
        copy_processor(start, folder)
    if start is None or options.new_statistics:
        write_statistics(folder, embodiment, source.motions[held_out(len(source.motions)):],
                         config.action_head_cfg.action_horizon)


def _samples(source: Source, processor: Processor, run: Path,
             config: ModelConfig) -> tuple[Samples, Samples]:
    """Return what is trained on and what validates."""
    tokenizer = InstructionTokenizer(run / 'tokenizer.json',
                                     config.small_backbone().max_text_length)
    episodes = source.episodes(processor, tokenizer)
    first = held_out(len(episodes))
    if first == 0:
        logger.warning('there is one episode only: it trains and validates, so the validation '
                       'loss says nothing about other episodes')
    return (Samples(episodes[first:], processor, source.period),
            Samples(episodes[:first] or episodes, processor, source.period))


def _schedule(options: argparse.Namespace) -> Schedule:
    rate = options.learning_rate or (FINE_TUNING_RATE if options.init else LEARNING_RATE)
    return Schedule(options.steps, options.batch_size, rate, report_every=options.report_every,
                    warmup=max(1, min(MAX_WARMUP, options.steps // 20)))


def _drawer(training: Samples, options: argparse.Namespace, rank: int) -> Callable[[int], Batch]:
    def draw(step: int) -> Batch:
        return training.draw(options.batch_size,
                             np.random.default_rng((options.seed, rank, step)))
    return draw


def _validation(samples: Samples, batch_size: int) -> list[Batch]:
    rng = np.random.default_rng(0)
    return [samples.draw(batch_size, rng) for _ in range(VALIDATION_BATCHES)]
