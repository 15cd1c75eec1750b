"""Command line of `ros2 run groot_ros export_onnx`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Export a checkpoint; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog='export_onnx', description='Write system2.onnx, system2_attention.onnx, '
        'system1_context.onnx and system1.onnx beside the weights of a checkpoint, so that it '
        'runs without torch.')
    parser.add_argument('checkpoint', type=Path, help='folder of a policy that `train` wrote')
    options = parser.parse_args(arguments)
    try:
        from groot_ros.model.export import export
    except ModuleNotFoundError as error:
        print(f'export_onnx: {error.name} is not installed: scripts/env --with training, or '
              'pip install torch onnx onnxscript', file=sys.stderr)
        return 1
    export(options.checkpoint)
    for file in sorted(options.checkpoint.glob('*.onnx')):
        print(f'{file}: {file.stat().st_size / 1e6:.1f} MB')
    return 0
