"""Bars are for people: on a terminal's standard error, and nowhere else."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from groot_ros.terminal import opened, watched

# Prints every line that it goes through; slow enough that a bar is drawn meanwhile.
WORK = """
import time
from groot_ros.terminal import watched
for each in watched(range(3), 'steps'):
    print(f'line {each}', flush=True)
    time.sleep(0.2)
"""
ENVIRONMENT = {key: value for key, value in os.environ.items()
               if key not in ('NO_COLOR', 'FORCE_COLOR', 'TTY_COMPATIBLE')} | {
                   'TERM': 'xterm-256color', 'COLUMNS': '80'}


def run_on_terminal(code: str, *, output: int | None = None, **environment: str) -> str:
    """Return what a program writes to its terminal; its output goes elsewhere if asked."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, '-c', code], stdin=slave, stderr=slave,
        stdout=slave if output is None else output, env=ENVIRONMENT | environment)
    os.close(slave)
    written = b''
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:  # what Linux says when the last writer is gone
            break
        if not part:
            break
        written += part
    os.close(master)
    assert process.wait(timeout=60) == 0
    return written.decode()


def test_a_terminal_shows_how_much_is_done():
    written = run_on_terminal(WORK)
    assert 'steps' in written
    assert '/3' in written
    assert [line in written for line in ('line 0', 'line 1', 'line 2')] == [True] * 3


def test_no_bar_where_no_terminal_is():
    done = subprocess.run([sys.executable, '-c', WORK], capture_output=True, text=True,
                          check=True, env=ENVIRONMENT)
    assert done.stdout == 'line 0\nline 1\nline 2\n'
    assert done.stderr == ''


def test_lines_that_go_to_a_file_stay_off_the_terminal(tmp_path: Path):
    file = tmp_path / 'lines.txt'
    with file.open('w') as output:
        written = run_on_terminal(WORK, output=output.fileno())
    assert '/3' in written
    assert 'line' not in written
    assert file.read_text() == 'line 0\nline 1\nline 2\n'


def test_colours_end_where_nobody_wants_them():
    colour = '\x1b[3'  # as of \x1b[32m, green; bars and cursors use other sequences
    assert colour in run_on_terminal(WORK)
    assert colour not in run_on_terminal(WORK, NO_COLOR='1')


def test_everything_comes_through_in_order():
    assert list(watched('abc', 'letters')) == ['a', 'b', 'c']
    assert list(watched(iter('abc'), 'letters', 3)) == ['a', 'b', 'c']


def test_an_error_of_the_work_is_the_error_of_the_loop():
    def work():
        yield 1
        raise ValueError('broken')

    with pytest.raises(ValueError, match='broken'):
        list(watched(work(), 'steps', 2))


def test_a_file_is_read_as_it_is(tmp_path: Path):
    file = tmp_path / 'file'
    file.write_bytes(bytes(range(256)))
    with opened(file, 'bytes') as stream:
        assert stream.read(10) + stream.read() == bytes(range(256))
