"""The vision-language backbones of the released checkpoints: inputs, choice, shared rules."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn

from groot_ros.model.released_backbone import ReleasedBackboneConfig

MODULES = {'eagle2_5': 'Eagle25Backbone', 'eagle3': 'Eagle3Backbone',
           'qwen3_vl': 'Qwen3VLBackbone'}
UNSUPPORTED = {'eagle2': 'the Eagle-2 backbone of GR00T N1 (SigLIP and SmolLM2) is not supported: '
                         'use a GR00T N1.5, N1.6 or N1.7 checkpoint'}
IGNORED_WEIGHTS = (r'lm_head\.weight$', r'vision_model\.vision_model\.head\.')


class BackboneError(ValueError):
    """A backbone that can't be built here, or inputs that it can't read."""


class BackboneInputs(NamedTuple):
    """One batch as the released backbones read it, padded on the left.

    Attributes:
        input_ids: Tokens of the whole prompt, shape (batch, length).
        attention_mask: True on real tokens, shape (batch, length).
        image_mask: True where an image token stands, shape (batch, length).
        pixel_values: Values in [-1, 1] of all images of the batch, in the order of their tokens:
            (images, 3, height, width) for N1.5, else flattened patches (patches, values).
        patch_grid: Rows and columns of patches, shape (images, 2); None where all images
            have the size of the vision tower (N1.5).
    """

    input_ids: Tensor
    attention_mask: Tensor
    image_mask: Tensor
    pixel_values: Tensor
    patch_grid: Tensor | None = None


class ReleasedBackbone(nn.Module):
    """What the released backbones share: `BackboneInputs` in, `BackboneFeatures` out.

    The features are those that the checkpoint's action head was trained on.
    """

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> ReleasedBackbone:
        # A cast to bfloat16 would round the rotary frequencies, which turns far tokens by a
        # wrong angle: rebuild them after each move or cast.
        super()._apply(fn, recurse)
        restore_buffers(self)
        return self


def build_backbone(config: ReleasedBackboneConfig) -> ReleasedBackbone:
    """Make the backbone of a released checkpoint, with random weights.

    Weight names are those of the release below `backbone.`. Under `torch.device('meta')`
    nothing is allocated; call `restore_buffers` after loading the weights then.

    Raises:
        BackboneError: If the kind is not supported, or transformers is missing or too old.
    """
    if config.kind not in MODULES:
        raise BackboneError(UNSUPPORTED.get(
            config.kind, f'backbone kind {config.kind!r} is unknown; known: {", ".join(MODULES)}'))
    require_transformers()
    module = importlib.import_module(f'groot_ros.model.system2.{config.kind}')
    backbone: ReleasedBackbone = getattr(module, MODULES[config.kind])(config)
    return backbone.eval()


def require_transformers() -> None:
    """Check that the package that holds the towers is there.

    Raises:
        BackboneError: If transformers is missing or older than 5.
    """
    wanted = "the backbone of a released checkpoint needs: pip install 'transformers>=5'"
    if importlib.util.find_spec('transformers') is None:
        raise BackboneError(wanted)
    found = importlib.import_module('transformers').__version__
    if int(found.split('.')[0]) < 5:
        raise BackboneError(f'{wanted} (found {found})')


def restore_buffers(backbone: nn.Module) -> None:
    """Recompute, in float32, what no checkpoint holds: rotary frequencies, position indices."""
    device = next(backbone.parameters()).device
    if device.type == 'meta':
        return
    for module in backbone.modules():
        if module._non_persistent_buffers_set:
            with device:
                fresh = type(module)(module.config)
            for name, value in fresh.named_buffers(recurse=False):
                module.register_buffer(name, value, persistent=False)


def is_ignored_weight(name: str) -> bool:
    """Tell whether a released file may hold this weight although no feature depends on it."""
    return any(re.search(pattern, name) for pattern in IGNORED_WEIGHTS)


def check_inputs(inputs: BackboneInputs, image_tokens: int) -> None:
    """Check what the action head's softmax over image and text tokens relies on.

    Args:
        inputs: One batch, before it is moved to a GPU (this waits for the masks).
        image_tokens: Tokens that the images of the batch become.

    Raises:
        BackboneError: If a row lacks image tokens or words, or the counts disagree.
    """
    images = inputs.image_mask & inputs.attention_mask
    for row, name in ((images, 'image'), (inputs.attention_mask & ~images, 'text')):
        if not bool(row.any(1).all()):
            raise BackboneError(f'a prompt without any {name} token: the action head attends to '
                                'images and to text, so each prompt needs both')
    found = int(images.sum())
    if found != image_tokens:
        raise BackboneError(f'the prompt holds {found} image tokens, its images become '
                            f'{image_tokens}: does the instruction itself name an image token?')
