"""What a policy takes and gives, as get_modality_config tells it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from groot_ros.serving.errors import ReplyError
from groot_ros.serving.protocol import ProtocolVersion

TAG = '__ModalityConfig_class__'
CONTENT = 'as_json'
_ONLY_NESTED = ('sin_cos_embedding_keys', 'mean_std_embedding_keys', 'action_configs')
"""Optional fields of GR00T's own class, which matter in training only."""


@dataclass(frozen=True, slots=True)
class ModalityConfig:
    """Time steps and keys of one modality; the names are those of GR00T's own class.

    Attributes:
        delta_indices: Steps relative to now, in steps of the training data.
        modality_keys: Without the modality as prefix, in the model's order.
    """

    delta_indices: tuple[int, ...]
    modality_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Modalities:
    """The modalities of one embodiment of a policy."""

    video: ModalityConfig
    state: ModalityConfig
    action: ModalityConfig
    language: ModalityConfig

    @property
    def language_key(self) -> str:
        """Where the instruction goes; the first key is the one read at inference."""
        return self.language.modality_keys[0]


def modalities_to_wire(modalities: Modalities, version: ProtocolVersion) -> dict[str, Any]:
    """Return the reply to get_modality_config.

    N1.5 carries a JSON text and keys with their modality as prefix, N1.6 and N1.7 a map.
    """
    return {name: {TAG: True, CONTENT: _content(name, getattr(modalities, name), version)}
            for name in Modalities.__slots__}


def modalities_from_wire(reply: Any) -> Modalities:
    """Read the reply to get_modality_config, in either form.

    Raises:
        ReplyError: If it is something else.
    """
    try:
        return Modalities(**{name: _config(name, reply[name]) for name in Modalities.__slots__})
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ReplyError(f'the reply to get_modality_config is malformed ({error!r}): expected '
                         f'the maps {", ".join(Modalities.__slots__)}') from None


def _content(name: str, config: ModalityConfig, version: ProtocolVersion) -> Any:
    prefix = '' if version.nested or name == 'language' else f'{name}.'
    content: dict[str, Any] = {
        'delta_indices': list(config.delta_indices),
        'modality_keys': [prefix + key for key in config.modality_keys]}
    return content | dict.fromkeys(_ONLY_NESTED) if version.nested else json.dumps(content)


def _config(name: str, wire: Any) -> ModalityConfig:
    content = wire[CONTENT]
    values = json.loads(content) if isinstance(content, str) else content
    config = ModalityConfig(
        tuple(int(index) for index in values['delta_indices']),
        tuple(str(key).removeprefix(f'{name}.') for key in values['modality_keys']))
    if not config.modality_keys or not config.delta_indices:
        raise ValueError(f'{name} has no keys or no delta_indices')
    return config
