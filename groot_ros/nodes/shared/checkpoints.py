"""Whether a checkpoint fits a robot."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from groot_ros.embodiment import Embodiment
from groot_ros.model.processor import ImageSpec, Processor

CHECKPOINT = (
    'Name of a shipped policy, path of a checkpoint folder, or its owner/name on the Hugging Face '
    'hub.')
ALLOW_UNTRAINED = (
    'Take an embodiment that the checkpoint was never trained for, although its actions are '
    'noise.')
NOW = (0,)


class CheckpointMismatchError(ValueError):
    """A checkpoint that was trained for another robot, or that leaves out what this one needs."""


def check_fit(processor: Processor, embodiment: Embodiment) -> None:
    """Check that a checkpoint's groups and images are those of the robot, and of one time.

    Raises:
        CheckpointMismatchError: Naming the key of the embodiment file that differs, or what the
            checkpoint needs and the nodes don't give.
    """
    for field, deltas in (('video', processor.video_deltas), ('state', processor.state_deltas)):
        if deltas != NOW:
            raise CheckpointMismatchError(
                f'embodiment {embodiment.tag}: the checkpoint reads {field} at the time steps '
                f'{list(deltas)} (modality_configs.{processor.embodiment_tag}.{field}.'
                'delta_indices), but these nodes give it the present alone, [0]: fine-tune it '
                'with delta_indices [0]')
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
        if not _is_prepared(spec, width, height):
            ratio = '' if _has_one_size(spec) else ' or one side longer'
            raise CheckpointMismatchError(
                f'image {key!r} is {width} x {height}, the checkpoint asks for '
                f'{spec.size[0]} x {spec.size[1]}{ratio}: give both nodes the same checkpoint')


def _is_prepared(spec: ImageSpec, width: int, height: int) -> bool:
    if _has_one_size(spec):
        return (width, height) == tuple(spec.size)
    return min(width, height) == min(spec.size)


def _has_one_size(spec: ImageSpec) -> bool:
    """Return whether every camera image ends up with one size, or keeps its aspect ratio."""
    edge = max(spec.size)
    return spec.output_size(2 * edge, edge) == spec.output_size(edge, edge)
