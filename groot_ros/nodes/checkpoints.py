"""Where the shipped policies are, and whether one fits a robot."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groot_ros.embodiment import Embodiment
from groot_ros.model.processor import Processor


class CheckpointMismatchError(ValueError):
    """A checkpoint that is not there or was trained for another robot."""


def find_checkpoint(name_or_folder: str) -> Path:
    """Return a checkpoint's folder from its path or the name of a shipped policy.

    Raises:
        CheckpointMismatchError: If there is none.
    """
    source = Path(__file__).resolve().parents[2] / 'models'
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    installed = [Path(prefix, 'share', 'groot_ros', 'models') for prefix in prefixes if prefix]
    roots = (source, *installed)
    for folder in (Path(name_or_folder), *(root / name_or_folder for root in roots)):
        if (folder / 'config.json').is_file():
            return folder
    shipped = sorted({file.parent.name for root in roots for file in root.glob('*/config.json')})
    raise CheckpointMismatchError(
        f'checkpoint {name_or_folder!r} is neither a folder with a config.json nor one of the '
        f'shipped policies ({", ".join(shipped) or "none"})')


def check_fit(processor: Processor, embodiment: Embodiment) -> None:
    """Check that a checkpoint's groups and images are those of the robot.

    Raises:
        CheckpointMismatchError: Naming the key of the embodiment file that differs.
    """
    wanted = {'state': processor.state_groups, 'action': processor.action_groups}
    for field, groups in wanted.items():
        given = {
            name: len(embodiment.groups[name]) for name in getattr(embodiment.model, field)}
        if list(given.items()) != list(groups.items()):
            raise CheckpointMismatchError(
                f'embodiment {embodiment.tag}: model.{field} is {given} (joints per group), the '
                f'checkpoint was trained with {groups}: give the same groups in the same order')
    keys = [camera.video_key for camera in embodiment.cameras]
    for key in processor.images:
        if key not in keys:
            raise CheckpointMismatchError(
                f'embodiment {embodiment.tag}: no camera has video_key {key!r}, which the '
                f'checkpoint needs; its cameras have {", ".join(keys)}')


def check_images(processor: Processor, images: Mapping[str, NDArray[np.uint8]]) -> None:
    """Check that images (height, width, 3) by video key are those that a checkpoint asks for.

    Raises:
        CheckpointMismatchError: Naming the image that is missing or of another size.
    """
    for key, spec in processor.images.items():
        if key not in images:
            raise CheckpointMismatchError(
                f'image {key!r} is missing, the observation has {", ".join(images) or "none"}: '
                'give perception and planner the same checkpoint')
        height, width = images[key].shape[:2]
        if (width, height) != tuple(spec.size):
            raise CheckpointMismatchError(
                f'image {key!r} is {width} x {height}, the checkpoint asks for '
                f'{spec.size[0]} x {spec.size[1]}: give both nodes the same checkpoint')
