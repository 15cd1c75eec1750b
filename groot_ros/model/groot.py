"""The whole model, and the part of it that the planner runs."""

from __future__ import annotations

from typing import Any

from torch import nn

from groot_ros.model.config import ModelConfig, System2Config
from groot_ros.model.system1.action_head import ActionHead, feature_layers
from groot_ros.model.system2 import released
from groot_ros.model.system2.backbone import BackboneFeatures, SmallBackbone


class Groot(nn.Module):
    """The two weight-bearing children that every GR00T checkpoint has."""

    def __init__(self, config: ModelConfig) -> None:
        """Build both systems from the configuration."""
        super().__init__()
        self.config = config
        self.backbone = build_backbone(config)
        self.action_head = ActionHead(config.action_head_cfg)


class GoalTokenEncoder(nn.Module):
    """System 2 without System 1: the backbone and the head's own layers over its features."""

    def __init__(self, config: ModelConfig) -> None:
        """Build the backbone and these layers from the configuration."""
        super().__init__()
        self.config = config
        self.backbone = build_backbone(config)
        self.vlln, self.vl_self_attention = feature_layers(config.action_head_cfg)

    def forward(self, *inputs: Any) -> BackboneFeatures:
        """Map the backbone's inputs to goal tokens and their masks."""
        backbone: BackboneFeatures = self.backbone(*inputs)
        return backbone._replace(features=self.vl_self_attention(self.vlln(backbone.features)))


def build_backbone(config: ModelConfig) -> nn.Module:
    """Make the backbone that the configuration describes, with initial weights."""
    if isinstance(config.backbone_cfg, System2Config):
        return SmallBackbone(config.backbone_cfg)
    return released.build_backbone(config.backbone_cfg)
