"""What a checkpoint expects and returns in physical units: images, state, actions, text.

Reads processor_config.json, statistics.json and embodiment_id.json in the layout of the
released GR00T N1.6 and N1.7 checkpoints. numpy only: the perception node uses it too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


class ProcessorError(ValueError):
    """Sidecar files of a checkpoint that are missing or contradict each other."""


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """How a camera image becomes a model image.

    Attributes:
        crop: x, y, width, height of the part that is kept, as fractions of the image.
        size: Width and height after resizing [px].
    """

    crop: tuple[float, float, float, float]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class GroupRange:
    """Normalisation range of one joint group; maps [low, high] to [-1, 1].

    Attributes:
        low: Shape (dim,), or (action_horizon, dim) for a group of relative actions.
        high: As `low`.
        relative: Actions are offsets from the state of the same group.
    """

    name: str
    low: FloatArray
    high: FloatArray
    relative: bool = False

    @property
    def dim(self) -> int:
        """Joints in the group."""
        return int(self.low.shape[-1])

    def normalize(self, values: FloatArray) -> FloatArray:
        """Map physical values to [-1, 1], clipped; a constant dimension becomes 0."""
        span = self.high - self.low
        constant = np.isclose(span, 0.0)
        scaled = 2.0 * (values - self.low) / np.where(constant, 1.0, span) - 1.0
        return np.clip(np.where(constant, 0.0, scaled), -1.0, 1.0).astype(np.float32)

    def unnormalize(self, values: FloatArray) -> FloatArray:
        """Invert `normalize`."""
        unit = (np.clip(values, -1.0, 1.0) + 1.0) / 2.0
        return (self.low + unit * (self.high - self.low)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Processor:
    """The processor of one embodiment of a checkpoint.

    Attributes:
        embodiment_id: Index of the embodiment's encoders and decoder in the model.
        images: Image preparation by video key, in the model's order of views.
        state: Ranges of the state groups [rad], in the model's order.
        action: Ranges of the action groups [rad], in the model's order.
        action_period: Time from one action to the next [s].
    """

    embodiment_tag: str
    embodiment_id: int
    images: dict[str, ImageSpec]
    state: tuple[GroupRange, ...]
    action: tuple[GroupRange, ...]
    action_horizon: int
    action_period: float
    max_state_dim: int
    max_action_dim: int
    formalize_language: bool

    @property
    def state_groups(self) -> dict[str, int]:
        """Dimension of each state group, in order."""
        return {group.name: group.dim for group in self.state}

    @property
    def action_groups(self) -> dict[str, int]:
        """Dimension of each action group, in order."""
        return {group.name: group.dim for group in self.action}

    @property
    def action_dim(self) -> int:
        """Joints that the model moves."""
        return sum(self.action_groups.values())

    def image(self, image: NDArray[np.uint8]) -> FloatArray:
        """Scale an RGB image (height, width, 3) to [-1, 1], shape (3, height, width)."""
        return np.ascontiguousarray(image.transpose(2, 0, 1), np.float32) / 127.5 - 1.0

    def instruction(self, text: str) -> str:
        """Return the words as the model reads them: lower case, no punctuation."""
        if not self.formalize_language:
            return text
        return ' '.join(re.sub(r'[^\w\s]', ' ', text.lower()).split())

    def normalize_state(self, state: FloatArray) -> FloatArray:
        """Normalise and pad state (..., state_dim) [rad] to (..., max_state_dim)."""
        parts = [group.normalize(part) for group, part in _slices(self.state, state)]
        return _pad(np.concatenate(parts, axis=-1), self.max_state_dim)

    def normalize_actions(self, actions: FloatArray, state: FloatArray) -> FloatArray:
        """Normalise and pad actions (..., horizon, action_dim) [rad] seen from `state`.

        Returns:
            Shape (..., horizon, max_action_dim).
        """
        reference = self._reference(state)
        parts = [group.normalize(part) for group, part in
                 _slices(self.action, actions - reference[..., None, :])]
        return _pad(np.concatenate(parts, axis=-1), self.max_action_dim)

    def unnormalize_actions(self, actions: FloatArray, state: FloatArray) -> FloatArray:
        """Invert `normalize_actions`; returns joint targets [rad], (..., horizon, action_dim)."""
        parts = [group.unnormalize(part) for group, part in
                 _slices(self.action, actions[..., :self.action_dim])]
        return np.concatenate(parts, axis=-1) + self._reference(state)[..., None, :]

    def _reference(self, state: FloatArray) -> FloatArray:
        by_name = {group.name: part for group, part in _slices(self.state, state)}
        return np.concatenate([
            by_name[group.name] if group.relative
            else np.zeros((*state.shape[:-1], group.dim), np.float32)
            for group in self.action], axis=-1)


def load_processor(checkpoint: Path, embodiment_tag: str) -> Processor:
    """Read the processor of one embodiment from a checkpoint folder.

    Raises:
        ProcessorError: If a file or the embodiment is missing, or the files disagree.
    """
    settings = _read(checkpoint / 'processor_config.json')['processor_kwargs']
    ids = _read(checkpoint / 'embodiment_id.json')
    if embodiment_tag not in ids or embodiment_tag not in settings['modality_configs']:
        raise ProcessorError(
            f'{checkpoint}: no embodiment {embodiment_tag!r}; this checkpoint was trained for '
            f'{", ".join(sorted(ids))} (key model.embodiment_tag of the embodiment file)')
    modality = settings['modality_configs'][embodiment_tag]
    statistics = _read(checkpoint / 'statistics.json')[embodiment_tag]
    horizon = len(modality['action']['delta_indices'])
    return Processor(
        embodiment_tag=embodiment_tag, embodiment_id=int(ids[embodiment_tag]),
        images={key: ImageSpec(tuple(settings['image_crop']), tuple(settings['image_target_size']))
                for key in modality['video']['modality_keys']},
        state=_state_ranges(modality['state'], statistics, settings['use_percentiles']),
        action=_action_ranges(modality['action'], statistics, settings['use_percentiles']),
        action_horizon=horizon, action_period=float(settings['action_period_s']),
        max_state_dim=int(settings['max_state_dim']),
        max_action_dim=int(settings['max_action_dim']),
        formalize_language=bool(settings['formalize_language']))


def _state_ranges(modality: dict[str, Any], statistics: dict[str, Any],
                  use_percentiles: bool) -> tuple[GroupRange, ...]:
    low, high = ('q01', 'q99') if use_percentiles else ('min', 'max')
    return tuple(_range(name, statistics['state'][name], low, high)
                 for name in modality['modality_keys'])


def _action_ranges(modality: dict[str, Any], statistics: dict[str, Any],
                   use_percentiles: bool) -> tuple[GroupRange, ...]:
    low, high = ('q01', 'q99') if use_percentiles else ('min', 'max')
    ranges = []
    for name, config in zip(modality['modality_keys'], modality['action_configs'], strict=True):
        if config['rep'] == 'RELATIVE':
            # Relative actions always use minimum and maximum, per row of the chunk.
            ranges.append(_range(name, statistics['relative_action'][name], 'min', 'max', True))
        elif config['rep'] == 'ABSOLUTE':
            ranges.append(_range(name, statistics['action'][name], low, high))
        else:
            raise ProcessorError(f'action group {name!r} has rep {config["rep"]!r}; '
                                 'this package executes RELATIVE and ABSOLUTE')
    return tuple(ranges)


def _range(name: str, statistics: dict[str, Any], low: str, high: str,
           relative: bool = False) -> GroupRange:
    return GroupRange(name, np.asarray(statistics[low], np.float32),
                      np.asarray(statistics[high], np.float32), relative)


def _read(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        raise ProcessorError(
            f'{path}: no such file; a checkpoint folder holds config.json, model.safetensors, '
            'processor_config.json, statistics.json and embodiment_id.json') from None
    return values


def _slices(groups: tuple[GroupRange, ...],
            values: FloatArray) -> list[tuple[GroupRange, FloatArray]]:
    wanted = sum(group.dim for group in groups)
    if values.shape[-1] != wanted:
        sizes = ', '.join(f'{group.name} {group.dim}' for group in groups)
        raise ProcessorError(f'expected {wanted} values ({sizes}), got {values.shape[-1]}')
    ends = np.cumsum([group.dim for group in groups])
    return [(group, values[..., end - group.dim:end])
            for group, end in zip(groups, ends, strict=True)]


def _pad(values: FloatArray, size: int) -> FloatArray:
    width = [(0, 0)] * (values.ndim - 1) + [(0, size - values.shape[-1])]
    return np.pad(values, width).astype(np.float32)
