"""Images and an instruction to what a backbone reads, for each kind of backbone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from groot_ros.model.config import System2Config
from groot_ros.model.processor import Processor
from groot_ros.model.released_backbone import ReleasedBackboneConfig
from groot_ros.model.system2.prompt import build_inputs
from groot_ros.model.system2.prompt_tokenizer import load_tokenizer
from groot_ros.model.system2.released import BackboneInputs
from groot_ros.model.tokenizer import InstructionTokenizer
from groot_ros.model.torch_placement import Placement

Views = Sequence[NDArray[np.uint8]]
MakeInputs = Callable[[Views, str], tuple[Any, ...]]
"""From processed RGB images (height, width, 3), one per view, and the processor's wording of the
instruction to the arguments of `GoalTokenEncoder`."""


def small_inputs(config: System2Config, checkpoint: Path, processor: Processor,
                 placement: Placement) -> MakeInputs:
    """Return what prepares the inputs of this package's own backbone.

    Raises:
        TokenizerError: If the checkpoint holds no tokenizer.
    """
    tokenizer = InstructionTokenizer(checkpoint / 'tokenizer.json', config.max_text_length)
    device, dtype = placement

    def make(views: Views, words: str) -> tuple[Any, ...]:
        images = torch.from_numpy(np.stack([processor.image(view) for view in views]))[None]
        token_ids = torch.from_numpy(tokenizer.encode(words))[None].to(device)
        return images.to(device, dtype), token_ids, torch.ones_like(token_ids, dtype=torch.bool)

    return make


def released_inputs(config: ReleasedBackboneConfig, checkpoint: Path, placement: Placement,
                    tokenizer_path: Path | None) -> MakeInputs:
    """Return what prepares the inputs of a released backbone.

    Args:
        config: Says which backbone.
        checkpoint: Folder, where the tokenizer is looked for first.
        placement: Of the backbone's weights.
        tokenizer_path: A tokenizer.json, or its folder; looked for next.

    Raises:
        BackboneError: If no place has the tokenizer.
    """
    tokenizer = load_tokenizer(config.kind, checkpoint, tokenizer_path)
    device, dtype = placement

    def make(views: Views, words: str) -> tuple[BackboneInputs]:
        inputs = build_inputs(config, tokenizer, views, words)
        grid = inputs.patch_grid
        return (BackboneInputs(
            inputs.input_ids.to(device), inputs.attention_mask.to(device),
            inputs.image_mask.to(device), inputs.pixel_values.to(device, dtype),
            None if grid is None else grid.to(device)),)

    return make
