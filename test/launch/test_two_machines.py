"""The planner on one machine, the robot on another, and a thin link between them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MEGABITS, LOSS = 20.0, 0.01
PATIENCE_S = 500.0


@pytest.fixture
def machines() -> Iterator[list[list[str]]]:
    """Return what runs a command on either machine.

    Where this machine lets nobody make network namespaces, both are the same machine.
    """
    command = ['unshare', '--user', '--map-root-user', '--net', sys.executable,
               str(HERE / 'lossy_link.py'), '--megabits', str(MEGABITS), '--loss', str(LOSS)]
    with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as link:
        assert link.stdin is not None
        assert link.stdout is not None
        numbers = link.stdout.readline().split()
        yield [
            ['nsenter', '--user', '--preserve-credentials', '--net', '--target', number]
            for number in numbers] or [[], []]
        link.stdin.close()
        if numbers:
            carried_bytes, lost_frames = map(int, link.stdout.readline().split())
            assert carried_bytes > 1e6, 'the two talked past the link'
            assert lost_frames > 0


@pytest.mark.timeout(2 * PATIENCE_S)
@pytest.mark.parametrize('token_dtype', ['bfloat16', 'int8'])
def test_a_humanoid_obeys_a_planner_behind_a_thin_lossy_link(
    machines: list[list[str]], tmp_path: Path, token_dtype: str
) -> None:
    robot, other = machines
    folders = [tmp_path / name for name in ('robot', 'planner')]
    for folder in folders:
        folder.mkdir()
    script = [
        # Both sides see the same shared memory here, which two machines would not.
        'env', 'ROS_AUTOMATIC_DISCOVERY_RANGE=SUBNET', 'FASTDDS_BUILTIN_TRANSPORTS=UDPv4',
        sys.executable, str(HERE / 'machine_side.py')]
    planner = subprocess.Popen([
        *other, *script, 'planner', '--folder', str(folders[1]), '--token-dtype', token_dtype])
    try:
        done = subprocess.run(
            [*robot, *script, 'robot', '--folder', str(folders[0])], capture_output=True,
            text=True, timeout=PATIENCE_S, check=False)
    finally:
        planner.terminate()
        planner.wait(timeout=PATIENCE_S)
    logs = [(folder / 'launch.log').read_text() for folder in folders]
    assert done.returncode == 0, '\n'.join([done.stderr, *logs])


def test_a_node_that_no_machine_can_run_is_named() -> None:
    launched = subprocess.run(
        ['ros2', 'launch', 'groot_ros', 'humanoid.launch.py', 'nodes:=perception,planer'],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert launched.returncode != 0
    assert "['planer']" in launched.stdout + launched.stderr
