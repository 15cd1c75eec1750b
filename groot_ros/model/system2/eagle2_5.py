"""The backbone of GR00T N1.5: Eagle-2.5, a SigLIP tower and the lower layers of Qwen3."""

from __future__ import annotations

from torch import nn
from transformers import Qwen3Model, SiglipVisionModel

from groot_ros.model.released_backbone import ReleasedBackboneConfig
from groot_ros.model.system2.backbone import BackboneFeatures
from groot_ros.model.system2.prompt_reader import read_prompt
from groot_ros.model.system2.released import BackboneInputs, ReleasedBackbone
from groot_ros.model.system2.towers import qwen3_config, siglip_config


class Eagle25Backbone(ReleasedBackbone):
    """Each image patch becomes one token through one linear layer; no pixel shuffle."""

    def __init__(self, config: ReleasedBackboneConfig) -> None:
        """Make both towers; `eagle_linear` has weights where config.json says `project_to_dim`."""
        super().__init__()
        text, vision = qwen3_config(config), siglip_config(config)
        self.eagle_model = nn.ModuleDict({
            'vision_model': nn.ModuleDict({'vision_model': SiglipVisionModel(vision)}),
            'mlp1': nn.Sequential(nn.Linear(vision.hidden_size, text.hidden_size)),
            'language_model': nn.ModuleDict({'model': Qwen3Model(text)})})
        self.eagle_linear = (nn.Linear(text.hidden_size, config.embedding_dim)
                             if config.projected else nn.Identity())

    def forward(self, inputs: BackboneInputs) -> BackboneFeatures:
        """Return the output after the final norm, shape (batch, length, embedding_dim)."""
        tower = self.eagle_model['vision_model']['vision_model']
        patches = tower(inputs.pixel_values).last_hidden_state  # (images, patches, vision width)
        features = read_prompt(self.eagle_model['language_model']['model'], inputs,
                               self.eagle_model['mlp1'](patches).flatten(0, 1))
        return BackboneFeatures(self.eagle_linear(features), inputs.attention_mask,
                                inputs.image_mask)
