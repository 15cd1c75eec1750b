"""How long System 2 of N1.7 takes: Qwen3-VL's 16 layers and the head's layers over them.

    scripts/env --with training python benchmarks/system2.py --device cuda

Random weights, one 256x256 camera, a short sentence. The reference is transformers' own forward,
then the head's layers, with the same weights; timed in turn with ours.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

sys.path.append(str(Path(__file__).resolve().parent))
from full_size import (
    Machine,
    add_arguments,
    choose_machine,
    copying,
    n1_7_config,
    peak_memory,
    weight_bytes,
    with_random_weights,
)
from measuring import Durations, report, time_in_turn, write_results

from groot_ros.model.config import ModelConfig
from groot_ros.model.groot import GoalTokenEncoder
from groot_ros.model.released_backbone import ReleasedBackboneConfig
from groot_ros.model.system2.pixels import prepare_images
from groot_ros.model.system2.released import BackboneInputs

MODES = ('eager', 'compile')
IMAGE_PX, WORDS = 256, 20
GOAL_S = 7e-3
REFERENCE, COPY = 'transformers', 'copy'

Encode = Callable[[], Tensor]


def make_encoder(config: ModelConfig, machine: Machine) -> GoalTokenEncoder:
    """Return what the planner holds: System 2 without System 1."""
    with torch.device('meta'):
        encoder = GoalTokenEncoder(config)
    return with_random_weights(encoder, machine)


def make_inputs(config: ModelConfig, machine: Machine) -> BackboneInputs:
    """Draw one camera image and the tokens of one prompt; which tokens does not matter."""
    assert isinstance(config.backbone_cfg, ReleasedBackboneConfig)
    image = np.random.default_rng(0).integers(0, 255, (IMAGE_PX, IMAGE_PX, 3), np.uint8)
    prepared = prepare_images(config.backbone_cfg, [image])
    assert prepared.patch_grid is not None
    image_mask = torch.zeros(1, WORDS + sum(prepared.tokens), dtype=torch.bool)
    image_mask[:, 1:1 + sum(prepared.tokens)] = True
    image_token = config.backbone_cfg.text['vocab_size'] - 1
    ids = torch.randint(image_token, image_mask.shape).masked_fill(image_mask, image_token)
    device = machine.device
    return BackboneInputs(
        ids.to(device), torch.ones_like(image_mask, device=device), image_mask.to(device),
        prepared.pixel_values.to(device, machine.dtype), prepared.patch_grid.to(device))


def make_encoders(encoder: GoalTokenEncoder, inputs: BackboneInputs, modes: Iterable[str],
                  machine: Machine) -> dict[str, Encode]:
    """Return our encoding of one observation in each mode."""
    # Not `encoder.compile()`, which would replace the eager forward.
    compiled = torch.compile(encoder, dynamic=False, **machine.compile_arguments('default'))
    calls: dict[str, Callable[..., Any]] = {'eager': encoder, 'compile': compiled}
    return {mode: _encoding(calls[mode], inputs) for mode in modes}


def _encoding(call: Callable[..., Any], inputs: BackboneInputs) -> Encode:
    return torch.inference_mode()(lambda: call(inputs).features)


def reference(encoder: GoalTokenEncoder, inputs: BackboneInputs) -> Encode:
    """Return transformers' forward and the head's layers: the same work, the same features.

    Its last hidden state is the one before the final norm.
    """
    qwen = encoder.backbone.model['model']
    qwen.config.image_token_id = int(inputs.input_ids.max())  # see `make_inputs`
    assert inputs.patch_grid is not None
    grid = torch.nn.functional.pad(inputs.patch_grid, (1, 0), value=1)

    @torch.inference_mode()
    def encode() -> Tensor:
        features = qwen(
            input_ids=inputs.input_ids, attention_mask=inputs.attention_mask.long(),
            pixel_values=inputs.pixel_values, image_grid_thw=grid,
            mm_token_type_ids=inputs.image_mask.long(), use_cache=False).last_hidden_state
        tokens: Tensor = encoder.vl_self_attention(encoder.vlln(features))
        return tokens

    return encode


def weights_read(encoder: GoalTokenEncoder) -> int:
    """Return the bytes of weights that one encoding reads: all but the word embeddings."""
    words = encoder.backbone.model['model'].language_model.embed_tokens
    return weight_bytes(encoder) - weight_bytes(words)


def summarize(measured: dict[str, Durations], read: int, copied: int) -> list[dict[str, Any]]:
    """Return one row of results per variant."""
    bandwidth = copied / measured[COPY].median
    rows = []
    for name, durations in measured.items():
        row: dict[str, Any] = {'variant': name, 'median_s': durations.median,
                               'p95_s': durations.p95}
        if name in MODES:
            row |= {'times_faster': measured[REFERENCE].median / durations.median,
                    'bandwidth': read / durations.median,
                    'share_of_copy': read / durations.median / bandwidth}
        elif name == COPY:
            row |= {'bandwidth': bandwidth, 'share_of_copy': 1.0}
        rows.append(row)
    return rows


def verdict(rows: list[dict[str, Any]], size: str, machine: Machine) -> str:
    """Return whether the goal is met, which is for the full size on a GPU."""
    if size != 'full' or machine.device.type == 'cpu':
        return 'The goal is for --size full on a GPU: not judged.'
    best = min((row for row in rows if row['variant'] in MODES), key=lambda row: row['median_s'])
    return (f'{best["variant"]}: {1e3 * best["median_s"]:.2f} ms, '
            f'{"met" if best["median_s"] <= GOAL_S else "missed"} (goal {1e3 * GOAL_S:g} ms)')


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, MODES)
    asked = parser.parse_args()
    machine = choose_machine(parser, asked)
    modes = asked.mode or (MODES if asked.device == 'cuda' else MODES[:1])
    config = n1_7_config(asked.size)
    encoder, inputs = make_encoder(config, machine), make_inputs(config, machine)
    print(f'weights {weight_bytes(encoder) / 1e9:.3f} GB, peak {peak_memory(machine)}')
    copy, copied = copying(machine, asked.size)
    encodings = {REFERENCE: reference(encoder, inputs),
                 **make_encoders(encoder, inputs, modes, machine)}
    measured = time_in_turn(
        {name: machine.timed(encode) for name, encode in encodings.items()} | {COPY: copy},
        asked.repeats)
    rows = summarize(measured, weights_read(encoder), copied)
    conditions = {'size': asked.size, 'repeats': asked.repeats, **machine.describe()}
    print(', '.join(f'{name} {value}' for name, value in conditions.items()))
    print(report(rows, REFERENCE))
    print(verdict(rows, asked.size, machine))
    write_results(asked.json, conditions, rows)


if __name__ == '__main__':
    main()
