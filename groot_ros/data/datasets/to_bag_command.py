"""`ros2 run groot_ros dataset_to_bag`: make a bag of an episode of a dataset."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from groot_ros.data.bags import BagError, MessageTypes
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.to_bag import ANNOTATIONS_FILE, write_bag
from groot_ros.embodiment import EmbodimentError, embodiment_file, load_embodiment

FAILED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one bag; returns 0, or 2 if it could not be made."""
    given = _parser().parse_args(arguments)
    try:
        print(convert(given.dataset, given.episode, given.output, given.embodiment))
    except ModuleNotFoundError as error:
        print(f'dataset_to_bag: {error.name} is not installed: scripts/env --with data, or '
              'pip install av pyarrow', file=sys.stderr)
        return FAILED
    except (BagError, DatasetError, EmbodimentError, OSError) as error:
        print(f'dataset_to_bag: {error}', file=sys.stderr)
        return FAILED
    return 0


def convert(folder: Path, index: int, output: Path, tag: str) -> str:
    """Write an episode as a bag; returns what was done, in words.

    Args:
        folder: The dataset.
        index: Of the episode.
        output: The new bag.
        tag: Of the robot, or path of its YAML file; empty takes what the dataset names.

    Raises:
        BagError: If the bag exists.
        DatasetError: If the dataset has no such episode, or it is not of this robot.
    """
    from groot_ros.data.datasets.reading import open_dataset
    dataset = open_dataset(folder)
    episode = dataset.episode(index)
    tag = tag or dataset.layout.robot
    facts = {'origin_dataset': folder.resolve().name, 'origin_episode': str(index),
             'embodiment_file': embodiment_file(tag).read_text()}
    messages = write_bag(output, episode, load_embodiment(tag), MessageTypes(), facts)
    fps = dataset.layout.fps
    lines = [f'{output}: {messages} messages of {len(episode)} frames; the same frames again: '
             f'bag_to_dataset --fps {fps:g} --max-gap-s {0.5 / fps:g}']
    if (output / ANNOTATIONS_FILE).is_file():
        lines.append(f'its sub-goals and tags: --annotations {output / ANNOTATIONS_FILE}')
    return '\n'.join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='dataset_to_bag', description=__doc__)
    add = parser.add_argument
    add('dataset', type=Path, help='folder of a dataset: gr00t (LeRobot v2.1) or lerobot-v3')
    add('--episode', type=int, required=True, help='which one, counted from 0')
    add('--output', type=Path, required=True, help='folder of the new bag')
    add('--embodiment', default='',
        help='tag of the robot or path of its YAML file; what the dataset names if absent')
    return parser
