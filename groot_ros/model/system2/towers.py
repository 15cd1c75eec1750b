"""The towers of the released backbones as configurations of transformers."""

from __future__ import annotations

from transformers import Qwen3Config, Qwen3VLConfig, Siglip2VisionConfig, SiglipVisionConfig

from groot_ros.model.released_backbone import ReleasedBackboneConfig

# In torch itself: no compiled attention package is needed.
ATTENTION = 'sdpa'


def qwen3_config(config: ReleasedBackboneConfig) -> Qwen3Config:
    """Return the language model of N1.5 and N1.6 with the layers that are kept."""
    sizes = dict(config.text)
    rope = {'rope_type': 'default', 'rope_theta': sizes.pop('rope_theta')}
    return Qwen3Config(**sizes, num_hidden_layers=config.select_layer, rope_parameters=rope,
                       attn_implementation=ATTENTION)


def qwen3_vl_config(config: ReleasedBackboneConfig) -> Qwen3VLConfig:
    """Return both towers of N1.7 with the language layers that are kept."""
    sizes = dict(config.text)
    rope = {'rope_type': 'default', 'rope_theta': sizes.pop('rope_theta'),
            'mrope_section': sizes.pop('mrope_section'), 'mrope_interleaved': True}
    text = {**sizes, 'num_hidden_layers': config.select_layer, 'rope_parameters': rope}
    return Qwen3VLConfig(text_config=text, vision_config=dict(config.vision),
                         attn_implementation=ATTENTION)


def siglip_config(config: ReleasedBackboneConfig) -> SiglipVisionConfig:
    """Return the image tower of N1.5: images of one size."""
    return SiglipVisionConfig(**config.vision, vision_use_head=False,
                              attn_implementation=ATTENTION)


def naflex_config(config: ReleasedBackboneConfig) -> Siglip2VisionConfig:
    """Return the image tower of N1.6, whose positions are resampled to each image's grid."""
    sizes = dict(config.vision)
    edge = sizes.pop('image_size') // sizes['patch_size']
    return Siglip2VisionConfig(**sizes, num_patches=edge ** 2, vision_use_head=False,
                               attn_implementation=ATTENTION)
