"""How long one action chunk of an N1.7-size head takes, beside an independent implementation.

    scripts/env --with training --with parity python benchmarks/system1.py --device cuda

Random weights, one sample, goal tokens of one 256x256 camera and a short sentence; N1.7 makes 40
actions in 4 denoising steps with 32 layers. All variants share their weights and are timed in
turn. Without `--with parity` the reference is our own head with its caches left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

sys.path += [str(Path(__file__).resolve().parent),
             str(Path(__file__).resolve().parents[1] / 'test')]
import lerobot_port
from full_size import (
    Machine,
    add_arguments,
    choose_machine,
    copying,
    n1_7_config,
    n1_7_values,
    peak_memory,
    weight_bytes,
    with_random_weights,
)
from measuring import Durations, report, time_in_turn, write_results
from reference_head import (
    HeadInputs,
    port_chunk,
    port_with_weights_of,
    uncached_chunk,
)

from groot_ros.model.config import System1Config
from groot_ros.model.system1.action_head import ActionHead
from groot_ros.model.system1.compiled import DenoisingGraph, compile_head

MODES = ('eager', 'compile', 'graph', 'compile_graph')
TOKENS, IMAGE_TOKENS = 84, 64
GOAL_S, GOAL_RATIO = 3.1e-3, 4.0
PORT, PORT_COMPILED, UNCACHED = 'port', 'port, compiled', 'no caches'
PREPARE, COPY = 'keys and values of new tokens', 'copy'

Chunk = Callable[[], Tensor]


def make_head(config: System1Config, machine: Machine) -> ActionHead:
    """Return what the controller holds: the head without System 2's layers."""
    with torch.device('meta'):
        head = ActionHead(config)
    head.vlln, head.vl_self_attention = nn.Identity(), nn.Identity()
    return with_random_weights(head, machine)


def make_inputs(config: System1Config, machine: Machine) -> HeadInputs:
    """Draw the inputs of one chunk."""
    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, device=machine.device, dtype=machine.dtype)

    attention = torch.ones(1, TOKENS, dtype=torch.bool, device=machine.device)
    image = torch.zeros_like(attention)
    image[:, 1:1 + IMAGE_TOKENS] = True
    torch.manual_seed(1)
    tokens = draw(1, TOKENS, config.diffusion_model_cfg.cross_attention_dim)
    state = draw(1, config.state_history_length, config.max_state_dim)
    embodiment = torch.zeros(1, dtype=torch.long, device=machine.device)
    torch.manual_seed(2)  # the port draws the same noise, see `largest_differences`
    noise = draw(1, config.action_horizon, config.max_action_dim)
    return HeadInputs(tokens, attention, image, state, noise, embodiment)


@torch.inference_mode()
def make_chunks(head: ActionHead, inputs: HeadInputs, modes: Iterable[str]) -> dict[str, Chunk]:
    """Return our solve of one chunk in each mode, goal tokens prepared."""
    prepared = (head.model.prepare(*inputs[:3]), head.step_conditions())
    compiled = compile_head(head)
    makers = {'eager': lambda: _plain(head, inputs, *prepared),
              'compile': lambda: _plain(compiled, inputs, *prepared),
              'graph': lambda: _captured(head, inputs, *prepared),
              'compile_graph': lambda: _captured(compiled, inputs, *prepared)}
    return {mode: makers[mode]() for mode in modes}


def _plain(head: ActionHead, inputs: HeadInputs, context: Any, conditions: Any) -> Chunk:
    return torch.inference_mode()(lambda: head.denoise(
        context, inputs.state, inputs.noise, inputs.embodiment_id, conditions))


def _captured(head: ActionHead, inputs: HeadInputs, context: Any, conditions: Any) -> Chunk:
    graph = DenoisingGraph(head, conditions, context, inputs.embodiment_id)
    freedom = torch.ones_like(inputs.noise[0, :, :1])
    return lambda: graph.denoise(inputs.state, inputs.noise, freedom)


def make_references(head: ActionHead, inputs: HeadInputs, size: str, machine: Machine, *,
                    compiled: bool) -> dict[str, Chunk]:
    """Return the references, the one that ratios refer to first."""
    own = {UNCACHED: uncached_chunk(head, inputs)}
    if not lerobot_port.is_here():
        return own
    chunks = {PORT: port_chunk(port_with_weights_of(head, n1_7_values(size)), inputs)}
    if compiled:
        port = port_with_weights_of(head, n1_7_values(size))
        arguments = machine.compile_arguments('max-autotune')
        port.model.compile(**arguments)  # type: ignore[operator]
        chunks = {PORT_COMPILED: port_chunk(port, inputs), **chunks}
    return {**chunks, **own}


