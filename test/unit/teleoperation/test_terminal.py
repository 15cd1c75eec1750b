"""Single keys from a terminal: a real one, of which the test holds the other end."""

import os
import pty
import subprocess
import sys
import termios

import pytest

CODE = """
import sys, time
from groot_ros.teleoperation.terminal import Terminal
with Terminal() as terminal:
    terminal.say('ready')
    typed = ''
    while not typed.endswith('q'):
        typed += terminal.read()
        time.sleep(0.01)
    terminal.show('x' * 500)
    terminal.say(repr(typed))
"""


def run(ends: int | None, code: str = CODE) -> subprocess.Popen[bytes]:
    """Start a child with an end of a terminal, or with pipes."""
    end = subprocess.PIPE if ends is None else ends
    return subprocess.Popen(
        [sys.executable, '-c', code], stdin=end, stdout=end, stderr=subprocess.PIPE)


def read_until(terminal: int, wanted: bytes) -> bytes:
    seen = b''
    while wanted not in seen:
        seen += os.read(terminal, 1024)
    return seen


@pytest.mark.timeout(60)
def test_keys_come_at_once_and_the_terminal_is_left_as_it_was() -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    before = termios.tcgetattr(theirs)
    child = run(theirs)
    read_until(ours, b'ready')
    assert termios.tcgetattr(theirs)[3] != before[3]
    os.write(ours, b's\x1b[Aq')
    seen = read_until(ours, b"'s\\x1b[Aq'")
    assert b'x' * 79 in seen
    assert b'x' * 80 not in seen
    assert child.wait(timeout=30) == 0
    assert termios.tcgetattr(theirs) == before
    assert child.stderr is not None
    child.stderr.close()
    os.close(ours)
    os.close(theirs)


def test_without_a_terminal_it_says_what_to_do() -> None:
    child = run(None)
    _, errors = child.communicate(timeout=60)
    assert child.returncode != 0
    assert b'must be a terminal: run this by itself' in errors
