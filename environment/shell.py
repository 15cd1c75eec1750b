"""The variables that switch the environment on in a shell."""

from __future__ import annotations

import ctypes
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from python_packages import FOLDER
from ros import DISTRIBUTION, is_system_ros
from workspace import PACKAGE

SearchPaths = Mapping[str, list[str]]


def runtime_paths(folder: Path) -> SearchPaths:
    """Return search paths by variable name, to be put before what is there."""
    paths = {'PATH': [f'{folder}/venv/bin']}
    if is_system_ros():
        # `ros2` itself starts as /usr/bin/python3, and a launch file may need the venv's packages.
        (modules,) = (folder / 'venv').glob('lib/python3*/site-packages')
        return paths | {'PYTHONPATH': [str(modules)]}
    paths['PATH'].append(f'{folder}/ros/bin')
    return paths | {
        'PYTHONPATH': [f'{folder}/ros/rclpy', str(FOLDER / 'ros2_launch')],
        'LD_LIBRARY_PATH': [f'{folder}/ros/lib'],
        'AMENT_PREFIX_PATH': [f'{folder}/ros'],
    }


def runtime_constants(folder: Path) -> dict[str, str]:
    """Return plain environment variables."""
    constants = {
        'GROOT_ROS_MENAGERIE': f'{folder}/menagerie',
        'PYTHONNOUSERSITE': '1',
        # The checkout's groot_ros/ has no messages: never import it from the current folder.
        'PYTHONSAFEPATH': '1',
        'MUJOCO_GL': os.environ.get('MUJOCO_GL') or renderer(),
    }
    if is_system_ros():
        return constants
    return constants | {
        'ROS_DISTRO': DISTRIBUTION,
        'ROS_VERSION': '2',
        'ROS_PYTHON_VERSION': '3',
        'RMW_IMPLEMENTATION': os.environ.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp'),
    }


def extra_paths(folder: Path) -> SearchPaths:
    """Return search paths by variable name, to be put before what is there."""
    return {'PATH': [f'{folder}/packages/bin'], 'PYTHONPATH': [f'{folder}/packages']}


def renderer() -> str:
    """Return MuJoCo's name of an offscreen renderer whose library this machine has."""
    for library, name in (('libEGL.so.1', 'egl'), ('libOSMesa.so.8', 'osmesa'),
                          ('libOSMesa.so.6', 'osmesa')):
        try:
            ctypes.CDLL(library)
        except OSError:
            continue
        return name
    return 'egl'


def package_paths(folder: Path) -> SearchPaths:
    """Return search paths by variable name, to be put before what is there."""
    prefix = folder / PACKAGE
    (modules,) = prefix.glob('lib/python3*/site-packages')
    return {
        'AMENT_PREFIX_PATH': [str(prefix)],
        'PYTHONPATH': [str(modules)],
        'LD_LIBRARY_PATH': [f'{prefix}/lib'],
    }


def export_lines(constants: Mapping[str, str], groups: Iterable[SearchPaths]) -> list[str]:
    """Return `export` lines for a POSIX shell; a later group is searched first."""
    lines = [f'export {name}={shlex.quote(value)}' for name, value in constants.items()]
    for group in groups:
        for name, paths in group.items():
            front = shlex.quote(':'.join(paths))
            lines.append(f'export {name}={front}${{{name}:+:${{{name}}}}}')
    return lines
