"""Instruction encoder: pretrained word pieces, then a small trained transformer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from groot_ros.model.config import System2Config


class TextEncoder(nn.Module):
    """Word-piece ids to a fixed number of text tokens.

    The word-piece table is frozen: a word that training never showed keeps its place beside
    the words that mean the same.
    """

    def __init__(self, config: System2Config) -> None:
        """Make the encoder; the table is filled by training or by a checkpoint."""
        super().__init__()
        width = config.backbone_embedding_dim
        self.words = nn.Embedding(config.vocabulary_size, config.word_embedding_dim)
        self.words.weight.requires_grad_(False)
        self.projection = nn.Linear(config.word_embedding_dim, width)
        self.position_embedding = nn.Parameter(0.02 * torch.randn(config.max_text_length, width))
        layer = nn.TransformerEncoderLayer(
            width, config.text_heads, 2 * width, dropout=0.0, activation='gelu',
            batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, config.text_layers,
                                            enable_nested_tensor=False)
        self.queries = nn.Parameter(0.5 * torch.randn(config.num_text_tokens, width))
        self.keys = nn.Linear(width, width)

    def forward(self, token_ids: Tensor, token_mask: Tensor) -> Tensor:
        """Encode ids (batch, length) with mask True on real pieces.

        Returns:
            Shape (batch, num_text_tokens, backbone_embedding_dim).
        """
        embedded = self.projection(self.words(token_ids))
        embedded = embedded + self.position_embedding[:token_ids.shape[1]]
        hidden = self.layers(embedded, src_key_padding_mask=~token_mask)
        scores = self.queries @ self.keys(hidden).transpose(1, 2) / hidden.shape[-1] ** 0.5
        scores = scores.masked_fill(~token_mask[:, None], float('-inf'))
        return scores.softmax(-1) @ hidden
