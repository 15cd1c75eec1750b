"""Model dimensions, read from a checkpoint's config.json and from nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

ConfigType = TypeVar('ConfigType')


class ConfigError(ValueError):
    """A config.json that does not describe a model this package can build."""


@dataclass(frozen=True, slots=True)
class DiTConfig:
    """Dimensions of the diffusion transformer; width = heads * head dimension.

    Attributes:
        use_alternate_vl: Even blocks attend to text and image tokens in turn (N1.6, N1.7)
            instead of to all of them (N1, N1.5).
        attend_text_every_n_blocks: Every n-th cross-attention block reads the text.
    """

    num_layers: int
    num_attention_heads: int
    attention_head_dim: int
    output_dim: int
    cross_attention_dim: int
    dropout: float = 0.0
    use_alternate_vl: bool = False
    attend_text_every_n_blocks: int = 2

    @property
    def width(self) -> int:
        """Width of the action tokens."""
        return self.num_attention_heads * self.attention_head_dim


@dataclass(frozen=True, slots=True)
class SelfAttentionConfig:
    """Dimensions of the self-attention over the backbone features (0 layers: none)."""

    num_layers: int
    num_attention_heads: int
    attention_head_dim: int
    dropout: float = 0.0

    @property
    def width(self) -> int:
        """Width of the backbone features."""
        return self.num_attention_heads * self.attention_head_dim


@dataclass(frozen=True, slots=True)
class System1Config:
    """The action head: encoders and decoder per embodiment around a DiT.

    Attributes:
        noise_s: Upper end of the flow time that training samples.
        num_timestep_buckets: Flow time is given to the network as an integer bucket.
        num_target_vision_tokens: Learned query tokens between state and actions (N1.5: 32).
    """

    max_state_dim: int
    max_action_dim: int
    action_horizon: int
    hidden_size: int
    max_num_embodiments: int
    max_seq_len: int
    num_inference_timesteps: int
    diffusion_model_cfg: DiTConfig
    vl_self_attention_cfg: SelfAttentionConfig
    use_vlln: bool = True
    num_target_vision_tokens: int = 0
    num_timestep_buckets: int = 1000
    noise_beta_alpha: float = 1.5
    noise_beta_beta: float = 1.0
    noise_s: float = 0.999


@dataclass(frozen=True, slots=True)
class System2Config:
    """The small vision-language backbone: a text-conditioned convolutional encoder.

    Attributes:
        image_height: Rows of the processed camera image.
        num_views: Cameras, in the order of the processor's video keys.
        stem_channels: Channels at 1/4 of the image resolution.
        context_channels: Channels at 1/8.
        num_keypoints: Attention maps over the image that become one token each.
        grid_pool: Edge of the pooling window that makes grid tokens of the 1/8 map.
        vocabulary_size: Rows of the (frozen) word-piece embedding table.
        num_text_tokens: Text tokens handed to System 1.
    """

    backbone_embedding_dim: int
    image_height: int
    image_width: int
    num_views: int
    stem_channels: int
    context_channels: int
    num_keypoints: int
    grid_pool: int
    vocabulary_size: int
    word_embedding_dim: int
    max_text_length: int
    text_layers: int
    text_heads: int
    num_text_tokens: int
    detected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Both systems of one checkpoint."""

    backbone_cfg: System2Config
    action_head_cfg: System1Config
    model_type: str = 'groot_ros_small'

    def __post_init__(self) -> None:
        """Check the widths that must agree between the two systems."""
        wanted = self.backbone_cfg.backbone_embedding_dim
        head = self.action_head_cfg
        found = {'diffusion_model_cfg.cross_attention_dim':
                 head.diffusion_model_cfg.cross_attention_dim}
        if head.vl_self_attention_cfg.num_layers:
            found['vl_self_attention_cfg heads * head_dim'] = head.vl_self_attention_cfg.width
        for name, width in found.items():
            if width != wanted:
                raise ConfigError(f'action_head_cfg.{name} is {width}, but the backbone hands '
                                  f'over {wanted} (backbone_cfg.backbone_embedding_dim)')

    @classmethod
    def from_file(cls, path: Path) -> ModelConfig:
        """Read a config.json.

        Raises:
            ConfigError: If the file is missing, is not JSON, or has a wrong or missing key.
        """
        try:
            values = json.loads(path.read_text())
        except FileNotFoundError:
            raise ConfigError(f'{path}: no such file; a checkpoint folder holds a config.json') \
                from None
        except json.JSONDecodeError as error:
            raise ConfigError(f'{path}: not JSON ({error})') from error
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """Build the configuration from the mapping that config.json holds."""
        values = dict(values)
        head = dict(values.pop('action_head_cfg', {}))
        for key, kind in (('diffusion_model_cfg', DiTConfig),
                          ('vl_self_attention_cfg', SelfAttentionConfig)):
            head[key] = _build(kind, head.get(key, {}), f'action_head_cfg.{key}')
        backbone = dict(values.pop('backbone_cfg', {}))
        backbone['detected'] = tuple(backbone.get('detected', ()))
        return _build(cls, {
            **values,
            'backbone_cfg': _build(System2Config, backbone, 'backbone_cfg'),
            'action_head_cfg': _build(System1Config, head, 'action_head_cfg')}, 'config')

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping that config.json holds."""
        return asdict(self)


def _build(kind: type[ConfigType], values: dict[str, Any], where: str) -> ConfigType:
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ConfigError(f'{where}: unknown key {unknown[0]!r}; known keys: {", ".join(known)}')
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f'{where}: {error}') from error
