"""How much memory the planner's and the controller's part of a checkpoint take.

    scripts/env --with training python benchmarks/memory.py [CHECKPOINT]

Each part is loaded in a process of its own, as its node loads it. Without CHECKPOINT one of
N1.7's layout with random bfloat16 weights is written to a temporary folder first (half size:
about 1 GB there, 3 GB of memory while it is made).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

sys.path.append(str(Path(__file__).resolve().parent))
from full_size import DTYPES, SIZES, Machine, n1_7_values, peak_memory, weight_bytes

from groot_ros.evaluation.report import format_table
from groot_ros.model.checkpoint import load_system1_head, load_system2_backbone, write_json
from groot_ros.model.weight_headers import read_headers

LOADERS = {'System 1 (controller)': load_system1_head, 'System 2 (planner)': load_system2_backbone}
NOTHING = 'neither'


def write_checkpoint(folder: Path, size: str) -> None:
    """Write config.json and weights of N1.7's layout; loading weights needs no more."""
    from skeletons import make_weights, write_shards
    write_json(folder / 'config.json', n1_7_values(size))
    write_shards(folder, make_weights(folder, 'n1_7', seed=0, backbone=True))


def measure(part: str, checkpoint: Path, machine: Machine) -> dict[str, Any]:
    """Load one part in this process and say what that took."""
    found: dict[str, Any] = {'part': part, 'tensors': 0, 'weights_gb': 0.0}
    if part != NOTHING:
        module = LOADERS[part](checkpoint, machine.dtype, machine.device)
        found |= {'tensors': len(module.state_dict()), 'weights_gb': weight_bytes(module) / 1e9}
    return {**found, 'peak': peak_memory(machine)}


def measure_apart(part: str, checkpoint: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure in a new process, which has held nothing before."""
    command = [sys.executable, __file__, str(checkpoint), '--part', part, '--device',
               arguments.device, '--dtype', arguments.dtype]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return found


def report(rows: list[dict[str, Any]], checkpoint: Path) -> str:
    """Return the parts and the whole file as a table."""
    entries = read_headers(checkpoint).values()
    stored = sum(entry.end - entry.start for entry in entries) / 1e9
    header = ('loaded', 'tensors', 'weights [GB]', 'peak of the process')
    return format_table(header, [
        (row['part'], str(row['tensors']), f'{row["weights_gb"]:.3f}', row['peak'])
        for row in rows] + [('the files hold', str(len(entries)), f'{stored:.3f}', '')])


def main() -> None:
    """Measure both parts and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', type=Path, nargs='?', help='folder of a checkpoint')
    parser.add_argument('--size', choices=SIZES, default='half', help='of the one written')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--dtype', choices=tuple(DTYPES), default='bfloat16')
    parser.add_argument('--part', choices=(NOTHING, *LOADERS), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    machine = Machine(torch.device(asked.device), DTYPES[asked.dtype], torch.get_num_threads())
    if asked.part:
        print(json.dumps(measure(asked.part, asked.checkpoint, machine)))
        return
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = asked.checkpoint or Path(folder)
        if not asked.checkpoint:
            write_checkpoint(checkpoint, asked.size)
        print(report([measure_apart(part, checkpoint, asked) for part in (NOTHING, *LOADERS)],
                     checkpoint))


if __name__ == '__main__':
    main()
