"""The torch runtime: the reference, and the one that runs on a GPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groot_ros.model.checkpoint import load_model
from groot_ros.model.fingerprint import fingerprint
from groot_ros.model.policy import FloatArray, GoalTokens
from groot_ros.model.processor import load_processor
from groot_ros.model.system1.dit import CrossContext
from groot_ros.model.tokenizer import InstructionTokenizer


def _device() -> torch.device:
    return torch.device('cuda' if torch.cuda.is_available() else 'cpu')


class TorchSystem2:
    """System 2 on torch."""

    def __init__(self, checkpoint: Path, embodiment_tag: str, threads: int) -> None:
        """Load the weights to the GPU if there is one."""
        torch.set_num_threads(threads)
        self.fingerprint = fingerprint(checkpoint)
        self.processor = load_processor(checkpoint, embodiment_tag)
        self._device = _device()
        self._model = load_model(checkpoint).to(self._device)
        self._tokenizer = InstructionTokenizer(
            checkpoint / 'tokenizer.json', self._model.config.backbone_cfg.max_text_length)

    @torch.inference_mode()
    def encode(self, images: dict[str, NDArray[np.uint8]], instruction: str) -> GoalTokens:
        """Encode processed RGB images (height, width, 3) by video key."""
        views = np.stack([self.processor.image(images[key]) for key in self.processor.images])
        ids = self._tokenizer.encode(self.processor.instruction(instruction))
        token_ids = torch.from_numpy(ids)[None].to(self._device)
        backbone = self._model.backbone(
            torch.from_numpy(views)[None].to(self._device), token_ids,
            torch.ones_like(token_ids, dtype=torch.bool))
        features = self._model.action_head.goal_tokens(backbone.features)
        return GoalTokens(*(part[0].cpu().numpy() for part in
                            (features, backbone.attention_mask, backbone.image_mask)))


class TorchSystem1:
    """System 1 on torch."""

    def __init__(self, checkpoint: Path, embodiment_tag: str, threads: int) -> None:
        """Load the weights to the GPU if there is one."""
        torch.set_num_threads(threads)
        self.fingerprint = fingerprint(checkpoint)
        self.processor = load_processor(checkpoint, embodiment_tag)
        self._device = _device()
        self._head = load_model(checkpoint).action_head.to(self._device)
        self._embodiment = torch.tensor([self.processor.embodiment_id], device=self._device)

    @torch.inference_mode()
    def prepare(self, tokens: GoalTokens) -> CrossContext:
        """Compute the cross-attention keys and values of a goal-token message."""
        return self._head.model.prepare(*(self._tensor(part) for part in (
            tokens.features, tokens.attention_mask, tokens.image_mask)))

    @torch.inference_mode()
    def solve(self, context: CrossContext, state: FloatArray, noise: FloatArray) -> FloatArray:
        """Denoise one chunk; see `policy.System1.solve`."""
        normalized = self._tensor(self.processor.normalize_state(state)[None])
        actions = self._head.denoise(context, normalized, self._tensor(noise), self._embodiment)
        return self.processor.unnormalize_actions(actions[0].cpu().numpy(), state)

    def draw_noise(self, rng: np.random.Generator) -> FloatArray:
        """Draw N(0, 1) start values, shape (action_horizon, max_action_dim)."""
        shape = (self.processor.action_horizon, self.processor.max_action_dim)
        return rng.standard_normal(shape, np.float32)

    def _tensor(self, values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values))[None].to(self._device)
