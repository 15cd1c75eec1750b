"""The prompts of the released backbones: chat turns, image tokens, left padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from groot_ros.model.released_backbone import ReleasedBackboneConfig
from groot_ros.model.system2.pixels import prepare_images
from groot_ros.model.system2.released import BackboneError, BackboneInputs, check_inputs

_SYSTEM = '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n'
# What a padded token is does not matter: nothing attends to it.
_PADDING_ID = 0


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """How a release puts images and the instruction into its one user turn.

    Attributes:
        system: Turn before the user's.
        image: One image; {number} counts from 1, {tokens} are its image tokens.
        image_token: Stands for one token of an image.
        text_first: The instruction comes before the images.
        answer: What follows the user's turn (the start of an answer).
    """

    system: str
    image: str
    image_token: str
    text_first: bool
    answer: str

    def write(self, instruction: str, image_tokens: Sequence[int]) -> str:
        """Return the prompt for an instruction and images of so many tokens each."""
        images = ''.join(
            self.image.format(number=number, tokens=self.image_token * tokens)
            for number, tokens in enumerate(image_tokens, start=1))
        content = instruction + images if self.text_first else images + instruction
        return f'{self.system}<|im_start|>user\n{content}<|im_end|>\n{self.answer}'


_EAGLE_IMAGE = '<image {number}><img>{tokens}</img>'
FORMATS = {
    'eagle2_5': ChatFormat(_SYSTEM, _EAGLE_IMAGE, '<IMG_CONTEXT>', text_first=False,
                           answer='<|im_start|>assistant\n'),
    'eagle3': ChatFormat(_SYSTEM, _EAGLE_IMAGE, '<IMG_CONTEXT>', text_first=True, answer=''),
    'qwen3_vl': ChatFormat('', '<|vision_start|>{tokens}<|vision_end|>', '<|image_pad|>',
                           text_first=False, answer='')}


def build_inputs(config: ReleasedBackboneConfig, tokenizer: Tokenizer,
                 images: Sequence[NDArray[np.uint8]], instruction: str) -> BackboneInputs:
    """Make the inputs of one prompt, batch size 1, on the CPU.

    Args:
        config: Says which release and the sizes of its towers.
        tokenizer: Of `load_tokenizer`.
        images: RGB (height, width, 3) as the checkpoint's processor returns them; for every
            time step, every view.
        instruction: As the processor's `formalize_language` leaves it.

    Raises:
        BackboneError: If there is no image or no word, or the tokenizer is of another model.
    """
    prepared = prepare_images(config, images)
    if not instruction.strip():
        raise BackboneError('the instruction holds no word: say what to do, for example '
                            '"pick up the red block"')
    chat = FORMATS[config.kind]
    ids = _encode(tokenizer, chat.write(instruction, prepared.tokens), config)
    image_mask = ids == tokenizer.token_to_id(chat.image_token)
    inputs = BackboneInputs(ids, torch.ones_like(image_mask), image_mask, prepared.pixel_values,
                            prepared.patch_grid)
    check_inputs(inputs, sum(prepared.tokens))
    return inputs


def pad_left(prompts: Sequence[BackboneInputs]) -> BackboneInputs:
    """Join the inputs of several prompts, the shorter ones padded on the left."""
    length = max(prompt.input_ids.shape[1] for prompt in prompts)

    def join(name: str, padding: int) -> Tensor:
        rows = [getattr(prompt, name) for prompt in prompts]
        return torch.cat([_pad(row, length - row.shape[1], padding) for row in rows])

    grids = [prompt.patch_grid for prompt in prompts if prompt.patch_grid is not None]
    return BackboneInputs(
        join('input_ids', _PADDING_ID), join('attention_mask', False), join('image_mask', False),
        torch.cat([prompt.pixel_values for prompt in prompts]),
        torch.cat(grids) if grids else None)


def _pad(row: Tensor, missing: int, value: int) -> Tensor:
    return torch.nn.functional.pad(row, (missing, 0), value=value)


def _encode(tokenizer: Tokenizer, prompt: str, config: ReleasedBackboneConfig) -> Tensor:
    """Return token ids, shape (1, length)."""
    ids = tokenizer.encode(prompt, add_special_tokens=False).ids
    known = config.text['vocab_size']
    if max(ids) >= known:
        raise BackboneError(f'the tokenizer gives token {max(ids)}, but the checkpoint embeds '
                            f'{known} tokens: it is the tokenizer of another model')
    return torch.tensor([ids])
