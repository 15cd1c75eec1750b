"""The processor of N1 and N1.5, from experiment_cfg/.

metadata.json holds statistics and shapes, but neither the order of the groups nor how each is
scaled: upstream that is a Python class of the user, which is never executed here. So a
data_config.json beside it says the same as data. It belongs to the checkpoint, not to the robot's
embodiment file: two checkpoints for one robot may have been trained with different scalings.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from groot_ros.model.processor.embodiments import read_slots, release_of, resolve_tag
from groot_ros.model.processor.errors import ProcessorError
from groot_ros.model.processor.groups import Group, GroupAngles, GroupMeanStd
from groot_ros.model.processor.groups_n1 import (
    GroupAsIs,
    GroupMinMax,
    GroupPercentiles,
    GroupRotation,
    GroupScale,
    GroupSwitch,
)
from groot_ros.model.processor.images import CentreCrop, ImageSpec
from groot_ros.model.processor.model_sizes import ModelSizes, read_head
from groot_ros.model.processor.processor import Processor
from groot_ros.model.processor.rotations import rotation_size
from groot_ros.model.processor.sidecars import METADATA, Section
from groot_ros.model.processor.statistics import REMEDY, read_statistics

DATA_CONFIG = METADATA.with_name('data_config.json')
WRITE_IT = ('write for the embodiment tag video.modality_keys, state.modality_keys, '
            'action.modality_keys, action.delta_indices and the normalization_modes of state and '
            'action as in the data config that the checkpoint was trained with')
MODES = ('MIN_MAX', 'Q99', 'MEAN_STD', 'BINARY', 'SCALE')


def load_from_metadata(checkpoint: Path, embodiment_tag: str) -> Processor:
    """Read the processor of one embodiment of an N1 or N1.5 checkpoint.

    Raises:
        ProcessorError: If a file or the embodiment is missing, or the files disagree.
    """
    metadata = Section.from_file(checkpoint / METADATA, REMEDY)
    tag = resolve_tag(embodiment_tag, metadata.values, metadata.file)
    data, config = metadata.section(tag), _read_data_config(checkpoint, tag)
    state = _groups(data, config, 'state')
    action = _groups(data, config, 'action')
    horizon = len(config.section('action').integers('delta_indices'))
    sizes = _sizes(checkpoint, horizon)
    sizes.check(config, state, action, horizon)
    video, language = config.section('video'), config.optional_section('language')
    return Processor(
        embodiment_tag=tag, embodiment_id=_slot(checkpoint, tag), images=_images(video),
        state=state, action=action, action_horizon=horizon,
        action_period=_action_period(data, config, video),
        max_state_dim=sizes.state, max_action_dim=sizes.action,
        formalize_language=config.flag('formalize_language', False),
        max_action_horizon=sizes.horizon, keep_spacing=True,
        video_deltas=video.integers('delta_indices', (0,)),
        state_deltas=config.section('state').integers('delta_indices', (0,)),
        language_key=next(iter(language.optional_names('modality_keys')), None))


def _read_data_config(checkpoint: Path, tag: str) -> Section:
    file = checkpoint / DATA_CONFIG
    if not file.is_file():
        raise ProcessorError(f'{file}: expected this file, got none; N1 and N1.5 keep the order '
                             f'and the scaling of the groups in Python code: {WRITE_IT}')
    return Section.from_file(file, WRITE_IT).section(tag)


def _slot(checkpoint: Path, tag: str) -> int:
    config = checkpoint / 'config.json'
    model_type = str(Section.from_file(config).values.get('model_type', ''))
    slots = read_slots(checkpoint, release_of(model_type))
    return slots[resolve_tag(tag, slots, checkpoint)]


def _sizes(checkpoint: Path, horizon: int) -> ModelSizes:
    """N1 calls the size of an action `action_dim`."""
    head = read_head(checkpoint)
    action = 'max_action_dim' if 'max_action_dim' in head.values else 'action_dim'
    return ModelSizes(head.integer('max_state_dim'), head.integer(action),
                      head.integer('action_horizon', horizon))


def _images(video: Section) -> dict[str, ImageSpec]:
    """Keep the middle 95 % and resize to 224 x 224, unless the data config says otherwise."""
    fraction = video.number('crop_scale', 0.95)
    width, height = video.integers('size', (224, 224))
    margin = (1.0 - fraction) / 2.0
    size = (width, height)
    spec = ImageSpec((margin, margin, fraction, fraction), size, CentreCrop(fraction, size))
    return dict.fromkeys(video.names('modality_keys'), spec)


def _action_period(data: Section, config: Section, video: Section) -> float | None:
    """Return the time between actions [s]: the data config's, else that between video frames."""
    if 'action_period_s' in config.values:
        return config.number('action_period_s')
    first = video.names('modality_keys')[0]
    frames = data.optional_section('modalities').optional_section('video').optional_section(first)
    return 1.0 / frames.number('fps') if frames.values.get('fps') else None


