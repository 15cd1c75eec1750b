"""Where the released backbones look: the attention of their language layers, recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedModel, Qwen3Model
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLTextModel

from groot_ros.model.groot import GoalTokenEncoder
from groot_ros.model.released_backbone import ReleasedBackboneConfig
from groot_ros.model.system1.dit import SelfAttentionTransformer
from groot_ros.model.system2.attention import words_to_images
from groot_ros.model.system2.pixels import NAFLEX_BLOCK
from groot_ros.model.system2.released import BackboneInputs

RECORDED = 'eager'
"""The one implementation of attention that computes its weights at all."""


def released_attention(encoder: GoalTokenEncoder, inputs: BackboneInputs) -> list[Tensor]:
    """Return shares of attention of each image of one prompt, shape (rows, columns).

    The language layers run once more, with attention written out; then the head's own layers.
    All images together sum to 1.
    """
    config = encoder.config.backbone_cfg
    assert isinstance(config, ReleasedBackboneConfig)
    with _recorded(_language_model(encoder.backbone)) as layers:
        backbone = encoder.backbone(inputs)
    if isinstance(encoder.vl_self_attention, SelfAttentionTransformer):
        layers += encoder.vl_self_attention.attention(encoder.vlln(backbone.features))
    shares = words_to_images(layers, backbone.image_mask)[0][backbone.image_mask[0]]
    grids = _token_grids(config, inputs)
    parts = shares.split([rows * columns for rows, columns in grids])
    return [part.unflatten(0, grid) for part, grid in zip(parts, grids, strict=True)]


@contextmanager
def _recorded(language_model: PreTrainedModel) -> Iterator[list[Tensor]]:
    """Collect the attention of each layer that runs, mean over heads, (batch, tokens, tokens)."""
    layers: list[Tensor] = []

    def record(_module: nn.Module, _inputs: tuple[Any, ...], output: tuple[Any, ...]) -> None:
        layers.append(output[1].float().mean(1))

    hooks = [layer.self_attn.register_forward_hook(record) for layer in language_model.layers]
    usual = language_model.config._attn_implementation
    language_model.set_attn_implementation(RECORDED)
    try:
        yield layers
    finally:
        language_model.set_attn_implementation(usual)
        for hook in hooks:
            hook.remove()


def _language_model(backbone: nn.Module) -> PreTrainedModel:
    return next(part for part in backbone.modules()
                if isinstance(part, Qwen3Model | Qwen3VLTextModel))


def _token_grids(config: ReleasedBackboneConfig,
                 inputs: BackboneInputs) -> list[tuple[int, int]]:
    """Return rows and columns of tokens of each image."""
    if inputs.patch_grid is None:
        edge = config.vision['image_size'] // config.vision['patch_size']
        return [(edge, edge)] * len(inputs.pixel_values)
    block = config.vision.get('spatial_merge_size', NAFLEX_BLOCK)
    return [(rows // block, columns // block) for rows, columns in inputs.patch_grid.tolist()]
