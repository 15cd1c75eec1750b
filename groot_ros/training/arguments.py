"""What the command `train` is told."""

from __future__ import annotations

import argparse
from pathlib import Path

LEARNING_RATE = 1e-3
FINE_TUNING_RATE = 1e-4
"""Source: Isaac-GR00T 0c8fb7d, configs/finetune_config.py."""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line; torch, which takes seconds and gigabytes, is not needed."""
    parser = argparse.ArgumentParser(
        prog='train', description='Train System 1 and System 2 of one embodiment end to end. '
        'A run is resumed by giving the same --output again.')
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument('--dataset', type=Path,
                        help='folder that bag_to_dataset wrote as gr00t or lerobot-v3')
    source.add_argument('--demonstrations', type=Path,
                        help='folder of episodes of the scripted expert (*.npz)')
    parser.add_argument('--output', type=Path, required=True,
                        help='run folder: training state, curve.csv, checkpoint/')
    parser.add_argument('--config', type=Path,
                        help='model dimensions, for example config/models/g1_tabletop.json')
    parser.add_argument('--init', metavar='CHECKPOINT',
                        help='fine-tune this policy: a folder or a shipped one (g1_tabletop)')
    parser.add_argument('--new-statistics', action='store_true',
                        help='with --init: normalise by the statistics of the data instead of '
                        "the checkpoint's")
    parser.add_argument('--image-crop', type=float, nargs=4, metavar=('X', 'Y', 'WIDTH', 'HEIGHT'),
                        help="part of a dataset's pictures that a new policy looks at, as "
                        'fractions; the whole if absent')
    parser.add_argument('--embodiment', default='unitree_g1', help='embodiment tag or file')
    parser.add_argument('--steps', type=int, default=8000, help='optimiser steps')
    parser.add_argument('--batch-size', type=int, default=128, help='samples per process')
    parser.add_argument('--learning-rate', type=float,
                        help=f'{LEARNING_RATE:g} if absent, {FINE_TUNING_RATE:g} with --init')
    parser.add_argument('--detection-weight', type=float, default=0.1,
                        help='weight of the detection loss')
    parser.add_argument('--grounding-weight', type=float, default=0.1,
                        help='weight of the loss that grounds the words')
    parser.add_argument('--report-every', type=int, default=100, help='steps between reports')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--device',
                        help='of torch, as cuda or cpu; cuda where it sees a GPU, if absent')
    parser.add_argument('--bfloat16', action='store_true', help='autocast to bfloat16')
    options = parser.parse_args(arguments)
    if not (options.config or options.init):
        parser.error('give --config, --init or both: one must say the dimensions of the model')
    if options.new_statistics and not options.init:
        parser.error('--new-statistics needs --init: a new policy always has those of the data')
    if options.image_crop and (options.init or options.demonstrations):
        parser.error('--image-crop is for a new policy from a dataset: a checkpoint and '
                     'demonstrations have their own')
    return options
