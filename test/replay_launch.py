"""`replay.launch.py` as a child process, for tests."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import groot_ros
from groot_ros.nodes.tools.graph_process import Domain

BAGS = Path(__file__).parent / 'bags'
PATIENCE_S = 280.0


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
    done = subprocess.run(
        ['ros2', 'launch', 'groot_ros', 'replay.launch.py',
         *(f'{name}:={value}' for name, value in asked.items())],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment)
    domain.close()
    file = folder / 'replay.json'
    return Replayed(done.returncode, done.stdout + done.stderr,
                    json.loads(file.read_text()) if file.is_file() else {})
