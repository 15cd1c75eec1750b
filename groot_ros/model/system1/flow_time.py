"""The flow times that training samples."""

from __future__ import annotations

import torch
from torch import Tensor

from groot_ros.model.config import System1Config


def sample_flow_time(config: System1Config, batch: int) -> Tensor:
    """Draw flow times (batch,) on the CPU, denser near t = 0, the noise.

    b ~ Beta(noise_beta_alpha, noise_beta_beta) becomes (1 - b) s, or (s - b) / s in N1 and N1.5,
    which is slightly negative where b > s.
    """
    beta = torch.distributions.Beta(config.noise_beta_alpha, config.noise_beta_beta)
    drawn = beta.sample((batch,))
    if config.time_sampling == 'shifted':
        return (config.noise_s - drawn) / config.noise_s
    return (1 - drawn) * config.noise_s
