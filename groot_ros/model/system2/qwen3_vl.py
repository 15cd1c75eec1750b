"""The backbone of GR00T N1.7: the lower layers of Qwen3-VL (Cosmos-Reason2-2B)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import Qwen3VLModel

from groot_ros.model.released_backbone import ReleasedBackboneConfig
from groot_ros.model.system2.backbone import BackboneFeatures
from groot_ros.model.system2.released import BackboneInputs, ReleasedBackbone
from groot_ros.model.system2.towers import qwen3_vl_config


class Qwen3VLBackbone(ReleasedBackbone):
    """Qwen3-VL with M-RoPE and DeepStack, read before its final norm.

    The final norm's weight is in the checkpoint and has no effect on the features.
    """

    def __init__(self, config: ReleasedBackboneConfig) -> None:
        """Make both towers; the names below `model.model` are Qwen3-VL's own."""
        super().__init__()
        qwen = Qwen3VLModel(qwen3_vl_config(config))
        qwen.language_model.norm.register_forward_hook(_return_input)
        self.model = nn.ModuleDict({'model': qwen})

    def forward(self, inputs: BackboneInputs) -> BackboneFeatures:
        """Return the output of the last kept layer, shape (batch, length, hidden_size)."""
        qwen = self.model['model']
        grid = _image_grid(inputs)
        vision = qwen.get_image_features(inputs.pixel_values, grid)
        words = qwen.language_model.embed_tokens(inputs.input_ids)
        images = torch.cat(vision.pooler_output).to(words.dtype)  # (image tokens, hidden_size)
        positions, _ = qwen.get_rope_index(
            inputs.input_ids, mm_token_type_ids=inputs.image_mask.long(), image_grid_thw=grid,
            attention_mask=inputs.attention_mask)
        features = qwen.language_model(
            inputs_embeds=words.masked_scatter(inputs.image_mask[..., None], images),
            attention_mask=inputs.attention_mask.long(), position_ids=positions, use_cache=False,
            visual_pos_masks=inputs.image_mask,
            deepstack_visual_embeds=[torch.cat(level) for level in vision.deepstack_features])
        return BackboneFeatures(features.last_hidden_state, inputs.attention_mask,
                                inputs.image_mask)


def _return_input(_module: nn.Module, args: tuple[Any, ...], _output: Tensor) -> Tensor:
    return args[0]


def _image_grid(inputs: BackboneInputs) -> Tensor:
    """Return time, rows and columns of each image's patches, shape (images, 3)."""
    assert inputs.patch_grid is not None
    return nn.functional.pad(inputs.patch_grid, (1, 0), value=1)
