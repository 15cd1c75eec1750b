"""The denoising loop as the nodes run it: plain, fused by torch.compile, or as one CUDA graph.

The last two hold for one number of goal tokens, and getting ready takes seconds to minutes. So
they are made for the largest number at start, goal tokens are padded to it, and one chunk is
solved and compared with the plain loop before the robot moves.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from groot_ros.model.policy import RuntimeChoiceError
from groot_ros.model.system1.action_head import ActionHead
from groot_ros.model.system1.compiled import DenoisingGraph, compile_head
from groot_ros.model.system1.dit import CrossContext

Loop = Callable[[CrossContext, Tensor, Tensor, Tensor], Tensor]
"""Denoises from context, state, start values and freedom; see `ActionHead.denoise`."""

# The largest difference from the plain loop that rounding explains, as a share of its actions.
TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 1e-1}


def plain_loop(head: ActionHead, embodiment_id: Tensor) -> Loop:
    """Return the loop of a head; goal tokens may be any number."""
    conditions = head.step_conditions()

    def denoise(context: CrossContext, state: Tensor, values: Tensor, freedom: Tensor) -> Tensor:
        return head.denoise(context, state, values, embodiment_id, conditions, freedom)

    return denoise


def fixed_loop(head: ActionHead, embodiment_id: Tensor, mode: str, tokens: int) -> Loop:
    """Return a loop for `tokens` padded goal tokens; see `pad_context`.

    Args:
        head: In evaluation mode; its cross-attention obeys the mask from now on.
        embodiment_id: Shape (1,).
        mode: 'compile' or 'graph'.
        tokens: Number of goal tokens after padding.

    Raises:
        RuntimeChoiceError: If the machine can't do it, or it gives other actions.
    """
    head.model.is_masked = True
    plain, example = plain_loop(head, embodiment_id), _example(head, tokens)
    try:
        loop = (plain_loop(compile_head(head), embodiment_id) if mode == 'compile'
                else _captured_loop(head, embodiment_id, example[0]))
        expected = plain(*example)
        difference = float((loop(*example) - expected).abs().max() / expected.abs().max())
    except RuntimeError as error:  # no compiler, no driver, no memory
        raise RuntimeChoiceError(f'mode {mode} failed at its first chunk: use mode eager; '
                                 f'{str(error).splitlines()[0]}') from error
    if not difference <= TOLERANCE[head.model.proj_out_1.weight.dtype]:
        raise RuntimeChoiceError(f'mode {mode}: expected the actions of mode eager, got some '
                                 f'that differ by {difference:.1%}: use mode eager')
    return loop


def pad_context(context: CrossContext, tokens: int) -> CrossContext:
    """Add goal tokens that are masked out, up to `tokens` of them.

    Raises:
        ValueError: If there are more already.
    """
    missing = tokens - context.keys.shape[-2]
    if missing < 0:
        raise ValueError(f'expected at most {tokens} goal tokens, as max_goal_tokens says, got '
                         f'{tokens - missing}: raise it, or use mode eager')
    return CrossContext(nn.functional.pad(context.keys, (0, 0, 0, missing)),
                        nn.functional.pad(context.values, (0, 0, 0, missing)),
                        nn.functional.pad(context.mask, (0, missing)))


def _captured_loop(head: ActionHead, embodiment_id: Tensor, context: CrossContext) -> Loop:
    graph = DenoisingGraph(head, head.step_conditions(), context, embodiment_id)
    in_use = context

    def denoise(context: CrossContext, state: Tensor, values: Tensor, freedom: Tensor) -> Tensor:
        nonlocal in_use
        if context is not in_use:
            graph.use(context)
            in_use = context
        return graph.denoise(state, values, freedom)

    return denoise


def _example(head: ActionHead, tokens: int) -> tuple[CrossContext, Tensor, Tensor, Tensor]:
    """Draw what `Loop` takes, with as many text as image tokens and some padding."""
    config, weight = head.config, head.model.proj_out_1.weight
    random = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random).to(weight)

    real = max(2, tokens - 1)
    image = torch.arange(real, device=weight.device)[None] >= real // 2
    context = head.model.prepare(draw(1, real, config.diffusion_model_cfg.cross_attention_dim),
                                 torch.ones_like(image), image)
    horizon = config.action_horizon
    return (pad_context(context, tokens),
            draw(1, config.state_history_length, config.max_state_dim),
            draw(1, horizon, config.max_action_dim), draw(horizon, 1).abs().clamp(max=1))
