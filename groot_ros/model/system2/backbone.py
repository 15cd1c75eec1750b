"""The small backbone: images and an instruction to backbone features."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from groot_ros.model.config import System2Config
from groot_ros.model.system2.text import TextEncoder
from groot_ros.model.system2.vision import VisionEncoder


class BackboneFeatures(NamedTuple):
    """Output of System 2 before the action head's own layers.

    Attributes:
        features: Shape (batch, tokens, backbone_embedding_dim).
        attention_mask: True on real tokens, shape (batch, tokens).
        image_mask: True on image tokens, shape (batch, tokens).
        heatmap_logits: Shape (batch, views, num_keypoints, rows, columns); None where the
            backbone has no detection maps (the released ones).
    """

    features: Tensor
    attention_mask: Tensor
    image_mask: Tensor
    heatmap_logits: Tensor | None = None


class SmallBackbone(nn.Module):
    """Text encoder and a text-conditioned vision encoder; tokens are views, then text."""

    def __init__(self, config: System2Config) -> None:
        """Make both encoders."""
        super().__init__()
        self.config = config
        width = config.backbone_embedding_dim
        self.text = TextEncoder(config)
        self.vision = VisionEncoder(config, config.num_text_tokens * width)
        self.view_embedding = nn.Parameter(torch.zeros(config.num_views, 1, width))

    def forward(self, images: Tensor, token_ids: Tensor, token_mask: Tensor) -> BackboneFeatures:
        """Encode images (batch, views, 3, height, width) and word pieces (batch, length)."""
        text = self.text(token_ids, token_mask)
        views = [self.vision(images[:, view], text.flatten(1))
                 for view in range(self.config.num_views)]
        tokens = torch.cat([view.tokens + self.view_embedding[index]
                            for index, view in enumerate(views)], dim=1)
        features = torch.cat([tokens, text], dim=1)
        is_image = torch.arange(features.shape[1], device=features.device) < tokens.shape[1]
        image_mask = is_image.expand(len(features), -1)
        return BackboneFeatures(features, torch.ones_like(image_mask), image_mask,
                                torch.stack([view.heatmap_logits for view in views], dim=1))


def detection_loss(heatmap_logits: Tensor, keypoints: Tensor) -> Tensor:
    """Return the cross-entropy of the supervised attention maps against object positions.

    GR00T N1 trains its backbone with such a detection loss beside the flow-matching loss
    (arXiv 2503.14734). The target spreads over the four nearest cells so that its mean is the
    position itself.

    Args:
        heatmap_logits: Maps of one view, shape (batch, num_keypoints, rows, columns).
        keypoints: x, y in [-1, 1] and visibility of the first K maps, shape (batch, K, 3).
    """
    batch, _, rows, columns = heatmap_logits.shape
    count = keypoints.shape[1]
    log_probability = heatmap_logits[:, :count].flatten(2).log_softmax(-1)
    x = ((keypoints[..., 0] + 1) / 2 * columns - 0.5).clamp(0, columns - 1)
    y = ((keypoints[..., 1] + 1) / 2 * rows - 0.5).clamp(0, rows - 1)
    left, top = x.floor().clamp(max=columns - 2), y.floor().clamp(max=rows - 2)
    loss = torch.zeros(batch, count, device=keypoints.device)
    for dx in (0, 1):
        for dy in (0, 1):
            weight = (1 - (x - left - dx).abs()) * (1 - (y - top - dy).abs())
            cell = ((top + dy) * columns + left + dx).long().unsqueeze(-1)
            loss = loss - weight * log_probability.gather(-1, cell).squeeze(-1)
    visible = keypoints[..., 2]
    return (loss * visible).sum() / visible.sum().clamp(min=1)
