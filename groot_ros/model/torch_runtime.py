"""The torch runtime: the reference, the one for released checkpoints, and the one on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groot_ros.model.checkpoint import load_system1_head, load_system2_backbone
from groot_ros.model.config import DiTConfig, System2Config
from groot_ros.model.fingerprint import fingerprint
from groot_ros.model.groot import GoalTokenEncoder
from groot_ros.model.policy import MAX_GOAL_TOKENS, Continuation, FloatArray, GoalTokens
from groot_ros.model.processor import Processor
from groot_ros.model.released_config import read_config
from groot_ros.model.system1.dit import CrossContext
from groot_ros.model.system1.loops import fixed_loop, pad_context, plain_loop
from groot_ros.model.system1.real_time_chunking import start_loop
from groot_ros.model.system2.attention import SmallAttention
from groot_ros.model.torch_inputs import released_inputs, small_inputs
from groot_ros.model.torch_placement import check_mode, choose_placement


class TorchSystem2:
    """System 2 on torch: the backbone and the head's layers over its features."""

    def __init__(self, checkpoint: Path, processor: Processor, threads: int, dtype: str = 'auto',
                 *, tokenizer: Path | None = None) -> None:
        """Load the weights to the GPU if there is one; see `policy.load_system2`."""
        torch.set_num_threads(threads)
        self.fingerprint = fingerprint(checkpoint)
        self.processor = processor
        config = read_config(checkpoint)
        placement = choose_placement(config, dtype)
        # Before the weights: a missing tokenizer is found out at once.
        self._make_inputs = (
            small_inputs(config.backbone_cfg, checkpoint, processor, placement)
            if isinstance(config.backbone_cfg, System2Config)
            else released_inputs(config.backbone_cfg, checkpoint, placement, tokenizer))
        self._encoder = load_system2_backbone(checkpoint, placement.dtype, placement.device)

    @torch.inference_mode()
    def encode(self, images: dict[str, NDArray[np.uint8]], instruction: str) -> GoalTokens:
        """Encode processed RGB images (height, width, 3) by video key."""
        output = self._encoder(*self._inputs(images, instruction))
        return GoalTokens(output.features[0].float().cpu().numpy(),
                          output.attention_mask[0].cpu().numpy(),
                          output.image_mask[0].cpu().numpy())

    @torch.inference_mode()
    def attention(self, images: dict[str, NDArray[np.uint8]],
                  instruction: str) -> dict[str, FloatArray]:
        """Return where System 2 looks; see `policy.System2.attention`."""
        maps = _look(self._encoder, self._inputs(images, instruction))
        return {key: shares.float().cpu().numpy()
                for key, shares in zip(self.processor.images, maps, strict=True)}

    def _inputs(self, images: dict[str, NDArray[np.uint8]], instruction: str) -> tuple[Any, ...]:
        views = [images[key] for key in self.processor.images]
        return self._make_inputs(views, self.processor.instruction(instruction))


class TorchSystem1:
    """System 1 on torch."""

    inpaints = True

    def __init__(self, checkpoint: Path, processor: Processor, threads: int, dtype: str = 'auto',
                 *, mode: str = 'eager', max_goal_tokens: int = MAX_GOAL_TOKENS) -> None:
        """Load the weights to the GPU if there is one; see `policy.load_system1`."""
        torch.set_num_threads(threads)
        self.fingerprint = fingerprint(checkpoint)
        self.processor = processor
        self._device, self._dtype = choose_placement(read_config(checkpoint), dtype)
        check_mode(mode, self._device)
        self._head = load_system1_head(checkpoint, self._dtype, self._device)
        self._padded = None if mode == 'eager' else max_goal_tokens
        embodiment_id = torch.tensor([processor.embodiment_id], device=self._device)
        with torch.inference_mode():
            self._loop = (plain_loop(self._head, embodiment_id) if self._padded is None
                          else fixed_loop(self._head, embodiment_id, mode, self._padded))

    @torch.inference_mode()
    def prepare(self, tokens: GoalTokens) -> CrossContext:
        """Compute the cross-attention keys and values of a goal-token message.

        Raises:
            ValueError: If this head can't read the tokens.
        """
        _check_tokens(tokens, self._head.config.diffusion_model_cfg)
        context = self._head.model.prepare(
            self._numbers(tokens.features), self._tensor(tokens.attention_mask),
            self._tensor(tokens.image_mask))
        return context if self._padded is None else pad_context(context, self._padded)

    @torch.inference_mode()
    def solve(self, context: CrossContext, state: FloatArray, noise: FloatArray,
              continuation: Continuation | None = None) -> FloatArray:
        """Denoise one chunk; see `policy.System1.solve`."""
        start = start_loop(self.processor, state, noise, continuation)
        normalized = self._numbers(self.processor.normalize_state(state)[None])
        actions = self._loop(context, normalized, self._numbers(start.values),
                             torch.from_numpy(start.freedom).to(self._device, self._dtype))
        return self.processor.unnormalize_actions(actions[0].float().cpu().numpy(), state)

    def draw_noise(self, rng: np.random.Generator) -> FloatArray:
        """Draw N(0, 1) start values, shape (model_horizon, max_action_dim)."""
        shape = (self.processor.model_horizon, self.processor.max_action_dim)
        return rng.standard_normal(shape, np.float32)

    def _tensor(self, values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values))[None].to(self._device)

    def _numbers(self, values: FloatArray) -> Tensor:
        return self._tensor(values).to(self._dtype)


def _look(encoder: GoalTokenEncoder, inputs: tuple[Any, ...]) -> Sequence[Tensor]:
    if isinstance(encoder.config.backbone_cfg, System2Config):
        layers = encoder.vlln, encoder.vl_self_attention
        return SmallAttention(encoder.backbone, *layers)(*inputs)[0].unbind()
    from groot_ros.model.system2.released_attention import released_attention  # needs transformers
    return released_attention(encoder, *inputs)


def _check_tokens(tokens: GoalTokens, config: DiTConfig) -> None:
    wanted, found = config.cross_attention_dim, tokens.features.shape[1]
    if found != wanted:
        raise ValueError(f'goal tokens: expected width {wanted}, as cross_attention_dim says, got '
                         f'{found}: give planner and controller the same checkpoint')
    real, image = tokens.attention_mask, tokens.image_mask
    for name, kind in (('image', real & image), ('text', real & ~image)):
        if config.use_alternate_vl and not kind.any():  # a softmax over nothing is NaN
            raise ValueError(f'goal tokens: expected image and text tokens, got {len(real)} '
                             f'without any {name}: give each prompt an image and words')
