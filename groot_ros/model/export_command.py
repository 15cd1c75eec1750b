"""Command line of `ros2 run groot_ros export_onnx`."""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
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

        _keep_exporters_quiet()
        export(options.checkpoint)
    except ModuleNotFoundError as error:
        print(f'export_onnx: {error.name} is not installed: scripts/env --with training, or '
              'pip install torch onnx onnxscript', file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        print(f'export_onnx: {error}', file=sys.stderr)
        return 1
    for file in sorted(options.checkpoint.glob('*.onnx')):
        print(f'{file}: {file.stat().st_size / 1e6:.1f} MB')
    return 0


def _keep_exporters_quiet() -> None:
    """Leave out what torch and onnx tell of themselves: absent packages, skipped optimisations."""
    warnings.filterwarnings('ignore', category=FutureWarning)
    for name in ('torch.onnx', 'onnxscript', 'onnx_ir'):
        logging.getLogger(name).setLevel(logging.ERROR)
