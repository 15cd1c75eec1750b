"""The whole model: the backbone (System 2) and the action head (System 1) of one checkpoint."""

from __future__ import annotations

from torch import nn

from groot_ros.model.config import ModelConfig
from groot_ros.model.system1.action_head import ActionHead
from groot_ros.model.system2.backbone import SmallBackbone


class Groot(nn.Module):
    """The two weight-bearing children that every GR00T checkpoint has."""

    def __init__(self, config: ModelConfig) -> None:
        """Build both systems from the configuration."""
        super().__init__()
        self.config = config
        self.backbone = SmallBackbone(config.backbone_cfg)
        self.action_head = ActionHead(config.action_head_cfg)
