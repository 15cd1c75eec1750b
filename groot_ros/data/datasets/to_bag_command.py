"""`ros2 run groot_ros dataset_to_bag`: make a bag of an episode of a dataset."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from groot_ros.data.bags import MessageTypes
from groot_ros.data.datasets.command_errors import run_command
from groot_ros.data.datasets.to_bag import ANNOTATIONS_FILE, write_bag
from groot_ros.embodiment import embodiment_file, load_embodiment
from groot_ros.terminal import watched


class Converted(NamedTuple):
    """What became of an episode.

    Attributes:
        bag: Folder.
        messages: In the bag.
        frames: Of the episode.
        fps: Frames per second.
        annotations: CSV file with its sub-goals and tags, None if it has none.
    """

    bag: str
    messages: int
    frames: int
    fps: float
    annotations: str | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one bag; returns 0, or 2 if it could not be made."""
    given = _parser().parse_args(arguments)

    def act() -> int:
        made = convert(given.dataset, given.episode, given.output, given.embodiment)
        print(json.dumps(made._asdict(), indent=2) if given.json else describe(made))
        return 0

    return run_command('dataset_to_bag', act)


def convert(folder: Path, index: int, output: Path, tag: str) -> Converted:
    """Write an episode as a bag.

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
    messages = write_bag(output, episode, load_embodiment(tag), MessageTypes(), facts,
                         partial(watched, description='frames'))
    annotations = output / ANNOTATIONS_FILE
    return Converted(str(output), messages, len(episode), dataset.layout.fps,
                     str(annotations) if annotations.is_file() else None)


def describe(made: Converted) -> str:
    """Return what was done, in words."""
    lines = [f'{made.bag}: {made.messages} messages of {made.frames} frames; the same frames '
             f'again: bag_to_dataset --fps {made.fps:g} --max-gap-s {0.5 / made.fps:g}']
    if made.annotations:
        lines.append(f'its sub-goals and tags: --annotations {made.annotations}')
    return '\n'.join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='dataset_to_bag', description=__doc__)
    add = parser.add_argument
    add('dataset', type=Path, help='folder of a dataset: gr00t (LeRobot v2.1) or lerobot-v3')
    add('--episode', type=int, required=True, help='which one, counted from 0')
    add('--output', type=Path, required=True, help='folder of the new bag')
    add('--embodiment', default='',
        help='tag of the robot or path of its YAML file; what the dataset names if absent')
    add('--json', action='store_true', help='print JSON instead of lines')
    return parser
