"""The cache of the set-up: whole or absent, one builder at a time."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[3] / 'environment'
BUILDER = textwrap.dedent("""
    import os, sys
    from layers import Layer

    def build(part, final):
        (part / 'file').write_text('whole')
        with open(sys.argv[1], 'a') as log:
            log.write('built\\n')
        if 'fail' in sys.argv:
            os._exit(9)    # as if the power went

    print(Layer('thing', '0' * 16, build).ready())
""")


@pytest.fixture
def start(tmp_path):
    """Start a process that asks for the same layer, in a cache of this test's own."""
    def start(*words: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, '-c', BUILDER, str(tmp_path / 'log'), *words], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={
                **os.environ, 'PYTHONPATH': str(SOURCE),
                'GROOT_ROS_CACHE': str(tmp_path / 'cache')})
    return start


def builds(tmp_path: Path) -> int:
    return (tmp_path / 'log').read_text().count('built')


def test_a_second_run_takes_what_the_first_built(start, tmp_path):
    for _ in range(2):
        folder = start().communicate(timeout=20)[0].strip()
        assert (Path(folder) / 'file').read_text() == 'whole'
    assert builds(tmp_path) == 1


def test_a_run_that_died_halfway_is_not_taken_for_a_finished_one(start, tmp_path):
    dying = start('fail')
    dying.communicate(timeout=20)
    assert dying.returncode == 9
    assert not (tmp_path / 'cache' / f'thing-{"0" * 16}').exists()
    assert start().wait(timeout=20) == 0
    assert builds(tmp_path) == 2


def test_of_two_runs_at_once_one_builds_and_both_get_it(start, tmp_path):
    running = [start() for _ in range(4)]
    folders = {process.communicate(timeout=20)[0].strip() for process in running}
    assert [process.returncode for process in running] == [0] * 4
    assert len(folders) == 1
    assert builds(tmp_path) == 1
