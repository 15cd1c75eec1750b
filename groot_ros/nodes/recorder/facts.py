"""What each recorded episode is of, and where it goes."""

from __future__ import annotations

import os
import platform
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from groot_ros.embodiment import Embodiment, embodiment_file
from groot_ros.model.finding import find_checkpoint
from groot_ros.model.fingerprint import fingerprint
from groot_ros.nodes.recorder.parameters import RecorderParams

SUCCESS = 'success'
EPISODE = 'episode_'


def gather_facts(params: RecorderParams, embodiment: Embodiment) -> dict[str, str]:
    """Return robot, policy, software and people of a recording as text.

    Raises:
        ValueError: If the checkpoint is not there or damaged.
    """
    policy = fingerprint(find_checkpoint(params.checkpoint)) if params.checkpoint else ''
    return {
        'embodiment': embodiment.tag,
        'embodiment_file': embodiment_file(params.embodiment).read_text(),
        'checkpoint': params.checkpoint,
        'checkpoint_fingerprint': policy,
        'teleoperation_device': params.teleoperation_device,
        'operator': params.operator,
        'licence': params.licence,
        'task': params.task,
        'machine': f'{platform.node()} {platform.machine()} {platform.system()}',
        'software': ', '.join([
            f'ROS 2 {os.environ.get("ROS_DISTRO", "unknown")}',
            os.environ.get('RMW_IMPLEMENTATION', 'default middleware'),
            f'Python {platform.python_version()}', f'numpy {np.__version__}',
            f'rosbags {version("rosbags")}']),
        'recorder_started': datetime.now(UTC).isoformat(timespec='seconds'),
    }


def next_episode(folder: Path) -> Path:
    """Return the first free episode of a folder, counted from 0."""
    taken = [
        int(number) for each in folder.glob(f'{EPISODE}*')
        if (number := each.name.removeprefix(EPISODE)).isdigit()]
    return folder / f'{EPISODE}{max(taken, default=-1) + 1:06d}'


def free_bytes(folder: Path) -> int:
    """Return the room left on the disk of a folder, which need not exist yet."""
    path = folder.absolute()
    existing = next(each for each in (path, *path.parents) if each.exists())
    return shutil.disk_usage(existing).free
