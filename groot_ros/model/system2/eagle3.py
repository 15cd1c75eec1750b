"""The backbone of GR00T N1.6: Eagle-3, a SigLIP2 NaFlex tower and lower layers of Qwen3."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import Qwen3Model, Siglip2VisionModel

from groot_ros.model.released_backbone import ReleasedBackboneConfig
from groot_ros.model.system2.backbone import BackboneFeatures
from groot_ros.model.system2.prompt_reader import read_prompt
from groot_ros.model.system2.released import BackboneInputs, ReleasedBackbone
from groot_ros.model.system2.towers import naflex_config, qwen3_config

UNSHUFFLE = 2


class Eagle3Backbone(ReleasedBackbone):
    """Images of any shape; each 2 x 2 block of patches becomes one token."""

    def __init__(self, config: ReleasedBackboneConfig) -> None:
        """Make both towers and the two-layer connector."""
        super().__init__()
        text, vision = qwen3_config(config), naflex_config(config)
        width, block = text.hidden_size, UNSHUFFLE ** 2 * vision.hidden_size
        self.model = nn.ModuleDict({
            'vision_model': nn.ModuleDict({'vision_model': Siglip2VisionModel(vision)}),
            'mlp1': nn.Sequential(nn.LayerNorm(block), nn.Linear(block, width), nn.GELU(),
                                  nn.Linear(width, width)),
            'language_model': nn.ModuleDict({'model': Qwen3Model(text)})})

    def forward(self, inputs: BackboneInputs) -> BackboneFeatures:
        """Return the output after the final norm, shape (batch, length, hidden_size)."""
        assert inputs.patch_grid is not None
        sizes = inputs.patch_grid.prod(1).tolist()
        blocks = torch.cat([
            self._encode(patches, grid) for patches, grid in
            zip(inputs.pixel_values.split(sizes), inputs.patch_grid, strict=True)])
        features = read_prompt(self.model['language_model']['model'], inputs,
                               self.model['mlp1'](blocks))
        return BackboneFeatures(features, inputs.attention_mask, inputs.image_mask)

    def _encode(self, patches: Tensor, grid: Tensor) -> Tensor:
        """Encode one image (patches, values); returns (tokens, 4 * vision width)."""
        # One image at a time: images differ in size, and none attends to another.
        tower = self.model['vision_model']['vision_model']
        encoded = tower(patches[None], pixel_attention_mask=None,
                        spatial_shapes=grid[None]).last_hidden_state
        rows, columns = grid.tolist()
        image = encoded.transpose(1, 2).unflatten(2, (rows, columns))  # (1, width, rows, columns)
        return nn.functional.pixel_unshuffle(image, UNSHUFFLE).flatten(2)[0].T