def _groups(data: Section, config: Section, modality: str) -> tuple[Group, ...]:
    own = config.section(modality)
    return tuple(_group(name, data, own, modality) for name in own.names('modality_keys'))


def _group(name: str, data: Section, config: Section, modality: str) -> Group:
    statistics = data.section('statistics').section(modality).section(name)
    shapes = data.section('modalities').section(modality).section(name)
    dim = int(np.prod(shapes.integers('shape')))
    modes = config.optional_section('normalization_modes')
    mode = modes.choice(name, MODES, 'AS_IS')
    targets = config.optional_section('target_rotations')
    if name in targets.values:
        source, target = _representation(shapes, 'rotation_type'), _representation(targets, name)
        return GroupRotation(_rotation(name, target, mode, modes), source, target)
    if modality == 'state' and name in config.optional_names('sin_cos_embedding_keys'):
        return GroupAngles(name, dim)
    group = _scaled(name, dim, mode, statistics)
    if group.dim != dim:
        raise shapes.error('shape', f'expected {group.dim} values, as statistics.{modality}.'
                           f'{name} has, got {dim}')
    return group


def _scaled(name: str, dim: int, mode: str, statistics: Section) -> Group:
    if mode == 'MIN_MAX':
        return GroupMinMax(name, *read_statistics(statistics, 'min', 'max'))
    if mode == 'Q99':
        return GroupPercentiles(name, *read_statistics(statistics, 'q01', 'q99'))
    if mode == 'MEAN_STD':
        return GroupMeanStd(name, *read_statistics(statistics, 'mean', 'std'))
    if mode == 'SCALE':
        return GroupScale(name, np.abs(read_statistics(statistics, 'min', 'max')).max(axis=0))
    return GroupSwitch(name, dim) if mode == 'BINARY' else GroupAsIs(name, dim)


def _representation(section: Section, key: str) -> str:
    representation = str(section.value(key))
    if rotation_size(representation) is None:
        raise section.error(key, 'expected axis_angle, quaternion, rotation_6d, matrix or '
                            f'euler_angles_ and an order of r, p, y, got {representation}')
    return representation


def _rotation(name: str, target: str, mode: str, modes: Section) -> Group:
    """Return the scaling of a converted rotation: none, or its whole range to [-1, 1].

    Statistics of the data are those of the source representation and are not used.
    """
    size = rotation_size(target) or 0
    limit = 1.0 if target in ('rotation_6d', 'quaternion', 'matrix') else np.pi
    if mode not in ('AS_IS', 'MIN_MAX'):
        raise modes.error(
            name, f'expected min_max or nothing for a converted rotation, got {mode.lower()}')
    if mode == 'MIN_MAX':
        return GroupMinMax(name, np.full(size, -limit), np.full(size, limit))
    return GroupAsIs(name, size)
