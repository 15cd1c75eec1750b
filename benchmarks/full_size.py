"""Models of GR00T N1.7's size with random weights, and the machine that they run on."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
from torch import nn

from groot_ros.model.config import ModelConfig
from groot_ros.model.released_config import read_config
from groot_ros.model.system1.compiled import CPU_ARGUMENTS

sys.path.append(str(Path(__file__).resolve().parents[1] / 'test'))
from measuring import Timed, describe_load, stopwatch
from released_configs import released_config, small_config

SIZES = ('full', 'half', 'small')
DTYPES = {'float32': torch.float32, 'bfloat16': torch.bfloat16}
COPIED_BYTES = {'cpu': 2 ** 28, 'cuda': 2 ** 31}

ModuleType = TypeVar('ModuleType', bound=nn.Module)


class Machine(NamedTuple):
    """Where a benchmark runs, and how."""

    device: torch.device
    dtype: torch.dtype
    threads: int

    def finish(self) -> None:
        """Wait for everything that was started on the device."""
        if self.device.type == 'cuda':
            torch.cuda.synchronize(self.device)

    def timed(self, work: Callable[[], object]) -> Timed:
        """Return `work` with all that it starts as a timed variant."""
        return stopwatch(work, self.finish)

    def compile_arguments(self, mode: str) -> dict[str, Any]:
        """Return what torch.compile needs here; `mode` counts on a GPU."""
        return CPU_ARGUMENTS if self.device.type == 'cpu' else {'mode': mode}

    def describe(self) -> dict[str, Any]:
        """Return what a reader must know about a figure."""
        is_cpu = self.device.type == 'cpu'
        return {'device': 'CPU' if is_cpu else torch.cuda.get_device_name(self.device),
                'dtype': str(self.dtype).removeprefix('torch.'), 'threads': self.threads,
                'torch': torch.__version__, 'machine': describe_load()}


def add_arguments(parser: argparse.ArgumentParser, modes: tuple[str, ...]) -> None:
    """Declare the arguments of the benchmarks of models."""
    parser.add_argument('--size', choices=SIZES, default='full',
                        help='of N1.7: full, half its layers and width, or tiny')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--mode', choices=modes, nargs='+',
                        help='default: eager on a CPU, all of them on a GPU')
    parser.add_argument('--dtype', choices=tuple(DTYPES),
                        help='default: float32 on a CPU, bfloat16 on a GPU')
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument('--repeats', type=int, default=20)
    parser.add_argument('--json', type=Path)


def choose_machine(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> Machine:
    """Check the asked device and set the number of threads; ends the program if there is none."""
    if asked.device == 'cuda' and not torch.cuda.is_available():
        parser.error(f'--device cuda: torch {torch.__version__} sees no GPU here; is there one, '
                     'and is this a build with CUDA? Without it: --device cpu')
    torch.set_num_threads(asked.threads)
    dtype = asked.dtype or ('bfloat16' if asked.device == 'cuda' else 'float32')
    return Machine(torch.device(asked.device), DTYPES[dtype], asked.threads)


def n1_7_values(size: str) -> dict[str, Any]:
    """Return the config.json of N1.7, of a half-size one, or of the tests' tiny one."""
    values = small_config('n1_7') if size == 'small' else released_config('n1_7')
    if size == 'half':
        _halve(values)
    return values


def n1_7_config(size: str) -> ModelConfig:
    """Return what is read from that config.json."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / 'config.json').write_text(json.dumps(n1_7_values(size)))
        return read_config(Path(folder))


def _halve(values: dict[str, Any]) -> None:
    """Halve layers and widths in place; tokens, actions and denoising steps stay."""
    for key in ('select_layer', 'backbone_embedding_dim', 'hidden_size', 'input_embedding_dim'):
        values[key] //= 2
    transformer, features = values['diffusion_model_cfg'], values['vl_self_attention_cfg']
    for section in (transformer, features):
        section['num_layers'] //= 2
        section['num_attention_heads'] //= 2
    transformer['output_dim'] //= 2
    values['backbone_dimensions'] = {
        'text': {'hidden_size': 1024, 'num_attention_heads': 8, 'num_key_value_heads': 4,
                 'intermediate_size': 3072},
        'vision': {'hidden_size': 512, 'depth': 12, 'num_heads': 8, 'intermediate_size': 2048,
                   'out_hidden_size': 1024, 'deepstack_visual_indexes': [2, 5, 8]}}


def with_random_weights(module: ModuleType, machine: Machine) -> ModuleType:
    """Give memory to a module that was built on the meta device, and fill it."""
    module = module.to(machine.dtype).to_empty(device=machine.device)
    torch.manual_seed(0)
    for weight in module.parameters():
        nn.init.normal_(weight, std=weight.shape[-1] ** -0.5)  # keeps activations near 1
    return module.eval().requires_grad_(False)


def copying(machine: Machine, size: str) -> tuple[Timed, int]:
    """Return a timed copy of a large buffer, and the bytes that it reads and writes."""
    copied = 2 ** 24 if size == 'small' else COPIED_BYTES[machine.device.type]
    source = torch.ones(copied, dtype=torch.uint8, device=machine.device)
    target = torch.empty_like(source)
    return machine.timed(lambda: target.copy_(source)), 2 * copied


def weight_bytes(module: nn.Module) -> int:
    """Return the bytes of all weights of a module."""
    return sum(weight.nbytes for weight in module.parameters())


def peak_memory(machine: Machine) -> str:
    """Return the most memory that this process has held so far."""
    resident = f'{_peak_resident_kib() / 2 ** 20:.2f} GiB RSS'
    if machine.device.type == 'cpu':
        return resident
    return f'{torch.cuda.max_memory_allocated(machine.device) / 2 ** 30:.2f} GiB VRAM, {resident}'


def _peak_resident_kib() -> int:
    """Read VmHWM; ru_maxrss would count what the parent held before it started this process."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith('VmHWM:'))
