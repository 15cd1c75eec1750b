"""Observations as arrays, and as the dictionaries that GR00T clients send.

N1.5 is flat ('video.<key>', 'state.<key>', the language key) and may come without a batch
dimension; N1.6 and N1.7 are nested ({'video': ..., 'state': ..., 'language': ...}).
B is the batch, T the time steps of a modality (len(delta_indices)), D the joints of a group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groot_ros.serving.errors import ObservationError
from groot_ros.serving.modality import Modalities
from groot_ros.serving.protocol import ProtocolVersion

FloatArray = NDArray[np.float32]
MAX_BATCH = 64
MAX_INSTRUCTION = 4096
"""Characters."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What the policy sees at one time.

    Attributes:
        images: Camera images, RGB, by video key, shape (T, height, width, 3).
        state: Physical values [rad, m] by state group, shape (T, D).
        instruction: What to do, in words.
    """

    images: Mapping[str, NDArray[np.uint8]]
    state: Mapping[str, FloatArray]
    instruction: str


@dataclass(frozen=True, slots=True)
class ObservationBatch:
    """The observations of one request.

    Attributes:
        batched: Whether they came with a batch dimension; if not, there is one observation
            and N1.5 answers without that dimension.
    """

    observations: tuple[Observation, ...]
    batched: bool


def encode_observation(observation: Observation, version: ProtocolVersion,
                       language_key: str) -> dict[str, Any]:
    """Return an observation as a batch of one, as a server of this version takes it."""
    video = {key: images[None] for key, images in observation.images.items()}
    state = {key: np.asarray(values, np.float32)[None]
             for key, values in observation.state.items()}
    if version.nested:
        return {'video': video, 'state': state,
                'language': {language_key: [[observation.instruction]]}}
    return {**{f'video.{key}': images for key, images in video.items()},
            **{f'state.{key}': values for key, values in state.items()},
            language_key: [observation.instruction]}


def decode_observation(wire: Mapping[str, Any], version: ProtocolVersion, modalities: Modalities,
                       state_dims: Mapping[str, int]) -> ObservationBatch:
    """Read the observation of a get_action request.

    Keys that the policy does not use are ignored.

    Args:
        wire: What the client sent.
        version: Flat or nested.
        modalities: What the policy takes.
        state_dims: Joints of each state group.

    Raises:
        ObservationError: Naming the key, what was expected and what came.
    """
    nested, batched = (wire, True) if version.nested else _nest(wire, modalities)
    videos = {key: _images(value, key, len(modalities.video.delta_indices))
              for key, value in _entries(nested, 'video', modalities)}
    states = {key: _state(value, key, len(modalities.state.delta_indices), state_dims[key])
              for key, value in _entries(nested, 'state', modalities)}
    texts = _instructions(dict(_entries(nested, 'language', modalities))[modalities.language_key],
                          modalities.language_key)
    size = _batch_size({**{f'video.{key}': len(value) for key, value in videos.items()},
                        **{f'state.{key}': len(value) for key, value in states.items()},
                        modalities.language_key: len(texts)})
    return ObservationBatch(tuple(
        Observation({key: value[index] for key, value in videos.items()},
                    {key: value[index] for key, value in states.items()}, texts[index])
        for index in range(size)), batched)


def _nest(flat: Mapping[str, Any], modalities: Modalities) -> tuple[dict[str, Any], bool]:
    """Return a flat observation as a nested batch, and whether it was a batch.

    It was one if every state has at least three dimensions (B, T, D), as in GR00T N1.5.
    """
    nested: dict[str, dict[str, Any]] = {
        name: {key: flat[f'{name}.{key}'] for key in getattr(modalities, name).modality_keys
               if f'{name}.{key}' in flat} for name in ('video', 'state')}
    batched = all(isinstance(value, np.ndarray) and value.ndim >= 3
                  for value in nested['state'].values())
    if not batched:
        nested = {name: {key: value[None] if isinstance(value, np.ndarray) else value
                         for key, value in values.items()} for name, values in nested.items()}
    key = modalities.language_key
    nested['language'] = {key: flat[key]} if key in flat else {}
    return nested, batched


def _entries(nested: Mapping[str, Any], name: str,
             modalities: Modalities) -> list[tuple[str, Any]]:
    """Return the entries of a modality that the policy needs: one instruction, all others."""
    values = nested.get(name)
    if not isinstance(values, dict):
        raise ObservationError(
            f'the observation needs a map {name!r}, got {_name(values)}; its keys are '
            f'{_list(nested)} (is the client of another GR00T version?)')
    needed = getattr(modalities, name).modality_keys
    for key in needed[:1] if name == 'language' else needed:
        if key not in values:
            raise ObservationError(f'{name} key {key!r} is missing, got {_list(values)}')
    return [(key, values[key]) for key in needed if key in values]


def _images(value: Any, key: str, steps: int) -> NDArray[np.uint8]:
    expected = f'video.{key} must be uint8 of shape (B, {steps}, height, width, 3)'
    if not isinstance(value, np.ndarray) or value.dtype != np.uint8:
        raise ObservationError(f'{expected}, got {_name(value)}: send RGB images of 0 to 255')
    if value.ndim != 5 or value.shape[1] != steps or value.shape[4] != 3 or not value.size:
        raise ObservationError(f'{expected}, got shape {value.shape}')
    return value


def _state(value: Any, key: str, steps: int, dim: int) -> FloatArray:
    expected = f'state.{key} must be float32 of shape (B, {steps}, {dim})'
    if not isinstance(value, np.ndarray) or value.dtype.kind != 'f':
        raise ObservationError(f'{expected}, got {_name(value)}')
    if value.ndim != 3 or value.shape[1:] != (steps, dim):
        raise ObservationError(f'{expected}, got shape {value.shape}')
    with np.errstate(over='ignore'):    # beyond float32 is infinity, refused below
        state = value.astype(np.float32, copy=False)
    if not np.isfinite(state).all():
        raise ObservationError(f'state.{key} holds NaN or infinity: is the sensor connected?')
    return state


def _instructions(value: Any, key: str) -> list[str]:
    """Return one instruction per observation from str, [str] * B or [[str]] * B."""
    texts_array = isinstance(value, np.ndarray) and value.dtype.kind == 'U'
    listed = value.tolist() if texts_array and value.size <= MAX_BATCH else value
    listed = [listed] if isinstance(listed, str) else listed
    if not isinstance(listed, list):
        raise ObservationError(f'{key} must be a list of text, got {_name(value)}')
    texts = [entry[0] if isinstance(entry, list) and len(entry) == 1 else entry
             for entry in listed]
    for text in texts:
        if not isinstance(text, str) or not text.strip() or len(text) > MAX_INSTRUCTION:
            raise ObservationError(f'{key} must hold one instruction per observation, 1 to '
                                   f'{MAX_INSTRUCTION} characters, got {str(text)[:40]!r}')
    return texts


def _batch_size(sizes: Mapping[str, int]) -> int:
    size = next(iter(sizes.values()))
    if len(set(sizes.values())) != 1:
        raise ObservationError(f'batch sizes differ: {dict(sizes)}')
    if not 1 <= size <= MAX_BATCH:
        raise ObservationError(f'a batch of {size} observations is refused: send 1 to {MAX_BATCH}')
    return size


def _name(value: Any) -> str:
    if value is None:
        return 'nothing'
    return f'an array of {value.dtype}' if isinstance(value, np.ndarray) else type(value).__name__


def _list(keys: Mapping[Any, Any]) -> str:
    return ', '.join(str(key)[:60] for key in list(keys)[:16]) or 'none'
