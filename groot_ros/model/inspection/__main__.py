"""Tell what is in a checkpoint and whether it fits a robot.

Exit code 0: readable, and nothing speaks against it. 1: it does not fit the robot, or a file is
missing or wrong. 2: nothing could be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from groot_ros.embodiment import EmbodimentError, load_embodiment
from groot_ros.model.inspection.report import inspect
from groot_ros.model.inspection.tables import show, to_json
from groot_ros.model.processor import ProcessorError
from groot_ros.model.weight_headers import CheckpointError


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        robot = load_embodiment(options.embodiment) if options.embodiment else None
        report = inspect(options.checkpoint, robot)
    except (EmbodimentError, ProcessorError, CheckpointError) as error:
        print(f'inspect_checkpoint: {error}', file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(to_json(report), indent=2))
    else:
        show(report, Console())
    return 0 if report.fits else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='inspect_checkpoint', description='Tell what is in a checkpoint without loading it.')
    parser.add_argument('checkpoint', type=Path, help='folder with a config.json')
    parser.add_argument('--embodiment', metavar='TAG_OR_FILE',
                        help='robot to compare with: a tag such as unitree_g1, or a YAML file')
    parser.add_argument('--json', action='store_true', help='print JSON instead of tables')
    return parser


if __name__ == '__main__':
    sys.exit(main())
