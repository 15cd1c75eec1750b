"""Action chunks as arrays, and as GR00T servers send them.

N1.5 answers {'action.<group>': array}, N1.6 and N1.7 a pair [{group: array}, info].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groot_ros.serving.errors import ReplyError
from groot_ros.serving.modality import Modalities
from groot_ros.serving.protocol import ProtocolVersion

FloatArray = NDArray[np.float32]
ActionGroups = Mapping[str, FloatArray]
"""Targets in physical units by action group, shape (action_horizon, dim)."""


def encode_actions(chunks: Sequence[ActionGroups], version: ProtocolVersion, *, batched: bool,
                   info: Mapping[str, Any] | None = None) -> Any:
    """Return the reply to get_action for the chunks of a batch.

    An N1.5 request without batch dimension is answered without any dimension of size one:
    a group of one joint has shape (action_horizon,).
    """
    stacked = {group: np.stack([chunk[group] for chunk in chunks]).astype(np.float32)
               for group in chunks[0]}
    if version.nested:
        return [stacked, dict(info or {})]
    return {f'action.{group}': values if batched else np.squeeze(values)
            for group, values in stacked.items()}


def decode_actions(reply: Any, version: ProtocolVersion,
                   modalities: Modalities) -> dict[str, FloatArray]:
    """Read the reply to a get_action request that held a batch of one.

    Raises:
        ReplyError: If a group is missing, of another shape or not finite.
    """
    groups = reply
    if version.nested:
        if not isinstance(reply, list) or len(reply) != 2:
            raise ReplyError(f'a {version} server answers get_action with [actions, info], got '
                             f'{type(reply).__name__}: is the version right?')
        groups = reply[0]
    if not isinstance(groups, dict):
        raise ReplyError(f'actions must be a map, got {type(groups).__name__}: '
                         'is the version right?')
    prefix = '' if version.nested else 'action.'
    actions = {key: _chunk(groups, prefix + key) for key in modalities.action.modality_keys}
    if len({len(values) for values in actions.values()}) != 1:
        raise ReplyError('the action groups have different horizons: '
                         f'{dict((key, len(values)) for key, values in actions.items())}')
    return actions


def _chunk(groups: Mapping[str, Any], key: str) -> FloatArray:
    if key not in groups:
        raise ReplyError(f'action group {key!r} is missing, got '
                         f'{", ".join(map(str, groups)) or "none"}: is the version right?')
    values = groups[key]
    if not isinstance(values, np.ndarray) or values.dtype.kind != 'f':
        raise ReplyError(f'action group {key!r} must be an array of floats')
    if values.ndim != 3 or len(values) != 1 or not values.size:
        raise ReplyError(f'action group {key!r} must have shape (1, horizon, dim), '
                         f'got {values.shape}')
    with np.errstate(over='ignore'):
        chunk = values[0].astype(np.float32)
    if not np.isfinite(chunk).all():
        raise ReplyError(f'action group {key!r} holds NaN or infinity: the robot must not '
                         'move on it')
    return chunk
