"""Which columns of a LeRobot dataset are which joints: info.json and GR00T's modality.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.datasets.episode import Layout
from groot_ros.data.datasets.errors import DatasetError

DEFAULT_KEYS = {'state': 'observation.state', 'action': 'action'}
TASK = 'task_index'
INSTRUCTIONS = ('human.task_description', 'human.action.task_description')


@dataclass(frozen=True, slots=True)
class Group:
    """Joints of one group: columns `start` to `end` of a feature."""

    feature: str
    start: int
    end: int
    joints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of the state or the action, in order."""

    by_name: Mapping[str, Group]

    @property
    def features(self) -> list[str]:
        """Columns of the table that hold them."""
        return list(dict.fromkeys(group.feature for group in self.by_name.values()))

    @property
    def joints(self) -> dict[str, tuple[str, ...]]:
        """Joints of each group."""
        return {name: group.joints for name, group in self.by_name.items()}

    def pick(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Return the joints, group after group, shape (frames, joints)."""
        return np.concatenate(
            [columns[group.feature][:, group.start:group.end]
             for group in self.by_name.values()], axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Naming:
    """What is called what in a dataset.

    Attributes:
        layout: Of its episodes.
        state: Where the state is.
        action: Where the action is.
        videos: Feature of each video key.
        instruction: Column that names the instruction.
    """

    layout: Layout
    state: Groups
    action: Groups
    videos: Mapping[str, str]
    instruction: str


def read_naming(folder: Path, info: Mapping[str, Any]) -> Naming:
    """Read what is called what.

    Raises:
        DatasetError: If modality.json is missing, or names what info.json lacks.
    """
    file = folder / 'meta/modality.json'
    features = info['features']
    if not file.is_file():
        raise DatasetError(
            f'{file} is missing: it says which columns are which group of joints, such as '
            '{"state": {"left_arm": {"start": 0, "end": 7}}, "action": {...}, "video": {"front": '
            '{"original_key": "observation.images.front"}}}; write one for '
            f'{", ".join(sorted(features))}')
    try:
        modality = json.loads(file.read_text(encoding='utf-8'))
        state, action = (_groups(file, kind, modality[kind], features)
                         for kind in ('state', 'action'))
        videos = {key: entry.get('original_key', f'observation.images.{key}')
                  for key, entry in modality.get('video', {}).items()}
        cameras = {key: _size(file, feature, features) for key, feature in videos.items()}
        instruction = _instruction(modality.get('annotation', {}), features)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f'{file} is no modality.json of GR00T ({type(error).__name__}: '
                           f'{error})') from None
    layout = Layout(info.get('robot_type') or 'unknown', float(info['fps']), state.joints,
                    action.joints, cameras)
    return Naming(layout, state, action, videos, instruction)


def _groups(file: Path, kind: str, entries: Mapping[str, Any], features: Mapping[str, Any]
            ) -> Groups:
    found = {}
    for name, entry in entries.items():
        feature = entry.get('original_key', DEFAULT_KEYS[kind])
        if feature not in features:
            raise DatasetError(f"{file}: {kind} group '{name}' is a part of '{feature}', which "
                               f'the dataset lacks; it has {", ".join(sorted(features))}')
        width, start, end = features[feature]['shape'][0], entry['start'], entry['end']
        if not 0 <= start < end <= width:
            raise DatasetError(f"{file}: {kind} group '{name}' is columns {start} to {end} of "
                               f"'{feature}', which has {width}")
        names = _joint_names(features[feature].get('names'), feature, width)
        found[name] = Group(feature, start, end, names[start:end])
    return Groups(found)


def _joint_names(names: Any, feature: str, width: int) -> tuple[str, ...]:
    """Return the name of each column; some datasets have a list in a dictionary, some nothing."""
    if isinstance(names, Mapping):
        names = next(iter(names.values()), None)
    if isinstance(names, Sequence) and len(names) == width:
        return tuple(str(name) for name in names)
    return tuple(f'{feature}.{column}' for column in range(width))


def _size(file: Path, feature: str, features: Mapping[str, Any]) -> tuple[int, int]:
    """Return width and height of a video [px]."""
    if feature not in features:
        raise DatasetError(f"{file}: the dataset has no video '{feature}'; it has "
                           f'{", ".join(sorted(features))}')
    if features[feature]['dtype'] != 'video':
        raise DatasetError(f"'{feature}' is stored as {features[feature]['dtype']}: pictures must "
                           'be videos')
    sides = dict(zip(features[feature]['names'], features[feature]['shape'], strict=True))
    return int(sides['width']), int(sides['height'])


def _instruction(annotations: Mapping[str, Any], features: Mapping[str, Any]) -> str:
    """Return the column that tells what the robot was told."""
    for name in INSTRUCTIONS:
        if name in annotations:
            column = annotations[name].get('original_key', f'annotation.{name}')
            if column in features:
                return str(column)
    return TASK
