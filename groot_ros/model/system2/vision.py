"""Convolutional image encoder, conditioned on the instruction at every scale.

A convolutional stem learns this package's tabletop tasks about ten times faster on a CPU than
a vision transformer from scratch; keypoint tokens hand positions over with sub-pixel accuracy.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from groot_ros.model.config import System2Config

POSITION_OCTAVES = 4


class VisionTokens(NamedTuple):
    """Tokens of one view and the attention maps they were read from.

    Attributes:
        tokens: Shape (batch, num_keypoints + grid tokens, backbone_embedding_dim).
        heatmap_logits: Shape (batch, num_keypoints, rows, columns).
    """

    tokens: Tensor
    heatmap_logits: Tensor


class FilmBlock(nn.Module):
    """Residual pair of 3x3 convolutions, scaled and shifted by the instruction.

    Source of the modulation: FiLM, Perez et al. 2018.
    """

    def __init__(self, channels: int, condition_dim: int) -> None:
        """Start with the identity modulation."""
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.film = nn.Linear(condition_dim, 2 * channels)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Map x (batch, channels, rows, columns) under condition (batch, condition_dim)."""
        scale, shift = self.film(condition)[:, :, None, None].chunk(2, dim=1)
        hidden = torch.relu(self.norm1(self.conv1(x)))
        hidden = self.norm2(self.conv2(hidden)) * (1 + scale) + shift
        return torch.relu(x + hidden)


def _stem(input_channels: int, output_channels: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(input_channels, output_channels, kernel, stride=2, padding=kernel // 2,
                  bias=False),
        nn.BatchNorm2d(output_channels), nn.ReLU())


class VisionEncoder(nn.Module):
    """Image and instruction to keypoint tokens (where) and grid tokens (what is around)."""

    def __init__(self, config: System2Config, condition_dim: int) -> None:
        """Make a two-scale encoder: 1/4 resolution with context from 1/8."""
        super().__init__()
        fine, coarse = config.stem_channels, config.context_channels
        width = config.backbone_embedding_dim
        self.stem = nn.Sequential(_stem(3, fine, 5), _stem(fine, fine, 3))
        self.fine = FilmBlock(fine, condition_dim)
        self.down = _stem(fine, coarse, 3)
        self.coarse = nn.ModuleList([FilmBlock(coarse, condition_dim) for _ in range(2)])
        self.up = nn.Conv2d(coarse, fine, 1)
        self.fused = FilmBlock(fine, condition_dim)
        self.heatmaps = nn.Conv2d(fine, config.num_keypoints, 1)
        self.keypoint_embedding = nn.Parameter(0.02 * torch.randn(config.num_keypoints, width))
        self.keypoint_projection = nn.Linear(fine + 2 + 4 * POSITION_OCTAVES, width)
        rows, columns = config.image_height // 8, config.image_width // 8
        self.pool = nn.AvgPool2d(config.grid_pool)
        grid = (rows // config.grid_pool) * (columns // config.grid_pool)
        self.grid_projection = nn.Linear(coarse, width)
        self.grid_embedding = nn.Parameter(0.02 * torch.randn(grid, width))
        self.register_buffer('cell_positions', _cell_positions(2 * rows, 2 * columns),
                             persistent=False)

    def forward(self, images: Tensor, condition: Tensor) -> VisionTokens:
        """Encode images (batch, 3, height, width) in [-1, 1] under the condition."""
        fine = self.fine(self.stem(images), condition)
        coarse = self.down(fine)
        for block in self.coarse:
            coarse = block(coarse, condition)
        context = nn.functional.interpolate(self.up(coarse), scale_factor=2.0, mode='nearest')
        fused = self.fused(fine + context, condition)
        logits = self.heatmaps(fused)
        grid = self.grid_projection(self.pool(coarse).flatten(2).transpose(1, 2))
        tokens = torch.cat([self._keypoint_tokens(fused, logits), grid + self.grid_embedding], 1)
        return VisionTokens(tokens, logits)

    def _keypoint_tokens(self, features: Tensor, logits: Tensor) -> Tensor:
        attention = logits.flatten(2).softmax(-1)  # (batch, keypoints, cells)
        where = attention @ self.cell_positions.to(attention.dtype)  # (batch, keypoints, 2)
        what = attention @ features.flatten(2).transpose(1, 2)  # (batch, keypoints, channels)
        angles = [math.pi * 2.0 ** octave * where for octave in range(POSITION_OCTAVES)]
        fourier = [wave for angle in angles for wave in (angle.sin(), angle.cos())]
        return self.keypoint_projection(
            torch.cat([what, where, *fourier], dim=-1)) + self.keypoint_embedding


def _cell_positions(rows: int, columns: int) -> Tensor:
    """Return cell centres as (x, y) in [-1, 1] of the image, shape (rows * columns, 2)."""
    y = (torch.arange(rows) + 0.5) * 2 / rows - 1
    x = (torch.arange(columns) + 0.5) * 2 / columns - 1
    grid_y, grid_x = torch.meshgrid(y, x, indexing='ij')
    return torch.stack([grid_x, grid_y], dim=-1).flatten(0, 1)
