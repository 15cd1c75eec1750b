"""Dimensions of the vision-language models inside the released GR00T checkpoints.

A released config.json names its backbone but does not give its sizes; they are the public
ones of the models named below. Keys are those of the transformers configurations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SIGLIP: dict[str, Any] = {
    'hidden_size': 1152, 'num_hidden_layers': 27, 'num_attention_heads': 16,
    'intermediate_size': 4304, 'patch_size': 14, 'image_size': 224, 'layer_norm_eps': 1e-6}
_QWEN3: dict[str, Any] = {
    'hidden_size': 2048, 'num_attention_heads': 16, 'num_key_value_heads': 8, 'head_dim': 128,
    'intermediate_size': 6144, 'rms_norm_eps': 1e-6, 'rope_theta': 1e6, 'vocab_size': 151680}

# The number of language layers is not listed: `select_layer` of config.json says it.
RELEASED_TEXT: dict[str, dict[str, Any]] = {
    'eagle2': {  # SmolLM2-1.7B
        'hidden_size': 2048, 'num_attention_heads': 32, 'num_key_value_heads': 32,
        'head_dim': 64, 'intermediate_size': 8192, 'rms_norm_eps': 1e-5, 'rope_theta': 130000.0,
        'vocab_size': 49164},
    'eagle2_5': _QWEN3,  # Qwen3-1.7B
    'eagle3': _QWEN3,
    'qwen3_vl': {  # Qwen3-VL-2B
        **_QWEN3, 'rope_theta': 5e6, 'vocab_size': 151936, 'mrope_section': [24, 20, 20]}}
RELEASED_VISION: dict[str, dict[str, Any]] = {
    'eagle2': _SIGLIP,
    'eagle2_5': _SIGLIP,
    'eagle3': _SIGLIP,
    'qwen3_vl': {
        'hidden_size': 1024, 'depth': 24, 'num_heads': 16, 'intermediate_size': 4096,
        'patch_size': 16, 'spatial_merge_size': 2, 'temporal_patch_size': 2,
        'num_position_embeddings': 2304, 'out_hidden_size': 2048,
        'deepstack_visual_indexes': [5, 11, 17]}}


@dataclass(frozen=True, slots=True)
class ReleasedBackboneConfig:
    """The backbone of a released checkpoint.

    Attributes:
        kind: 'eagle2' (N1), 'eagle2_5' (N1.5), 'eagle3' (N1.6) or 'qwen3_vl' (N1.7).
        select_layer: Language layers that are kept.
        embedding_dim: Width handed over to the action head.
        text: Dimensions of the language model, the released ones where not overridden.
        vision: As `text`, of the image encoder.
        projected: A linear layer follows the language model (N1; N1.5 with `project_to_dim`).
    """

    kind: str
    select_layer: int
    embedding_dim: int
    text: Mapping[str, Any]
    vision: Mapping[str, Any]
    projected: bool = False

    @property
    def backbone_embedding_dim(self) -> int:
        """Width handed over to the action head, under the name of `System2Config`."""
        return self.embedding_dim
