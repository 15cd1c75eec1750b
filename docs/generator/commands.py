"""The page of commands: what each says when asked with `--help`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import markup

ROOT = Path(__file__).resolve().parents[2]
QUIET = {'COLUMNS': '100', 'NO_COLOR': '1', 'TERM': 'dumb'}
PATIENCE_S = 120.0


class CommandError(RuntimeError):
    """A command that does not say how it is used."""


def command_page(nodes: Collection[str]) -> str:
    """Return the page.

    Args:
        nodes: Executables that are nodes: they take ROS arguments and have pages of their own.

    Raises:
        CommandError: If a command fails when it is asked for help.
    """
    parts = ['`ros2 run groot_ros COMMAND ...`']
    for file in sorted((ROOT / 'executables').iterdir()):
        if file.name not in nodes:
            parts += [f'## {file.name}', markup.code(_help(file))]
    return markup.page('Commands', *parts)


def _help(file: Path) -> str:
    done = subprocess.run(
        [sys.executable, file, '--help'], capture_output=True, text=True, check=False,
        timeout=PATIENCE_S, env={**os.environ, **QUIET})
    if done.returncode:
        raise CommandError(f'{file.name} --help ended with {done.returncode}: {done.stderr}')
    return done.stdout
