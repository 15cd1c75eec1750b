"""The diffusion transformer: cross- and self-attention in turn, conditioned on flow time."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from groot_ros.model.config import DiTConfig, SelfAttentionConfig
from groot_ros.model.system1.layers import Attention, FeedForward, TimestepEncoder


class CrossContext(NamedTuple):
    """What the cross-attention blocks read, computed once per goal-token message.

    Attributes:
        keys: Shape (cross_blocks, batch, heads, tokens, head_dim).
        values: As `keys`.
        mask: True where a block may attend, shape (cross_blocks, batch, 1, 1, tokens).
    """

    keys: Tensor
    values: Tensor
    mask: Tensor


class TimeCondition(NamedTuple):
    """What the network reads of the flow time; independent of every other input.

    Attributes:
        bucket: Flow time as an integer, shape (batch,), or (1,) for the whole batch.
        blocks: [scale, shift] of each block, shape (num_layers, batch or 1, 2 * width).
        output: [shift, scale] of the output layer, shape (batch or 1, 2 * width).
    """

    bucket: Tensor
    blocks: Tensor
    output: Tensor


class AdaLayerNorm(nn.Module):
    """LayerNorm without affine, then (1 + scale) and shift from the time condition."""

    def __init__(self, width: int) -> None:
        """Make the modulation layer; its output is [scale, shift] in that order."""
        super().__init__()
        self.linear = nn.Linear(width, 2 * width)
        self.norm = nn.LayerNorm(width, eps=1e-5, elementwise_affine=False)

    def modulation(self, activated: Tensor) -> Tensor:
        """Return [scale, shift] (batch, 2 * width) of SiLU(time condition) (batch, width)."""
        return self.linear(activated)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """Modulate x (batch, tokens, width) by [scale, shift] (batch or 1, 2 * width)."""
        scale, shift = modulation.chunk(2, dim=-1)
        return self.norm(x) * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1)


class DiTBlock(nn.Module):
    """AdaLN attention and a feed-forward layer, both residual."""

    def __init__(self, config: DiTConfig, is_cross: bool) -> None:
        """Make a block that reads goal tokens (`is_cross`) or its own tokens."""
        super().__init__()
        width = config.width
        context_dim = config.cross_attention_dim if is_cross else width
        self.is_cross = is_cross
        self.norm1 = AdaLayerNorm(width)
        self.attn1 = Attention(width, config.num_attention_heads, context_dim, config.dropout)
        self.final_dropout = nn.Dropout(config.dropout)
        self.norm3 = nn.LayerNorm(width, eps=1e-5, elementwise_affine=False)
        self.ff = FeedForward(width, config.dropout)

    def forward(self, x: Tensor, modulation: Tensor, keys: Tensor | None = None,
                values: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Map x (batch, tokens, width); without keys the block attends to x itself."""
        normed = self.norm1(x, modulation)
        if keys is None or values is None:
            keys, values = self.attn1.keys_values(normed)
        x = x + self.final_dropout(self.attn1(normed, keys, values, mask))
        return x + self.ff(self.norm3(x))


