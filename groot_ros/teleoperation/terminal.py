"""Single keys from a terminal, and one line that is written again and again."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from types import TracebackType
from typing import Self

from groot_ros.teleoperation.errors import TeleoperationError

MOST = 1024
CLEAR_LINE = '\r\x1b[2K'


class Terminal:
    """The terminal of standard input, which sends keys at once while it is open.

    Raises:
        TeleoperationError: If standard input is no terminal.
    """

    def __init__(self) -> None:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise TeleoperationError(
                'standard input and output must be a terminal: run this by itself in one, '
                'without pipes, and not from a launch file')
        self._file = sys.stdin.fileno()

    def __enter__(self) -> Self:
        """Stop waiting for lines and writing what is typed."""
        self._before = termios.tcgetattr(self._file)
        tty.setcbreak(self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)
        print(flush=True)

    def read(self) -> str:
        """Return what was typed since the last call, maybe nothing."""
        if not select.select([self._file], [], [], 0.0)[0]:
            return ''
        typed = os.read(self._file, MOST)
        if not typed:
            raise TeleoperationError('the terminal was closed')
        return typed.decode(errors='ignore')

    def show(self, line: str) -> None:
        """Write a line over the one before; it is cut where the terminal ends."""
        width = os.get_terminal_size(self._file).columns or 80
        print(f'{CLEAR_LINE}{line[:width - 1]}', end='', flush=True)

    def say(self, line: str) -> None:
        """Write a line that stays."""
        print(f'{CLEAR_LINE}{line}', flush=True)
