"""Reads the config.json of every model family: the released GR00T layouts and our own.

N1 and N1.5 nest the head's keys in `action_head_cfg`; N1.6 and N1.7 keep them at the top. What
no key says, because it was a line of code, is listed once per release in `RELEASES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groot_ros.model.config import (
    DiTConfig,
    ModelConfig,
    SelfAttentionConfig,
    System1Config,
    TimeSampling,
)
from groot_ros.model.json_section import ConfigError, JsonSection
from groot_ros.model.released_backbone import (
    RELEASED_TEXT,
    RELEASED_VISION,
    ReleasedBackboneConfig,
)

__all__ = ['RELEASES', 'ReleasedBackboneConfig', 'read_config']

SMALL = 'groot_ros_small'
NO_SELF_ATTENTION = SelfAttentionConfig(0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Release:
    """What a release does that its config.json does not say.

    Attributes:
        model_type: As the released config.json spells it.
        backbone: Kind of the `ReleasedBackboneConfig`.
        nested: The head's keys are in `action_head_cfg`, the backbone's in `backbone_cfg`.
        projects_to_tokens: The backbone projects its features to the width of the action tokens.
        has_future_tokens: `num_target_vision_tokens` learned query tokens.
        has_mask_token: Takes the place of a dropped state, where `state_dropout_prob` is not 0.
    """

    model_type: str
    backbone: str
    nested: bool
    time_sampling: TimeSampling
    loss_epsilon: float
    projects_to_tokens: bool = False
    has_future_tokens: bool = False
    has_mask_token: bool = False


RELEASES = {release.model_type.lower(): release for release in (
    _Release('gr00t_n1', 'eagle2', True, 'shifted', 0.0, projects_to_tokens=True),
    _Release('gr00t_n1_5', 'eagle2_5', True, 'shifted', 0.0, has_future_tokens=True),
    _Release('Gr00tN1d6', 'eagle3', False, 'reversed', 1e-6, has_mask_token=True),
    _Release('Gr00tN1d7', 'qwen3_vl', False, 'reversed', 1e-6))}


def read_config(folder: Path) -> ModelConfig:
    """Read folder/config.json, whichever family it is of.

    Raises:
        ConfigError: If the file is missing or not JSON, if `model_type` is unknown, or if a key is
            missing, has a wrong type, or asks for something that is not implemented.
    """
    root = JsonSection.from_file(folder / 'config.json')
    found = root.text('model_type')
    if found.lower() == SMALL:
        return _small(root)
    release = RELEASES.get(found.lower())
    if release is None:
        known = ', '.join([SMALL, *(item.model_type for item in RELEASES.values())])
        raise ConfigError(f'{root.where}: model_type is {found!r}; known: {known}: give the '
                          'folder of a GR00T checkpoint')
    head = root.section('action_head_cfg') if release.nested else root
    config = _action_head(release, head)
    try:
        return ModelConfig(_backbone(release, root, config.diffusion_model_cfg.width), config,
                           release.model_type)
    except ConfigError as error:
        raise _located(root, error) from None


def _small(root: JsonSection) -> ModelConfig:
    try:
        return ModelConfig.from_dict(root.values)
    except ConfigError as error:
        raise _located(root, error) from None


def _located(section: JsonSection, error: ConfigError) -> ConfigError:
    text = str(error)
    return error if text.startswith(section.where) else ConfigError(f'{section.where}: {text}')


def _action_head(release: _Release, head: JsonSection) -> System1Config:
    transformer = _transformer(release, head)
    head.expect('input_embedding_dim', transformer.width)
    dropped = 0.0 if release.nested else head.number('state_dropout_prob')
    future = (head.integer('num_target_vision_tokens', at_least=0) if release.has_future_tokens
              else 0)
    try:
        return System1Config(
            max_state_dim=head.integer('max_state_dim'),
            max_action_dim=head.integer('action_dim' if release.nested else 'max_action_dim'),
            action_horizon=head.integer('action_horizon'),
            hidden_size=head.integer('hidden_size'),
            # The released N1.5 leaves these two to its class's defaults.
            max_num_embodiments=head.integer('max_num_embodiments', default=32),
            max_seq_len=head.integer('max_seq_len', default=1024),
            num_inference_timesteps=head.integer('num_inference_timesteps'),
            diffusion_model_cfg=transformer,
            vl_self_attention_cfg=_self_attention(release, head),
            use_vlln=_uses_vlln(release, head),
            num_target_vision_tokens=future,
            num_timestep_buckets=head.integer('num_timestep_buckets'),
            noise_beta_alpha=head.number('noise_beta_alpha'),
            noise_beta_beta=head.number('noise_beta_beta'),
            noise_s=head.number('noise_s'),
            add_pos_embed=head.flag('add_pos_embed'),
            # Files older than this key hold one state.
            state_history_length=head.integer('state_history_length', default=1),
            time_sampling=release.time_sampling, loss_epsilon=release.loss_epsilon,
            state_dropout_prob=dropped,
            use_mask_token=release.has_mask_token and dropped > 0)
    except ConfigError as error:
        raise _located(head, error) from None


def _uses_vlln(release: _Release, head: JsonSection) -> bool:
    return not release.projects_to_tokens and head.flag('use_vlln')


def _transformer(release: _Release, head: JsonSection) -> DiTConfig:
    section = head.section('diffusion_model_cfg')
    section.expect('interleave_self_attention', True)
    section.expect('norm_type', 'ada_norm')
    section.expect('positional_embeddings', None)
    section.expect('final_dropout', True)
    heads, dim = section.integer('num_attention_heads'), section.integer('attention_head_dim')
    return DiTConfig(
        num_layers=section.integer('num_layers'), num_attention_heads=heads,
        attention_head_dim=dim, output_dim=section.integer('output_dim'),
        cross_attention_dim=_cross_attention_dim(release, head, section, heads * dim),
        dropout=section.number('dropout'),
        use_alternate_vl=False if release.nested else head.flag('use_alternate_vl_dit'),
        attend_text_every_n_blocks=(2 if release.nested
                                    else head.integer('attend_text_every_n_blocks')))


def _cross_attention_dim(release: _Release, head: JsonSection, transformer: JsonSection,
                         width: int) -> int:
    if release.projects_to_tokens:
        return transformer.integer('cross_attention_dim', default=width)
    return (transformer.integer('cross_attention_dim') if release.nested
            else head.integer('backbone_embedding_dim'))


def _self_attention(release: _Release, head: JsonSection) -> SelfAttentionConfig:
    section = head.optional_section('vl_self_attention_cfg')
    # N1.5 has both layers over the features or none.
    if section is None or (release.nested and not _uses_vlln(release, head)):
        return NO_SELF_ATTENTION
    section.expect('positional_embeddings', None)
    section.expect('final_dropout', True)
    return SelfAttentionConfig(
        num_layers=section.integer('num_layers', at_least=0),
        num_attention_heads=section.integer('num_attention_heads'),
        attention_head_dim=section.integer('attention_head_dim'),
        dropout=section.number('dropout'))


def _backbone(release: _Release, root: JsonSection, width: int) -> ReleasedBackboneConfig:
    section = root.section('backbone_cfg') if release.nested else root
    section.expect('reproject_vision', False)
    sizes = root.optional_section('backbone_dimensions')
    text = _dimensions(sizes, 'text', RELEASED_TEXT[release.backbone])
    vision = _dimensions(sizes, 'vision', RELEASED_VISION[release.backbone])
    embedding, projected = _embedding_dim(release, section, text['hidden_size'], width)
    if not projected and embedding != text['hidden_size']:
        raise ConfigError(f'{root.where}: backbone_embedding_dim is {embedding}, but the language '
                          f'model of {release.backbone} is {text["hidden_size"]} wide')
    return ReleasedBackboneConfig(release.backbone, section.integer('select_layer'), embedding,
                                  text, vision, projected)


def _embedding_dim(release: _Release, section: JsonSection, hidden_size: int,
                   width: int) -> tuple[int, bool]:
    """Return the width of the features and whether a linear layer brings them to it."""
    if release.projects_to_tokens:
        return width, True
    if not release.nested:
        return section.integer('backbone_embedding_dim'), False
    if section.values.get('project_to_dim') is None:
        return hidden_size, False
    return section.integer('project_to_dim'), True


def _dimensions(sizes: JsonSection | None, key: str, released: dict[str, Any]) -> dict[str, Any]:
    """Return the released dimensions, or those with which a test checkpoint replaces them."""
    replaced = sizes.section(key).values if sizes else {}
    unknown = sorted(set(replaced) - set(released))
    if sizes and unknown:
        raise ConfigError(f'{sizes.where}: {key}: unknown key {unknown[0]!r}; known keys: '
                          + ', '.join(released))
    return {**released, **replaced}
