"""One process of training: alone, or one of those that torchrun started."""

from __future__ import annotations

import argparse
import os
import sys

import torch
import torch.distributed as dist

from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.demonstrations import DemonstrationError
from groot_ros.embodiment import EmbodimentError
from groot_ros.model.checkpoint import CheckpointError
from groot_ros.model.config import ConfigError
from groot_ros.model.finding import CheckpointNotFoundError
from groot_ros.model.processor import ProcessorError
from groot_ros.training.errors import TrainingError
from groot_ros.training.run import train

UNREADABLE = (CheckpointError, CheckpointNotFoundError, ConfigError, DatasetError,
              DemonstrationError, EmbodimentError, OSError, ProcessorError)


def run(options: argparse.Namespace) -> int:
    """Train and write the checkpoint; returns the exit code."""
    options.device = options.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    if 'WORLD_SIZE' in os.environ:
        dist.init_process_group('nccl' if options.device == 'cuda' else 'gloo')
    try:
        train(options)
    except TrainingError as error:
        print(f'train: {options.dataset or options.demonstrations}: {error}', file=sys.stderr)
        return 1
    except UNREADABLE as error:
        print(f'train: {error}', file=sys.stderr)
        return 1
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    return 0
