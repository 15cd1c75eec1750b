"""The independent port of N1.7's action head that System 1 is compared with.

`scripts/env --with parity` brings it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from groot_ros.model.system1.action_head import ActionHead

sys.path.append(str(Path(__file__).resolve().parents[1] / 'test'))
from lerobot_port import import_port


class HeadInputs(NamedTuple):
    """What one chunk is made of, batch size 1.

    Attributes:
        tokens: Goal tokens, shape (1, tokens, cross_attention_dim).
        attention_mask: Shape (1, tokens).
        image_mask: Shape (1, tokens).
        state: Shape (1, state_history_length, max_state_dim).
        noise: Shape (1, action_horizon, max_action_dim).
        embodiment_id: Shape (1,).
    """

    tokens: Tensor
    attention_mask: Tensor
    image_mask: Tensor
    state: Tensor
    noise: Tensor
    embodiment_id: Tensor


def port_with_weights_of(head: ActionHead, values: dict[str, Any]) -> nn.Module:
    """Return the port's action head, which shares every weight of `head`.

    It starts from goal tokens too: the layers over the backbone's features are System 2's.

    Args:
        head: Without `vlln` and `vl_self_attention`.
        values: Its config.json.
    """
    module = import_port()
    with torch.device('meta'):
        port: nn.Module = module.GR00TN17ActionHead(module.GR00TN17Config(**values))
    port.vlln, port.vl_self_attention = nn.Identity(), nn.Identity()
    port.load_state_dict(head.state_dict(), strict=True, assign=True)
    return port.eval().requires_grad_(False)


def port_chunk(port: nn.Module, inputs: HeadInputs) -> Callable[[], Tensor]:
    """Return the port's solve of one chunk; it draws its noise itself."""
    from transformers.feature_extraction_utils import BatchFeature

    def chunk() -> Tensor:
        features = BatchFeature(data={'backbone_features': inputs.tokens,
                                      'backbone_attention_mask': inputs.attention_mask,
                                      'image_mask': inputs.image_mask})
        state = BatchFeature(data={'state': inputs.state, 'embodiment_id': inputs.embodiment_id})
        actions: Tensor = port.get_action(features, state)['action_pred']
        return actions

    return chunk


def uncached_chunk(head: ActionHead, inputs: HeadInputs) -> Callable[[], Tensor]:
    """Return our own solve with everything recomputed at each denoising step."""
    config, device = head.config, inputs.noise.device
    steps = config.num_inference_timesteps

    @torch.inference_mode()
    def chunk() -> Tensor:
        actions = inputs.noise
        state_token = head.state_token(inputs.state, inputs.embodiment_id)
        for step in range(steps):
            context = head.model.prepare(inputs.tokens, inputs.attention_mask, inputs.image_mask)
            bucket = torch.full((1,), int(config.num_timestep_buckets * step / steps),
                                device=device)
            actions = actions + head.velocity(actions, bucket, state_token, context,
                                              inputs.embodiment_id) / steps
        return actions

    return chunk