class DiT(nn.Module):
    """Even blocks read the goal tokens, odd blocks the state and action tokens.

    Attributes:
        is_masked: Cross-attention obeys the context's mask. The plain one of N1 and N1.5 was
            trained without; it needs the mask only where goal tokens were padded.
    """

    def __init__(self, config: DiTConfig) -> None:
        """Make `num_layers` blocks and the output layers."""
        super().__init__()
        self.config = config
        self.is_masked = config.use_alternate_vl
        width = config.width
        self.timestep_encoder = TimestepEncoder(width)
        self.transformer_blocks = nn.ModuleList(
            [DiTBlock(config, is_cross=index % 2 == 0) for index in range(config.num_layers)])
        self.norm_out = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.proj_out_1 = nn.Linear(width, 2 * width)
        self.proj_out_2 = nn.Linear(width, config.output_dim)

    def prepare(self, features: Tensor, attention_mask: Tensor,
                image_mask: Tensor) -> CrossContext:
        """Compute the keys, values and masks of all cross-attention blocks.

        Args:
            features: Goal tokens, shape (batch, tokens, cross_attention_dim).
            attention_mask: True on real tokens, shape (batch, tokens).
            image_mask: True on image tokens, shape (batch, tokens).
        """
        pairs = [block.attn1.keys_values(features) for block in self.transformer_blocks
                 if block.is_cross]
        masks = [self._mask(2 * index, attention_mask, image_mask)[:, None, None]
                 for index in range(len(pairs))]
        return CrossContext(torch.stack([keys for keys, _ in pairs]),
                            torch.stack([values for _, values in pairs]), torch.stack(masks))

    def _mask(self, block: int, attention_mask: Tensor, image_mask: Tensor) -> Tensor:
        if not self.config.use_alternate_vl:
            return torch.ones_like(attention_mask)
        reads_text = block % (2 * self.config.attend_text_every_n_blocks) == 0
        return attention_mask & (~image_mask if reads_text else image_mask)

    def condition(self, bucket: Tensor) -> TimeCondition:
        """Compute the modulations of all layers at time buckets (batch,)."""
        activated = nn.functional.silu(self.timestep_encoder(bucket))
        blocks = [block.norm1.modulation(activated) for block in self.transformer_blocks]
        return TimeCondition(bucket, torch.stack(blocks), self.proj_out_1(activated))

    def forward(self, x: Tensor, condition: TimeCondition, context: CrossContext) -> Tensor:
        """Map tokens x (batch, tokens, width) to (batch, tokens, output_dim)."""
        for index, block in enumerate(self.transformer_blocks):
            if block.is_cross:
                mask = context.mask[index // 2] if self.is_masked else None
                x = block(x, condition.blocks[index], context.keys[index // 2],
                          context.values[index // 2], mask)
            else:
                x = block(x, condition.blocks[index])
        # The output layer's modulation is ordered (shift, scale), the blocks' (scale, shift).
        shift, scale = condition.output.chunk(2, dim=-1)
        x = self.norm_out(x) * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1)
        return self.proj_out_2(x)


class SelfAttentionBlock(nn.Module):
    """Pre-norm self-attention over backbone features, without a padding mask."""

    def __init__(self, config: SelfAttentionConfig) -> None:
        """Make the two norms, the attention and the feed-forward layer."""
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, eps=1e-5)
        self.attn1 = Attention(config.width, config.num_attention_heads, config.width,
                               config.dropout)
        self.final_dropout = nn.Dropout(config.dropout)
        self.norm3 = nn.LayerNorm(config.width, eps=1e-5)
        self.ff = FeedForward(config.width, config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map features (batch, tokens, width)."""
        normed = self.norm1(x)
        x = x + self.final_dropout(self.attn1(normed, *self.attn1.keys_values(normed)))
        return x + self.ff(self.norm3(x))

    def attention(self, x: Tensor) -> Tensor:
        """Return whom the features attend to, mean over heads, shape (batch, tokens, tokens)."""
        normed = self.norm1(x)
        keys, _ = self.attn1.keys_values(normed)
        return self.attn1.weights(normed, keys).mean(1)


class SelfAttentionTransformer(nn.Module):
    """The action head's own layers over the backbone features (N1.5, N1.7)."""

    def __init__(self, config: SelfAttentionConfig) -> None:
        """Make `num_layers` blocks; there is no final norm."""
        super().__init__()
        self.transformer_blocks = nn.ModuleList(
            [SelfAttentionBlock(config) for _ in range(config.num_layers)])

    def forward(self, x: Tensor) -> Tensor:
        """Map features (batch, tokens, width)."""
        for block in self.transformer_blocks:
            x = block(x)
        return x

    def attention(self, x: Tensor) -> list[Tensor]:
        """Return whom each block attends to, mean over its heads, (batch, tokens, tokens)."""
        layers = []
        for block in self.transformer_blocks:
            layers.append(block.attention(x))
            x = block(x)
        return layers
