"""An auxiliary loss that grounds the words: what does the instruction ask for?"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from groot_ros.data.instructions import BINS, COLOURS, SIDES, VERBS, Request

TASKS = tuple(VERBS)
BLOCKS = tuple(COLOURS)
DESTINATIONS = ('', *SIDES, *BINS)
CHOICES = (len(TASKS), len(BLOCKS), len(DESTINATIONS))
UNLABELLED = (-1, -1, -1)
"""Labels of an instruction that is free text: nothing is learnt from them."""


def labels(request: Request) -> tuple[int, int, int]:
    """Return the indices of task, block and destination in their tables."""
    return (TASKS.index(request.task), BLOCKS.index(request.block),
            DESTINATIONS.index(request.destination))


class Grounding(nn.Module):
    """Linear read-out of task, block and destination from the text tokens.

    Imitation alone is slow to teach words that rarely decide: one word tells a push to the left
    from one to the right, and both begin alike. The read-out is no part of the checkpoint.
    """

    def __init__(self, text_width: int) -> None:
        """Read text tokens of `text_width` numbers in all."""
        super().__init__()
        self.readout = nn.Linear(text_width, sum(CHOICES))

    def forward(self, text: Tensor, requests: Tensor) -> Tensor:
        """Return the mean cross-entropy over the three questions, 0 without labels.

        Args:
            text: Text tokens, shape (batch, tokens, width).
            requests: What `labels` returns or `UNLABELLED`, shape (batch, 3).
        """
        answers = self.readout(text.flatten(1)).float().split(CHOICES, dim=1)
        losses = [nn.functional.cross_entropy(answer, requests[:, question],
                                              ignore_index=UNLABELLED[0], reduction='sum')
                  for question, answer in enumerate(answers)]
        return torch.stack(losses).mean() / (requests[:, 0] != UNLABELLED[0]).sum().clamp(min=1)
