"""What the environment puts on the search paths."""

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[3] / 'environment'
PRINTER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import ros
ros.SYSTEM_PREFIX = Path(sys.argv[2])
import shell
print(shell.runtime_paths(Path(sys.argv[3])))
"""


@pytest.fixture
def runtime(tmp_path):
    """A runtime layer as the set-up makes it."""
    (tmp_path / 'runtime/venv/lib/python3.12/site-packages').mkdir(parents=True)
    return tmp_path / 'runtime'


def search_paths(system_ros, runtime):
    done = subprocess.run(
        [sys.executable, '-c', PRINTER, SOURCE, system_ros, runtime],
        capture_output=True, text=True, check=True)
    return done.stdout


def test_the_system_interpreter_of_ros2_finds_what_launch_files_need(tmp_path, runtime):
    (tmp_path / 'jazzy').mkdir()
    (tmp_path / 'jazzy/setup.bash').touch()
    paths = search_paths(tmp_path / 'jazzy', runtime)
    assert f"'PYTHONPATH': ['{runtime}/venv/lib/python3.12/site-packages']" in paths
    assert f'{runtime}/ros' not in paths


def test_without_a_system_ros_the_private_one_is_found(tmp_path, runtime):
    paths = search_paths(tmp_path / 'nowhere', runtime)
    assert f"'AMENT_PREFIX_PATH': ['{runtime}/ros']" in paths
