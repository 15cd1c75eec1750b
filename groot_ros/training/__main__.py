"""Command line of training: `ros2 run groot_ros train` or `python -m groot_ros.training`."""

from __future__ import annotations

import logging
import sys

from groot_ros.training.arguments import parse


def main(arguments: list[str] | None = None) -> int:
    """Train and write the checkpoint; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(message)s')
    options = parse(arguments)
    try:
        from groot_ros.training.process import run

        return run(options)
    except ModuleNotFoundError as error:
        print(f'train: {error.name} is not installed: scripts/env --with training --with data, or '
              'pip install torch av pyarrow', file=sys.stderr)
        return 1


if __name__ == '__main__':
    raise SystemExit(main())