def weights_read(head: ActionHead, cached: bool) -> int:
    """Return the bytes of weights that one chunk must read: each, once per denoising step.

    Of weights per embodiment only one is read; of an embedding, the rows in use. What the
    caches hold (modulations, keys and values of cross-attention) is not read again.
    """
    saved = [head.model.timestep_encoder, head.model.proj_out_1]
    for block in head.model.transformer_blocks:
        saved.append(block.norm1)
        if block.is_cross:
            saved += [block.attn1.to_k, block.attn1.to_v]
    embodiments = head.config.max_num_embodiments
    per_step = weight_bytes(head.model) - (sum(map(weight_bytes, saved)) if cached else 0)
    for encoder in (head.action_encoder, head.action_decoder):
        per_step += weight_bytes(encoder) // embodiments
    if head.config.add_pos_embed:
        per_step += head.position_embedding.weight[:head.config.action_horizon].nbytes
    return (per_step * head.config.num_inference_timesteps
            + weight_bytes(head.state_encoder) // embodiments)


def largest_differences(chunks: dict[str, Chunk], reference: str,
                        noise: Tensor) -> dict[str, float]:
    """Return how far each variant's actions are from the reference's at most.

    As a share of what denoising changed at most, so that a small network shows errors too.
    """
    actions = {}
    for name, chunk in chunks.items():
        torch.manual_seed(2)
        actions[name] = chunk().float().clone()
    changed = (actions[reference] - noise).abs().max()
    return {name: float((found - actions[reference]).abs().max() / changed)
            for name, found in actions.items()}


def summarize(measured: dict[str, Durations], differences: dict[str, float], head: ActionHead,
              reference: str, copied: int) -> list[dict[str, Any]]:
    """Return one row of results per variant."""
    bandwidth = copied / measured[COPY].median
    rows = []
    for name, durations in measured.items():
        row: dict[str, Any] = {'variant': name, 'median_s': durations.median,
                               'p95_s': durations.p95}
        if name in differences:
            row['times_faster'] = measured[reference].median / durations.median
            read = weights_read(head, cached=name in MODES)
            row |= {'difference': differences[name], 'weights_read': read,
                    'bandwidth': read / durations.median,
                    'share_of_copy': read / durations.median / bandwidth}
        elif name == COPY:
            row |= {'bandwidth': bandwidth, 'share_of_copy': 1.0}
        rows.append(row)
    return rows


def verdict(rows: list[dict[str, Any]], size: str, machine: Machine) -> str:
    """Return whether the goals are met, which are for a full-size head on a GPU."""
    best = min((row for row in rows if row['variant'] in MODES), key=lambda row: row['median_s'])
    if size != 'full' or machine.device.type == 'cpu':
        return 'The goals are for --size full on a GPU: not judged.'
    said = f'{best["variant"]}: {1e3 * best["median_s"]:.2f} ms, '
    said += f'{"met" if best["median_s"] <= GOAL_S else "missed"} (goal {1e3 * GOAL_S:g} ms)'
    if any(row['variant'] == PORT_COMPILED for row in rows):
        ratio = best['times_faster']
        said += (f'; {ratio:.1f} x the compiled port, '
                 f'{"met" if ratio >= GOAL_RATIO else "missed"} (goal {GOAL_RATIO:g} x)')
    return said


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, MODES)
    asked = parser.parse_args()
    machine = choose_machine(parser, asked)
    modes = asked.mode or (MODES if asked.device == 'cuda' else MODES[:1])
    if asked.device == 'cpu' and any('graph' in mode for mode in modes):
        parser.error('--mode graph: CUDA graphs need --device cuda')
    config = n1_7_config(asked.size).action_head_cfg
    head, inputs = make_head(config, machine), make_inputs(config, machine)
    print(f'weights {weight_bytes(head) / 1e9:.3f} GB, peak {peak_memory(machine)}')
    chunks = make_chunks(head, inputs, modes)
    references = make_references(head, inputs, asked.size, machine,
                                 compiled=any('compile' in mode for mode in modes))
    reference = next(iter(references))
    if reference == UNCACHED:
        print('lerobot is not installed (--with parity): the reference is our own head')
    chunks = {**references, **chunks}
    differences = largest_differences(chunks, reference, inputs.noise)
    copy, copied = copying(machine, asked.size)
    prepare = torch.inference_mode()(lambda: head.model.prepare(*inputs[:3]))
    measured = time_in_turn(
        {name: machine.timed(work) for name, work in {**chunks, PREPARE: prepare}.items()}
        | {COPY: copy}, asked.repeats)
    rows = summarize(measured, differences, head, reference, copied)
    conditions = {'size': asked.size, 'repeats': asked.repeats, **machine.describe()}
    print(', '.join(f'{name} {value}' for name, value in conditions.items()))
    print(report(rows, reference))
    print(verdict(rows, asked.size, machine))
    write_results(asked.json, conditions, rows)


if __name__ == '__main__':
    main()
