"""What one embodiment of a checkpoint expects and returns in physical units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from groot_ros.model.processor.errors import ProcessorError
from groot_ros.model.processor.groups import FloatArray, Group
from groot_ros.model.processor.images import ImageSpec
from groot_ros.model.processor.language import formalize, formalize_words
from groot_ros.model.processor.relative import Reference


@dataclass(frozen=True, slots=True)
class Processor:
    """The processor of one embodiment of a checkpoint.

    Physical values are those of the training data: [rad] for joints, [m] for positions.

    Attributes:
        embodiment_id: Index of the embodiment's encoders and decoder in the model.
        images: Image preparation by video key, in the model's order of views.
        state: State groups in the model's order.
        action: Action groups in the model's order.
        action_horizon: Rows of a chunk that this embodiment was trained on.
        action_period: Time from one action to the next [s], None where the checkpoint does not
            say: released ones often do not.
        references: What the relative action groups are relative to, by group.
        max_action_horizon: Rows that the model predicts, None if they are `action_horizon`.
        exclude_state: The model was trained without state: it reads zeros.
        video_deltas: Frames that the model sees, relative to now [steps of the data set].
        state_deltas: As `video_deltas`, of the state.
        language_key: Modality key of the instruction.
        keep_spacing: Take punctuation out of the instruction and leave the spaces around it.
    """

    embodiment_tag: str
    embodiment_id: int
    images: dict[str, ImageSpec]
    state: tuple[Group, ...]
    action: tuple[Group, ...]
    action_horizon: int
    action_period: float | None
    max_state_dim: int
    max_action_dim: int
    formalize_language: bool
    references: Mapping[str, Reference] = field(default_factory=dict)
    max_action_horizon: int | None = None
    exclude_state: bool = False
    video_deltas: tuple[int, ...] = (0,)
    state_deltas: tuple[int, ...] = (0,)
    language_key: str | None = None
    keep_spacing: bool = False

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
        """Values that the model commands."""
        return sum(self.action_groups.values())

    @property
    def model_horizon(self) -> int:
        """Rows that the model predicts; those past `action_horizon` mean nothing."""
        return self.max_action_horizon or self.action_horizon

    @property
    def action_mask(self) -> FloatArray:
        """1 where the model's actions mean something, (model_horizon, max_action_dim)."""
        mask = np.zeros((self.model_horizon, self.max_action_dim), np.float32)
        mask[:self.action_horizon, :sum(group.width for group in self.action)] = 1.0
        return mask

    def image(self, image: NDArray[np.uint8]) -> FloatArray:
        """Scale RGB pixels (height, width, 3) to [-1, 1], shape (3, height, width)."""
        return np.ascontiguousarray(image.transpose(2, 0, 1), np.float32) / 127.5 - 1.0

    def instruction(self, text: str) -> str:
        """Return the words as the model reads them: lower case, no punctuation."""
        if not self.formalize_language:
            return text
        return formalize(text) if self.keep_spacing else formalize_words(text)

    def normalize_state(self, state: FloatArray) -> FloatArray:
        """Normalise and pad state (..., state_dim) to (..., max_state_dim)."""
        parts = [group.normalize(part)
                 for group, part in _split(self.state, self.state_groups, state)]
        padded = _pad(np.concatenate(parts, axis=-1), self.max_state_dim)
        return np.zeros_like(padded) if self.exclude_state else padded

    def normalize_actions(self, actions: FloatArray, state: FloatArray) -> FloatArray:
        """Normalise and pad actions (..., action_horizon, action_dim) seen from `state`.

        Args:
            actions: Absolute.
            state: Of the time of the chunk, shape (..., state_dim).

        Returns:
            Shape (..., model_horizon, max_action_dim), zero where `action_mask` is.
        """
        by_name = self._state_by_name(state)
        parts = []
        for group, part in _split(self.action, self.action_groups, actions):
            reference = self.references.get(group.name)
            if reference is not None:
                part = reference.to_relative(part, by_name[reference.state_key])
            parts.append(group.normalize(part))
        padded = _pad(np.concatenate(parts, axis=-1), self.max_action_dim)
        return _pad(padded, self.model_horizon, axis=-2)

    def unnormalize_actions(self, actions: FloatArray, state: FloatArray) -> FloatArray:
        """Invert `normalize_actions`; returns absolute targets, (..., action_horizon, action_dim).

        Args:
            actions: Shape (..., rows, columns), rows >= action_horizon; the model's padding is
                cut off.
            state: That the chunk was predicted from, shape (..., state_dim).
        """
        by_name = self._state_by_name(state)
        widths = {group.name: group.width for group in self.action}
        actions = actions[..., :self.action_horizon, :sum(widths.values())]
        parts = []
        for group, part in _split(self.action, widths, actions):
            part, reference = group.unnormalize(part), self.references.get(group.name)
            if reference is not None:
                part = reference.to_absolute(part, by_name[reference.state_key])
            parts.append(part)
        return np.concatenate(parts, axis=-1)

    def _state_by_name(self, state: FloatArray) -> dict[str, FloatArray]:
        return {group.name: part for group, part in _split(self.state, self.state_groups, state)}


def _split(groups: tuple[Group, ...], sizes: Mapping[str, int],
           values: FloatArray) -> list[tuple[Group, FloatArray]]:
    wanted = sum(sizes.values())
    if values.shape[-1] != wanted:
        each = ', '.join(f'{name} {size}' for name, size in sizes.items())
        raise ProcessorError(f'expected {wanted} values ({each}), got {values.shape[-1]}: give '
                             'the groups of the checkpoint in its order')
    ends = np.cumsum([sizes[group.name] for group in groups])
    return [(group, values[..., end - sizes[group.name]:end])
            for group, end in zip(groups, ends, strict=True)]


def _pad(values: FloatArray, size: int, axis: int = -1) -> FloatArray:
    width = [(0, 0)] * values.ndim
    width[axis] = (0, size - values.shape[axis])
    return np.pad(values, width).astype(np.float32)
