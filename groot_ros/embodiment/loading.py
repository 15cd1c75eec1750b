"""From a YAML file to an `Embodiment`, refusing what it does not understand."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from groot_ros.embodiment.description import (
    Description,
    check_against_description,
    open_description,
)
from groot_ros.embodiment.errors import OPEN, EmbodimentError, did_you_mean
from groot_ros.embodiment.hands import Hand
from groot_ros.embodiment.parts import Camera, CommandOutput, Joint, ModelMapping, Rates
from groot_ros.embodiment.robot import Embodiment
from groot_ros.embodiment.unique_keys import RepeatedKeyError, load_yaml


def load_embodiment(tag_or_file: str | Path) -> Embodiment:
    """Load a robot by its tag (`unitree_g1`) or by the path of its YAML file.

    Raises:
        EmbodimentError: If there is no such file, or naming the key that is wrong in it.
    """
    file = embodiment_file(tag_or_file)
    try:
        return _embodiment(file, _Section('', load_yaml(file.read_text(encoding='utf-8'))))
    except EmbodimentError as error:
        raise error.in_file(str(file)) from None
    except RepeatedKeyError as error:
        raise EmbodimentError(error.key, error.problem, str(file)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise EmbodimentError('', f'is not YAML: {error}', str(file)) from None


def known_embodiments() -> dict[str, Path]:
    """Return the files of all robots this package knows, by tag."""
    folders = reversed(_folders())
    return {file.stem: file for folder in folders for file in sorted(folder.glob('*.yaml'))}


def _folders() -> list[Path]:
    # The source tree first, so that an edited file acts before the next build.
    source = Path(__file__).resolve().parents[2] / 'config' / 'embodiments'
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    installed = [Path(p, 'share', 'groot_ros', 'config', 'embodiments') for p in prefixes if p]
    return [folder for folder in (source, *installed) if folder.is_dir()]


def embodiment_file(tag_or_file: str | Path) -> Path:
    """Return the YAML file of a robot by its tag or path.

    Raises:
        EmbodimentError: If there is none.
    """
    path = Path(tag_or_file)
    if path.suffix in ('.yaml', '.yml'):
        if not path.is_file():
            raise EmbodimentError('', 'no such embodiment file', str(path))
        return path
    known = known_embodiments()
    if str(tag_or_file) not in known:
        raise EmbodimentError(
            '', f"no embodiment '{tag_or_file}': for a robot of your own give the path of its "
            f'YAML file; {did_you_mean(str(tag_or_file), known)}')
    return known[str(tag_or_file)]


@dataclass(frozen=True, slots=True)
class _Section:
    """A mapping in the file that knows its own key path."""

    path: str
    content: Any

    def __post_init__(self) -> None:
        if not isinstance(self.content, Mapping):
            raise EmbodimentError(
                self.path, f'must hold keys and values, got {self.content!r}')

    def fields(self, *required: str, optional: tuple[str, ...] = ()) -> None:
        """Refuse missing and unknown keys."""
        for key in self.content:
            if key not in required + optional:
                raise EmbodimentError(
                    self.at(key), f'unknown key; {did_you_mean(str(key), required + optional)}')
            if self.content[key] == OPEN:
                raise EmbodimentError(
                    self.at(key), f'is still {OPEN}: write what holds for this robot')
        for key in required:
            if key not in self.content:
                raise EmbodimentError(self.at(key), 'is missing')

    def at(self, key: object) -> str:
        """Return the path of a key in this section."""
        return f'{self.path}.{key}' if self.path else str(key)

    def section(self, key: str) -> _Section:
        """Return the mapping under a key."""
        return _Section(self.at(key), self.content[key])

    def sections(self, key: str) -> dict[str, _Section]:
        """Return the mappings under a key, by name, at least one."""
        outer = self.section(key)
        if not outer.content:
            raise EmbodimentError(outer.path, 'must not be empty')
        return {str(name): outer.section(name) for name in outer.content}

    def text(self, key: str) -> str:
        """Return a string that is not empty."""
        value = self.content[key]
        if not isinstance(value, str) or not value.strip():
            raise EmbodimentError(self.at(key), f'must be text, got {value!r}')
        return value

    def number(self, key: str) -> float:
        """Return a number."""
        value = self.content[key]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise EmbodimentError(self.at(key), f'must be a number, got {value!r}')
        return float(value)

    def numbers(self, key: str) -> tuple[float, ...]:
        """Return a list of numbers."""
        value = self.content[key]
        if not isinstance(value, list) or not all(
                isinstance(number, int | float) and not isinstance(number, bool)
                for number in value):
            raise EmbodimentError(self.at(key), f'must be a list of numbers, got {value!r}')
        return tuple(map(float, value))

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of strings, at least one."""
        value = self.content[key]
        if not isinstance(value, list) or not value or not all(
                isinstance(name, str) for name in value):
            raise EmbodimentError(self.at(key), f'must be a list of names, got {value!r}')
        return tuple(value)


