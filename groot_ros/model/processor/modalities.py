"""State and action groups of N1.6, N1.7 and our own policies.

Source: Isaac-GR00T 1852a8c, gr00t/data/state_action/state_action_processor.py (behaviour only).
"""

from __future__ import annotations

from groot_ros.model.processor.groups import Group, GroupAngles, GroupMeanStd, GroupRange
from groot_ros.model.processor.relative import POSE_SIZES, Reference
from groot_ros.model.processor.sidecars import Section
from groot_ros.model.processor.statistics import REMEDY, read_statistics

REPRESENTATIONS = ('RELATIVE', 'ABSOLUTE')
TYPES = ('EEF', 'NON_EEF')
POSE_FORMATS = {'XYZ_ROT6D': 'rotation_6d', 'XYZ_ROTVEC': 'axis_angle'}
FORMATS = ('DEFAULT', *POSE_FORMATS)


def state_groups(state: Section, statistics: Section, settings: Section) -> tuple[Group, ...]:
    """Return the state groups in the model's order.

    The first that applies: sines and cosines, mean and deviation, range.

    Args:
        state: Modality configuration of the state.
        statistics: Of the embodiment.
        settings: `processor_kwargs`.

    Raises:
        ProcessorError: If a group has no statistics or they do not fit.
    """
    angles = state.optional_names('sin_cos_embedding_keys')
    if not settings.flag('apply_sincos_state_encoding', False):
        angles = ()
    deviations = state.optional_names('mean_std_embedding_keys')
    groups: list[Group] = []
    for name in state.names('modality_keys'):
        group = statistics.section('state').section(name)
        if name in angles:
            groups.append(GroupAngles(name, len(read_statistics(group, *_bounds(settings))[0])))
        elif name in deviations:
            groups.append(GroupMeanStd(name, *read_statistics(group, 'mean', 'std')))
        else:
            groups.append(GroupRange(name, *read_statistics(group, *_bounds(settings)),
                                     clip=settings.flag('clip_outliers', True)))
    return tuple(groups)


def action_groups(action: Section, statistics: Section, settings: Section,
                  state: tuple[Group, ...]) -> tuple[tuple[Group, ...], dict[str, Reference]]:
    """Return the action groups in the model's order and what the relative ones refer to.

    Args:
        action: Modality configuration of the action.
        statistics: Of the embodiment.
        settings: `processor_kwargs`.
        state: The embodiment's state groups.

    Raises:
        ProcessorError: If a group has no statistics, they do not fit, or its reference is wrong.
    """
    groups: list[Group] = []
    references: dict[str, Reference] = {}
    deviations = action.optional_names('mean_std_embedding_keys')
    for name, config in _configs(action).items():
        relative = _is_relative(config) and settings.flag('use_relative_action', False)
        rows = len(action.integers('delta_indices')) if relative else None
        group = statistics.section('relative_action' if relative else 'action').section(name)
        # Relative actions take minimum and maximum of each row, percentiles or not.
        bounds = ('min', 'max') if relative else _bounds(settings)
        clip = settings.flag('clip_outliers', True)
        groups.append(
            GroupMeanStd(name, *read_statistics(group, 'mean', 'std', rows=rows), clip=clip)
            if name in deviations else
            GroupRange(name, *read_statistics(group, *bounds, rows=rows), clip=clip))
        if relative:
            references[name] = _reference(name, config, groups[-1].dim, state)
    return tuple(groups), references


def _bounds(settings: Section) -> tuple[str, str]:
    return ('q01', 'q99') if settings.flag('use_percentiles', False) else ('min', 'max')


def _configs(action: Section) -> dict[str, Section]:
    """Return the configuration of each action group; without any, all are absolute."""
    names = action.names('modality_keys')
    given = action.values.get('action_configs')
    if given is None:
        return {name: Section(action.file, action.at('action_configs'), {}) for name in names}
    if not isinstance(given, list) or len(given) != len(names) or not all(
            isinstance(config, dict) for config in given):
        raise action.error('action_configs', f'expected one mapping for each of the '
                           f'{len(names)} modality_keys, got {given!r:.60}')
    return {name: Section(action.file, f'{action.at("action_configs")}.{name}', config)
            for name, config in zip(names, given, strict=True)}


def _is_relative(config: Section) -> bool:
    if str(config.values.get('rep')).upper() == 'DELTA':
        raise config.error('rep', 'expected RELATIVE or ABSOLUTE, got DELTA', 'steps from one '
                           'action to the next are not executed; train on one of the two')
    return config.choice('rep', REPRESENTATIONS, 'ABSOLUTE') == 'RELATIVE'


def _reference(name: str, config: Section, dim: int, state: tuple[Group, ...]) -> Reference:
    state_key = config.values.get('state_key') or name
    sizes = {group.name: group.dim for group in state}
    if state_key not in sizes:
        raise config.error('state_key', f'expected one of the state groups '
                           f'{", ".join(sizes)}, got {state_key!r}')
    if sizes[state_key] != dim:
        raise config.error('state_key', f'expected a state group of {dim} values, as the relative '
                           f'actions of {name} have, got {state_key} of {sizes[state_key]}',
                           REMEDY)
    form = config.choice('format', FORMATS, 'DEFAULT')
    if config.choice('type', TYPES, 'NON_EEF') == 'NON_EEF':
        return Reference(state_key)
    if form not in POSE_FORMATS:
        raise config.error('format', f'expected {" or ".join(POSE_FORMATS)} for an end effector, '
                           f'got {form}')
    rotation = POSE_FORMATS[form]
    if dim != POSE_SIZES[rotation]:
        raise config.error('format', f'expected {POSE_SIZES[rotation]} values for {form}, got '
                           f'{dim}')
    return Reference(state_key, rotation)
