"""How commands about datasets fail: one line for what the user can mend, and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable

from groot_ros.data.bags import BagError
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.embodiment import EmbodimentError

FAILED = 2
DATA = 'scripts/env --with data, or pip install av pyarrow google-crc32c'
LAYERS = {'torch': 'scripts/env --with training, or pip install torch'}
"""Where modules are from that are not of the data layer."""
BAD_INPUT = (BagError, DatasetError, EmbodimentError, OSError)


def run_command(
    name: str, act: Callable[[], int], bad_input: tuple[type[Exception], ...] = BAD_INPUT
) -> int:
    """Run a command and return its exit code, 2 if nothing could be done.

    Args:
        name: Of the command, as typed.
        act: Does it and returns the exit code.
        bad_input: Errors whose message is for the user; any other one is a bug and goes on.
    """
    try:
        return act()
    except ModuleNotFoundError as error:
        problem = f'{error.name} is not installed: {LAYERS.get(str(error.name), DATA)}'
    except bad_input as error:
        problem = str(error)
    print(f'{name}: {problem}', file=sys.stderr)
    return FAILED
