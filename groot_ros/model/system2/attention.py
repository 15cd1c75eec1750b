"""Where System 2 looks: the attention of the words, followed back through all layers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from groot_ros.model.config import System2Config
from groot_ros.model.policy import AttentionError
from groot_ros.model.system1.dit import SelfAttentionTransformer
from groot_ros.model.system2.backbone import SmallBackbone


def rollout(layers: Sequence[Tensor]) -> Tensor:
    """Return how much of each token of the input reaches each token of the output.

    Past every layer runs a skip connection: half of a token stays, half is what it attends to.
    Source: attention rollout, Abnar and Zuidema 2020 (arXiv 2005.00928), section 3.

    Args:
        layers: Attention weights of each layer, first to last, mean over its heads, shape
            (batch, tokens, tokens).

    Returns:
        Shape (batch, tokens, tokens); every row sums to 1.
    """
    identity = torch.eye(layers[0].shape[-1], device=layers[0].device)
    reached = identity.expand_as(layers[0])
    for weights in layers:
        reached = (weights.float() + identity) / 2 @ reached
    return reached


def words_to_images(layers: Sequence[Tensor], image_mask: Tensor) -> Tensor:
    """Return the share of each token in what the words took from the images.

    Words that cannot see an image, as those before it in a causal model, take no part.

    Args:
        layers: As in `rollout`.
        image_mask: True on image tokens, shape (batch, tokens).

    Returns:
        Zero on words, else summing to 1, shape (batch, tokens).
    """
    from_words = rollout(layers) * ~image_mask[:, :, None]
    taken = from_words.sum(1) * image_mask
    return taken / taken.sum(1, keepdim=True)


class SmallAttention(nn.Module):
    """Attention maps of this package's own backbone.

    The words attend to tokens, and a token was itself read from the image by a map: a keypoint
    token by its softmax over the cells, a grid token by the mean over its window. The two make
    one map of the image.
    """

    def __init__(self, backbone: SmallBackbone, vlln: nn.Module,
                 vl_self_attention: nn.Module) -> None:
        """Look into a backbone and the head's own layers over its features.

        Raises:
            AttentionError: If nothing in them attends from words to images.
        """
        super().__init__()
        if not isinstance(vl_self_attention, SelfAttentionTransformer):
            raise AttentionError('no layer attends from words to images: '
                                 'action_head_cfg.vl_self_attention_cfg.num_layers is 0')
        self.backbone, self.vlln, self.vl_self_attention = backbone, vlln, vl_self_attention

    def forward(self, images: Tensor, token_ids: Tensor, token_mask: Tensor) -> Tensor:
        """Return shares of attention, shape (batch, views, rows, columns), summing to 1.

        The arguments are those of the backbone.
        """
        config = self.backbone.config
        output = self.backbone(images, token_ids, token_mask)
        layers = self.vl_self_attention.attention(self.vlln(output.features))
        shares = words_to_images(layers, output.image_mask)[:, :-config.num_text_tokens]
        maps = [_spread(config, part, logits) for part, logits in zip(
            shares.chunk(config.num_views, dim=1), output.heatmap_logits.unbind(1), strict=True)]
        return torch.stack(maps, dim=1)


def _spread(config: System2Config, shares: Tensor, logits: Tensor) -> Tensor:
    """Spread the shares of one view's tokens over the cells that they were read from.

    Args:
        config: Of the backbone.
        shares: Of keypoint tokens, then grid tokens, shape (batch, tokens).
        logits: Of the keypoints' maps, shape (batch, keypoints, rows, columns).

    Returns:
        Shape (batch, rows, columns).
    """
    rows, columns = logits.shape[2:]
    keypoints, grid = shares[:, :logits.shape[1]], shares[:, logits.shape[1]:]
    maps = logits.float().flatten(2).softmax(-1)  # (batch, keypoints, cells)
    points = (keypoints[:, None] @ maps)[:, 0].unflatten(1, (rows, columns))
    window = 2 * config.grid_pool  # the grid is pooled from cells of twice the size
    blocks = grid.unflatten(1, (rows // window, columns // window)) / window ** 2
    even = blocks.repeat_interleave(window, 1).repeat_interleave(window, 2)
    return points + nn.functional.pad(
        even, (0, columns - even.shape[2], 0, rows - even.shape[1]))
