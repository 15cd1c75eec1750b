"""Bars for long work: on the standard error, and only where that is a terminal.

What a command prints stays what it was: lines go above the bar, pipes and files get no bar.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

T = TypeVar('T')


def watched(items: Iterable[T], description: str, total: float | None = None) -> Iterator[T]:
    """Yield items behind a bar that says how many of them are done, and when all will be.

    Args:
        items: What the work goes through.
        description: What is counted, in a word or two.
        total: How many there are; absent, the length of `items` if it has one.
    """
    with _bar(MofNCompleteColumn()) as bar:
        yield from bar.track(items, total=total, description=description)


@contextmanager
def opened(file: Path, description: str) -> Iterator[BinaryIO]:
    """Open a file for reading behind a bar that says how much of it was read."""
    with _bar() as bar, bar.open(file, 'rb', description=description) as stream:
        yield stream


def _bar(*columns: ProgressColumn) -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn('{task.description}'), BarColumn(), *columns, TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
        # Else lines that are piped to a file would go to the terminal with the bar.
        redirect_stdout=sys.stdout.isatty())
