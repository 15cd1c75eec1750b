"""Model dimensions, read from a checkpoint's config.json and from nothing else."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from groot_ros.model.json_section import ConfigError, JsonSection
from groot_ros.model.released_backbone import ReleasedBackboneConfig

__all__ = ['ConfigError', 'DiTConfig', 'ModelConfig', 'ReleasedBackboneConfig',
           'SelfAttentionConfig', 'System1Config', 'System2Config']

ConfigType = TypeVar('ConfigType')
TimeSampling = Literal['reversed', 'shifted']


@dataclass(frozen=True, slots=True)
class DiTConfig:
    """Dimensions of the diffusion transformer; width = heads * head dimension.

    Attributes:
        use_alternate_vl: Even blocks attend to text and image tokens in turn (N1.6, N1.7)
            instead of to all of them (N1, N1.5).
        attend_text_every_n_blocks: Every n-th cross-attention block reads the text.
        dropout: Share of the values dropped in training, also after each attention.
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
        noise_s: Upper end s of the flow time that training samples.
        num_timestep_buckets: Flow time is given to the network as an integer bucket.
        num_target_vision_tokens: Learned query tokens between state and actions (N1.5: 32).
        add_pos_embed: A learned position is added to each action token.
        state_history_length: States that one state token is made of.
        time_sampling: Flow time of b ~ Beta: 'reversed' is (1 - b) s (N1.6, N1.7 and ours),
            'shifted' is (s - b) / s (N1, N1.5).
        loss_epsilon: Added to the number of real action values that the loss is divided by.
        state_dropout_prob: Share of the training samples that see no state.
        use_mask_token: Those see a learned token (N1.6) instead of zeros (N1.7).
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
    add_pos_embed: bool = True
    state_history_length: int = 1
    time_sampling: TimeSampling = 'reversed'
    loss_epsilon: float = 1e-6
    state_dropout_prob: float = 0.0
    use_mask_token: bool = False

    def __post_init__(self) -> None:
        """Check what would only show as an index error or as noise later."""
        if self.time_sampling not in ('reversed', 'shifted'):
            raise ConfigError(f"action_head_cfg.time_sampling is {self.time_sampling!r}; known: "
                              "'reversed', 'shifted'")
        if self.add_pos_embed and self.action_horizon > self.max_seq_len:
            raise ConfigError(f'action_head_cfg.action_horizon is {self.action_horizon}, but '
                              f'there are {self.max_seq_len} positions (max_seq_len)')


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

    backbone_cfg: System2Config | ReleasedBackboneConfig
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
        """Read the config.json of this package's own models; `read_config` reads all.

        Raises:
            ConfigError: If the file is missing, is not JSON, or has a wrong or missing key.
        """
        return cls.from_dict(JsonSection.from_file(path).values)

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
        """Return the mapping that config.json holds.

        Raises:
            ConfigError: For a released model, whose config.json has another layout.
        """
        self.small_backbone()
        return asdict(self)

    def small_backbone(self) -> System2Config:
        """Return the dimensions of this package's own backbone.

        Raises:
            ConfigError: If the model has a released backbone.
        """
        if isinstance(self.backbone_cfg, System2Config):
            return self.backbone_cfg
        raise ConfigError(f'model_type {self.model_type} has the backbone '
                          f'{self.backbone_cfg.kind}; this needs a groot_ros_small model')


def _build(kind: type[ConfigType], values: dict[str, Any], where: str) -> ConfigType:
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ConfigError(f'{where}: unknown key {unknown[0]!r}; known keys: {", ".join(known)}')
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f'{where}: {error}') from error
