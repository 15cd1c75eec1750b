"""`replay.launch.py` as a child process, for tests."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import groot_ros
from groot_ros.nodes.tools.graph_process import Domain

BAGS = Path(__file__).parent / 'bags'
PATIENCE_S = 1200.0
"""A busy machine is slow, not wrong; tests that replay have a timeout to match."""
TIMEOUT_S = 4 * PATIENCE_S


class Replayed(NamedTuple):
    """How a replay ended.

    Attributes:
        code: Exit code of the launch.
        output: What it printed.
        report: Content of replay.json, empty if there is none.
    """

    code: int
    output: str
    report: dict[str, Any]


def replay(folder: Path, package: Path | None = None, **arguments: object) -> Replayed:
    """Launch a replay and wait for its end.

    Args:
        folder: Where the report goes.
        package: Folder of another groot_ros to run than the installed one.
        arguments: Of the launch file.
    """
    domain = Domain()
    environment = os.environ | {
        'ROS_DOMAIN_ID': str(domain.number), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
    root = package or Path(groot_ros.__path__[0]).parent
    environment['PYTHONPATH'] = f'{root}{os.pathsep}{os.environ.get("PYTHONPATH", "")}'
    asked = {'report': folder} | arguments
    launch = subprocess.Popen(
        ['ros2', 'launch', 'groot_ros', 'replay.launch.py',
         *(f'{name}:={value}' for name, value in asked.items())],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=environment, start_new_session=True)
    try:
        output, _ = launch.communicate(timeout=PATIENCE_S)
    finally:
        with contextlib.suppress(ProcessLookupError):  # as it should be: nothing is left
            os.killpg(launch.pid, signal.SIGKILL)
        domain.close()
    file = folder / 'replay.json'
    return Replayed(launch.returncode, output,
                    json.loads(file.read_text()) if file.is_file() else {})
