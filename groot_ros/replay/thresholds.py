"""How far a replay may be from its recording, read strictly from a small YAML file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from math import inf
from pathlib import Path
from typing import Any

import yaml

from groot_ros.embodiment.errors import did_you_mean
from groot_ros.embodiment.unique_keys import load_yaml

MODES = ('exact', 'fast', 'realtime')


class ThresholdError(ValueError):
    """Thresholds that cannot be used: names the file, the key and the remedy."""


@dataclass(frozen=True, slots=True)
class JointThreshold:
    """What the commands to one joint may differ by.

    Attributes:
        max_error: At any time [rad].
        rms_error: Over the replay [rad].
    """

    max_error: float
    rms_error: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What one mode of replay is held to.

    Attributes:
        match_within_s: Commands further apart in time do not belong together [s].
        min_compared: Share of the commands that must have a partner.
        max_missed_solves: Share of the expected chunks that may be missing.
        max_latency_s: 95 % of the images must be acted on by then [s]; None does not look.
        default: For every joint.
        joints: For some joints, in place of the default.
    """

    match_within_s: float
    min_compared: float
    max_missed_solves: float
    default: JointThreshold
    max_latency_s: float | None = None
    joints: Mapping[str, JointThreshold] = field(default_factory=dict)

    def of(self, joint: str) -> JointThreshold:
        """Return what holds for a joint."""
        return self.joints.get(joint, self.default)


def load_thresholds(mode: str, file: Path | None = None) -> Thresholds:
    """Return the thresholds of one mode.

    Args:
        mode: One of MODES.
        file: None takes the one that this package ships.

    Raises:
        ThresholdError: If there is no such file or mode, or naming the key that is wrong in it.
    """
    path = file or _shipped_file()
    try:
        modes = _mapping(load_yaml(path.read_text(encoding='utf-8')), 'the file', MODES)
        if mode not in modes:
            raise ThresholdError(f'no mode {mode!r}: {did_you_mean(mode, modes)}')
        return _thresholds(modes[mode], mode)
    except (OSError, yaml.YAMLError, ThresholdError) as error:
        raise ThresholdError(f'{path}: {error}') from None


def _shipped_file() -> Path:
    """Return config/replay/thresholds.yaml, of the source tree first."""
    place = Path('config', 'replay', 'thresholds.yaml')
    source = Path(__file__).resolve().parents[2] / place
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    installed = [Path(prefix, 'share', 'groot_ros', place) for prefix in prefixes if prefix]
    found = [file for file in (source, *installed) if file.is_file()]
    return found[0] if found else source


def _thresholds(content: Any, mode: str) -> Thresholds:
    values = _checked(Thresholds, content, mode)
    overrides = _mapping(values.pop('joints', {}), f'{mode}.joints')
    default = _joint(values.pop('default'), f'{mode}.default')
    return Thresholds(
        **{key: _limit(value, f'{mode}.{key}') for key, value in values.items()}, default=default,
        joints={name: _joint(each, f'{mode}.joints.{name}') for name, each in overrides.items()})


def _joint(content: Any, where: str) -> JointThreshold:
    values = _checked(JointThreshold, content, where)
    return JointThreshold(**{key: _limit(each, f'{where}.{key}') for key, each in values.items()})


def _checked(kind: type[Thresholds] | type[JointThreshold], content: Any,
             where: str) -> dict[str, Any]:
    """Return a mapping with the fields of a class as keys, none unknown and none missing."""
    given = _mapping(content, where, [each.name for each in fields(kind)])
    for each in fields(kind):
        required = each.default is MISSING and each.default_factory is MISSING
        if required and each.name not in given:
            raise ThresholdError(f'{where}.{each.name} is missing')
    return dict(given)


def _mapping(content: Any, where: str, known: Sequence[str] | None = None) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise ThresholdError(f'{where} must hold keys and values, got {content!r}')
    for key in content:
        if known is not None and key not in known:
            raise ThresholdError(f'{where}: unknown key {key!r}; {did_you_mean(str(key), known)}')
    return content


def _limit(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < inf:
        raise ThresholdError(f'{where} must be a number from 0 on, got {value!r} (YAML reads '
                             '1e-5 as text: write 1.0e-5)')
    return float(value)
