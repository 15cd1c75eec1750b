"""How the Qwen3 of N1.5 and N1.6 reads a prompt of words and image tokens."""

from __future__ import annotations

from torch import Tensor
from transformers import Qwen3Model

from groot_ros.model.system2.released import BackboneInputs


def read_prompt(language_model: Qwen3Model, inputs: BackboneInputs,
                image_tokens: Tensor) -> Tensor:
    """Put the image tokens in their places and return the output after the final norm.

    Args:
        language_model: With the layers that are kept.
        inputs: The prompts.
        image_tokens: All images of the batch, in order, shape (image tokens, hidden_size).

    Returns:
        Shape (batch, length, hidden_size).
    """
    words = language_model.embed_tokens(inputs.input_ids)
    embedded = words.masked_scatter(inputs.image_mask[..., None], image_tokens.to(words.dtype))
    return language_model(inputs_embeds=embedded, attention_mask=inputs.attention_mask.long(),
                          use_cache=False).last_hidden_state
