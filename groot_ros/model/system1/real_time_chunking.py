"""Real-time chunking: a new chunk that continues the one being executed.

The first rows of the new chunk start from the previous chunk instead of from noise. The frozen
ones stay (they will have been executed before the solve ends), the rest of the overlap may move
the more the later it is due. Source: GR00T N1.7's inference options (rtc_overlap_steps,
rtc_frozen_steps, rtc_ramp_rate).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


class RealTimeChunkingError(ValueError):
    """Options of real-time chunking that contradict each other or the chunk."""


@dataclass(frozen=True, slots=True)
class RealTimeChunking:
    """How a new chunk continues the previous one.

    Attributes:
        previous: Normalised actions still to be executed; the last `overlap` rows become the
            first of the new chunk. Shape (batch or 1, rows, max_action_dim).
        overlap: Rows of the new chunk that start from the previous one.
        frozen: The first of these, which are kept bit for bit.
        ramp_rate: How soon the rows between the two may move freely [1 / overlap].

    Raises:
        RealTimeChunkingError: If not 0 <= frozen <= overlap <= rows, or `ramp_rate` is not a
            positive number.
    """

    previous: Tensor
    overlap: int
    frozen: int
    ramp_rate: float = 6.0

    def __post_init__(self) -> None:
        """Check the options against each other."""
        if self.previous.ndim != 3:
            raise RealTimeChunkingError('previous must have shape (batch, rows, max_action_dim), '
                                        f'got {tuple(self.previous.shape)}')
        rows = self.previous.shape[1]
        if not 0 <= self.frozen <= self.overlap <= rows:
            raise RealTimeChunkingError(
                f'expected 0 <= frozen <= overlap <= {rows} (rows of the previous chunk), got '
                f'frozen {self.frozen}, overlap {self.overlap}')
        if not (math.isfinite(self.ramp_rate) and self.ramp_rate > 0):
            raise RealTimeChunkingError(
                f'ramp_rate must be a positive number, got {self.ramp_rate}')

    def start(self, noise: Tensor) -> Tensor:
        """Return `noise` (batch, horizon, max_action_dim) with its first rows replaced.

        Raises:
            RealTimeChunkingError: If the overlap is longer than the chunk, or an action or the
                batch has another size.
        """
        batch, horizon, dim = noise.shape
        if self.overlap > horizon:
            raise RealTimeChunkingError(
                f'overlap is {self.overlap}, but a chunk has {horizon} rows')
        if self.previous.shape[0] not in (1, batch) or self.previous.shape[2] != dim:
            raise RealTimeChunkingError(
                f'previous has shape {tuple(self.previous.shape)}, but the new chunk has '
                f'{tuple(noise.shape)} (batch, rows, max_action_dim)')
        kept = self.previous[:, self.previous.shape[1] - self.overlap:].to(noise)
        return torch.cat([kept.expand(batch, -1, -1), noise[:, self.overlap:]], dim=1)

    def freedom(self, noise: Tensor) -> Tensor:
        """Return the share of the velocity each row follows, shape (horizon, 1).

        0 on frozen rows and 1 after the overlap. Between, 1 - exp(-ramp_rate u) at the inner
        points of u = 0 .. 1, scaled to reach 1 at u = 1.
        """
        share = torch.ones(noise.shape[1])
        share[:self.frozen] = 0.0
        u = torch.linspace(0.0, 1.0, self.overlap - self.frozen + 2)
        ramp = 1.0 - torch.exp(-self.ramp_rate * u)
        share[self.frozen:self.overlap] = (ramp / ramp[-1])[1:-1]
        return share.unsqueeze(-1).to(noise)