def _embodiment(file: Path, root: _Section) -> Embodiment:
    root.fields(
        'base_frame', 'joint_state_topic', 'joints', 'groups', 'cameras', 'outputs', 'rates',
        'model', optional=('imu_topic', 'description', 'hands'))
    groups_section = root.section('groups')
    groups = {str(name): groups_section.names(name) for name in groups_section.content}
    description = None
    if 'description' in root.content:
        description = open_description(root.text('description'), file.parent)
    joints = root.sections('joints').items()
    embodiment = Embodiment(
        tag=file.stem,
        base_frame=root.text('base_frame'),
        joint_state_topic=root.text('joint_state_topic'),
        imu_topic=root.text('imu_topic') if 'imu_topic' in root.content else None,
        joints=tuple(_joint(name, section, description) for name, section in joints),
        groups=groups,
        cameras=tuple(_camera(name, s) for name, s in root.sections('cameras').items()),
        outputs=tuple(
            _output(name, s, groups) for name, s in root.sections('outputs').items()),
        rates=_rates(root.section('rates')),
        model=_model(root.section('model')),
        hands=tuple(_hand(name, s) for name, s in root.sections('hands').items())
        if 'hands' in root.content else (),
    )
    if description is not None:
        check_against_description(embodiment, description)
    return embodiment


def _joint(name: str, section: _Section, description: Description | None) -> Joint:
    described = ('lower', 'upper', 'velocity')
    section.fields('acceleration', 'home', optional=(*described, 'jerk'))
    if description is not None and name not in description.joints:
        raise EmbodimentError(
            section.path, f'is not in {description.source}: '
            f'{did_you_mean(name, description.joints)}')
    values = {key: section.number(key) for key in section.content}
    for key in described:
        if key not in values:
            values[key] = _described(name, key, section, description)
    return Joint(name, **values)


def _described(
        name: str, key: str, section: _Section, description: Description | None) -> float:
    """Return a limit that the file leaves to the robot's description."""
    if description is None:
        raise EmbodimentError(
            section.at(key), "is missing: give it, or name the robot's URDF under description")
    value = getattr(description.joints[name], key)
    if value is None or not math.isfinite(value):
        raise EmbodimentError(section.at(key), f'is missing, in {description.source} too: give it')
    return float(value)


def _camera(name: str, section: _Section) -> Camera:
    keys = ('topic', 'transport', 'frame_id', 'video_key')
    section.fields(*keys)
    return Camera(name, **{key: section.text(key) for key in keys})


def _output(
        name: str, section: _Section, groups: Mapping[str, tuple[str, ...]]) -> CommandOutput:
    section.fields('interface', 'topic', 'groups')
    for group in section.names('groups'):
        if group not in groups:
            raise EmbodimentError(
                section.at('groups'),
                f"group '{group}' is not under groups: {did_you_mean(group, groups)}")
    joints = tuple(joint for group in section.names('groups') for joint in groups[group])
    return CommandOutput(name, section.text('interface'), section.text('topic'), joints)


def _rates(section: _Section) -> Rates:
    keys = ('control_hz', 'observation_hz', 'planner_hz')
    section.fields(*keys)
    return Rates(**{key: section.number(key) for key in keys})


def _model(section: _Section) -> ModelMapping:
    section.fields('embodiment_tag', 'state', 'action')
    return ModelMapping(
        section.text('embodiment_tag'), section.names('state'), section.names('action'))


def _hand(name: str, section: _Section) -> Hand:
    fingers = ('fingers', 'open', 'closed')
    section.fields('frame', 'grasp_point', 'groups', optional=fingers)
    if present := [key for key in fingers if key in section.content]:
        section.fields('frame', 'grasp_point', 'groups', *fingers)
    return Hand(
        name, section.text('frame'), section.numbers('grasp_point'), section.names('groups'),
        *((section.text('fingers'), section.numbers('open'), section.numbers('closed'))
          if present else ()))
