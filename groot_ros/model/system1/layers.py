"""Building blocks of the action head; names and formulas are those of GR00T's action head."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class CategorySpecificLinear(nn.Module):
    """One linear layer per embodiment, chosen sample by sample."""

    def __init__(self, num_categories: int, input_dim: int, output_dim: int) -> None:
        """Start from W ~ N(0, 1 / input_dim) and b = 0.

        GR00T starts from 0.02 N(0, 1), about the same at its width of 1536. At a width of 128
        that hides the noisy actions from the network for the first thousand steps.
        """
        super().__init__()
        self.W = nn.Parameter(torch.empty(num_categories, input_dim, output_dim))
        nn.init.normal_(self.W, std=1.0 / math.sqrt(input_dim))
        self.b = nn.Parameter(torch.zeros(num_categories, output_dim))

    def forward(self, x: Tensor, embodiment_id: Tensor) -> Tensor:
        """Map x (batch, tokens, input_dim) by the layers of embodiment_id (batch,) or (1,).

        An id of shape (1,) holds for the whole batch and saves a copy of W per sample.
        """
        if embodiment_id.shape[0] == 1:
            return x @ self.W[embodiment_id][0] + self.b[embodiment_id]
        return torch.bmm(x, self.W[embodiment_id]) + self.b[embodiment_id].unsqueeze(1)


class CategorySpecificMLP(nn.Module):
    """Two category-specific layers with a ReLU between."""

    def __init__(self, num_categories: int, input_dim: int, hidden_dim: int,
                 output_dim: int) -> None:
        """Make both layers."""
        super().__init__()
        self.layer1 = CategorySpecificLinear(num_categories, input_dim, hidden_dim)
        self.layer2 = CategorySpecificLinear(num_categories, hidden_dim, output_dim)

    def forward(self, x: Tensor, embodiment_id: Tensor) -> Tensor:
        """Map x (batch, tokens, input_dim) to (batch, tokens, output_dim)."""
        return self.layer2(torch.relu(self.layer1(x, embodiment_id)), embodiment_id)


def action_time_features(bucket: Tensor, width: int) -> Tensor:
    """Return the [sin, cos] features of flow-time buckets (batch,), shape (batch, width).

    Frequencies fall from 1 as exp(-k ln(10000) / (width / 2)), k = 0 .. width / 2 - 1.
    """
    half = width // 2
    k = torch.arange(half, dtype=torch.float32, device=bucket.device)
    angles = bucket.float().unsqueeze(-1) * torch.exp(-k * (math.log(10000.0) / half))
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


class ActionEncoder(nn.Module):
    """Noisy actions and flow time to action tokens: W3(swish(W2([W1(a); tau])))."""

    def __init__(self, num_categories: int, action_dim: int, width: int) -> None:
        """Make the three layers."""
        super().__init__()
        self.W1 = CategorySpecificLinear(num_categories, action_dim, width)
        self.W2 = CategorySpecificLinear(num_categories, 2 * width, width)
        self.W3 = CategorySpecificLinear(num_categories, width, width)

    def forward(self, actions: Tensor, bucket: Tensor, embodiment_id: Tensor) -> Tensor:
        """Encode actions (batch, horizon, action_dim) at time buckets (batch,) or (1,)."""
        encoded = self.W1(actions, embodiment_id)
        tau = action_time_features(bucket, encoded.shape[-1]).to(encoded.dtype)
        tau = tau.unsqueeze(1).expand(*encoded.shape[:2], -1)
        hidden = self.W2(torch.cat([encoded, tau], dim=-1), embodiment_id)
        return self.W3(nn.functional.silu(hidden), embodiment_id)


class _TimestepEmbedder(nn.Module):
    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(channels, width)
        self.linear_2 = nn.Linear(width, width)

    def forward(self, features: Tensor) -> Tensor:
        return self.linear_2(nn.functional.silu(self.linear_1(features)))


class TimestepEncoder(nn.Module):
    """Flow time to the AdaLN condition: [cos, sin] of 256 channels, then an MLP."""

    CHANNELS = 256

    def __init__(self, width: int) -> None:
        """Make the MLP."""
        super().__init__()
        self.timestep_embedder = _TimestepEmbedder(self.CHANNELS, width)

    def forward(self, bucket: Tensor) -> Tensor:
        """Encode time buckets (batch,) to (batch, width).

        The frequency spacing is k / (half - 1), unlike the action encoder's k / half.
        """
        half = self.CHANNELS // 2
        k = torch.arange(half, dtype=torch.float32, device=bucket.device)
        angles = bucket.float().unsqueeze(-1) * torch.exp(-k * (math.log(10000.0) / (half - 1)))
        features = torch.cat([angles.cos(), angles.sin()], dim=-1)
        return self.timestep_embedder(features.to(self.timestep_embedder.linear_1.weight.dtype))


class FeedForward(nn.Module):
    """Linear, tanh-GELU, linear, with 4x width; the names are diffusers'."""

    def __init__(self, width: int, dropout: float) -> None:
        """Make both layers."""
        super().__init__()
        self.net = nn.ModuleList([_GeluProjection(width, 4 * width), nn.Dropout(dropout),
                                  nn.Linear(4 * width, width), nn.Dropout(dropout)])

    def forward(self, x: Tensor) -> Tensor:
        """Map x (..., width) to (..., width)."""
        for layer in self.net:
            x = layer(x)
        return x


class _GeluProjection(nn.Module):
    def __init__(self, input_dim: int, output_dim: int) -> None:
        super().__init__()
        self.proj = nn.Linear(input_dim, output_dim)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.gelu(self.proj(x), approximate='tanh')


class Attention(nn.Module):
    """Multi-head attention whose keys and values can be computed ahead of the queries."""

    def __init__(self, width: int, heads: int, context_dim: int, dropout: float) -> None:
        """Make the four projections, all with bias."""
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width)
        self.to_k = nn.Linear(context_dim, width)
        self.to_v = nn.Linear(context_dim, width)
        self.to_out = nn.ModuleList([nn.Linear(width, width), nn.Dropout(dropout)])

    def keys_values(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys and values of context (batch, tokens, context_dim), split in heads."""
        return self._split(self.to_k(context)), self._split(self.to_v(context))

    def forward(self, x: Tensor, keys: Tensor, values: Tensor,
                mask: Tensor | None = None) -> Tensor:
        """Attend from x (batch, tokens, width) to keys and values (batch, heads, context, dim).

        `mask` (batch, 1, 1, context) is True where a key may be attended to.
        """
        attended = nn.functional.scaled_dot_product_attention(
            self._split(self.to_q(x)), keys, values, attn_mask=mask)
        out = attended.transpose(1, 2).flatten(2)  # (batch, tokens, width)
        return self.to_out[1](self.to_out[0](out))

    def weights(self, x: Tensor, keys: Tensor) -> Tensor:
        """Return whom `forward` attends to without a mask, shape (batch, heads, tokens, context).

        Formula: softmax(Q K^T / sqrt(d)), Vaswani et al. 2017, equation 1.
        """
        queries = self._split(self.to_q(x))
        scores = queries @ keys.transpose(-1, -2) / math.sqrt(queries.shape[-1])
        return scores.softmax(-1)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (batch, heads, tokens, dim)
