"""Command line of training: `ros2 run groot_ros train` or `python -m groot_ros.training`."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from groot_ros.data.demonstrations import Recording
from groot_ros.embodiment import load_embodiment
from groot_ros.model.config import ModelConfig
from groot_ros.model.processor import Processor, load_processor
from groot_ros.model.tokenizer import InstructionTokenizer
from groot_ros.training.batches import Batch, DemonstrationSet, SentenceBank
from groot_ros.training.objective import Objective, ObjectiveSettings
from groot_ros.training.recipe import (
    joint_columns,
    new_model,
    write_checkpoint,
    write_processor,
    write_statistics,
)
from groot_ros.training.trainer import Schedule, Trainer

ACTION_PERIOD_S = 0.05
VALIDATION_EPISODES = 40
VALIDATION_BATCHES = 8


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog='train', description='Train System 1 and System 2 of one embodiment end to end. '
        'A run is resumed by giving the same --output again.')
    parser.add_argument('--demonstrations', type=Path, required=True,
                        help='folder of recorded episodes (*.npz)')
    parser.add_argument('--output', type=Path, required=True,
                        help='run folder: training state, curve.csv, checkpoint/')
    parser.add_argument('--config', type=Path, required=True,
                        help='model dimensions, for example config/models/g1_tabletop.json')
    parser.add_argument('--embodiment', default='unitree_g1', help='embodiment tag or file')
    parser.add_argument('--steps', type=int, default=8000, help='optimiser steps')
    parser.add_argument('--batch-size', type=int, default=128, help='samples per process')
    parser.add_argument('--learning-rate', type=float, default=1e-3)
    parser.add_argument('--detection-weight', type=float, default=0.1,
                        help='weight of the detection loss')
    parser.add_argument('--grounding-weight', type=float, default=0.1,
                        help='weight of the loss that grounds the words')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--bfloat16', action='store_true', help='autocast to bfloat16')
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Train and write the checkpoint."""
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    options = parse(arguments)
    if 'WORLD_SIZE' in os.environ:
        dist.init_process_group('nccl' if options.device == 'cuda' else 'gloo')
    rank = dist.get_rank() if dist.is_initialized() else 0
    config = ModelConfig.from_file(options.config)
    embodiment = load_embodiment(options.embodiment)
    horizon = config.action_head_cfg.action_horizon
    paths = sorted(options.demonstrations.glob('*.npz'))
    columns = joint_columns(embodiment)
    training = DemonstrationSet(paths[VALIDATION_EPISODES:], columns, horizon)
    validation = DemonstrationSet(paths[:VALIDATION_EPISODES], columns, horizon)
    if rank == 0:
        options.output.mkdir(parents=True, exist_ok=True)
        write_processor(options.output, embodiment, config,
                        Recording.from_folder(options.demonstrations).crop, ACTION_PERIOD_S)
        write_statistics(options.output, embodiment, training)
    if dist.is_initialized():
        dist.barrier()
    processor = load_processor(options.output, embodiment.model.embodiment_tag)
    sentences = SentenceBank(
        InstructionTokenizer(options.output / 'tokenizer.json',
                             config.small_backbone().max_text_length),
        processor, np.random.default_rng(options.seed))
    objective = Objective(new_model(config, options.seed), processor.embodiment_id,
                          ObjectiveSettings(detection=options.detection_weight,
                                            grounding=options.grounding_weight))
    torch.manual_seed(options.seed + rank)
    trainer = Trainer(
        objective, Schedule(options.steps, options.batch_size, options.learning_rate),
        options.output, options.device, options.bfloat16)
    trainer.run(_drawer(training, processor, sentences, options, rank),
                _validation(validation, processor, sentences, options.batch_size))
    if rank == 0:
        write_checkpoint(trainer.shadow.model, options.output, options.output / 'checkpoint')
    if dist.is_initialized():
        dist.destroy_process_group()
    return 0


def _drawer(training: DemonstrationSet, processor: Processor, sentences: SentenceBank,
            options: argparse.Namespace, rank: int) -> Callable[[int], Batch]:
    def draw(step: int) -> Batch:
        rng = np.random.default_rng((options.seed, rank, step))
        return training.draw(options.batch_size, processor, sentences, rng)
    return draw


def _validation(demonstrations: DemonstrationSet, processor: Processor, sentences: SentenceBank,
                batch_size: int) -> list[Batch]:
    rng = np.random.default_rng(0)
    return [demonstrations.draw(batch_size, processor, sentences, rng)
            for _ in range(VALIDATION_BATCHES)]


if __name__ == '__main__':
    raise SystemExit(main())
