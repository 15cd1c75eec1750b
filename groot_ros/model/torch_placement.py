"""Where torch computes, in which number format, and how it runs the denoising loop."""

from __future__ import annotations

from typing import NamedTuple

import torch

from groot_ros.model.config import ModelConfig, System2Config
from groot_ros.model.policy import RuntimeChoiceError


class Placement(NamedTuple):
    """Device and number format of one system's weights."""

    device: torch.device
    dtype: torch.dtype


def choose_placement(config: ModelConfig, dtype: str) -> Placement:
    """Take the GPU if there is one, and a number format.

    'auto' is bfloat16 for a released checkpoint on a GPU: it was trained in it and is stored in
    it. A CPU is slower in bfloat16, and this package's own policies are stored in float32.

    Args:
        config: Of the checkpoint.
        dtype: 'auto', 'float32' or 'bfloat16'.
    """
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    is_released = not isinstance(config.backbone_cfg, System2Config)
    if dtype == 'auto':
        dtype = 'bfloat16' if is_released and device.type == 'cuda' else 'float32'
    return Placement(device, {'float32': torch.float32, 'bfloat16': torch.bfloat16}[dtype])


def check_mode(mode: str, device: torch.device) -> None:
    """Refuse a way of the denoising loop that the device has not.

    Raises:
        RuntimeChoiceError: If a graph is asked for without a GPU.
    """
    if mode == 'graph' and device.type != 'cuda':
        raise RuntimeChoiceError('mode graph: expected a CUDA GPU, got a CPU: use mode eager or '
                                 'compile')
