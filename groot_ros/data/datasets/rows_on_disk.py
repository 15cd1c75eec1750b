"""Numbers of long episodes: in a temporary file, and in memory only where they are looked at."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 4096
"""Rows that are in memory at once."""


def make_rows(count: int, width: int) -> NDArray[np.float32]:
    """Return an array of NaN, shape (count, width), in a file that goes when the array goes.

    Raises:
        OSError: If the folder for temporary files (TMPDIR) has no room for it.
    """
    size = count * width * np.dtype(np.float32).itemsize
    with tempfile.TemporaryFile(prefix='groot_ros_') as file:
        os.posix_fallocate(file.fileno(), 0, size)  # a full disk is found here, not while writing
        mapped = mmap.mmap(file.fileno(), size)
    values = np.frombuffer(mapped, np.float32).reshape(count, width)
    for rows in walk(values):
        values[rows] = np.nan
    return values


def walk(*arrays: NDArray[Any]) -> Iterator[slice]:
    """Yield the rows of one block after another; what was looked at of them is let go of.

    Args:
        arrays: Of one length; those that are not from `make_rows` stay in memory.
    """
    for start in range(0, len(arrays[0]), BLOCK):
        yield slice(start, min(start + BLOCK, len(arrays[0])))
        for values in arrays:
            release(values)


def release(values: NDArray[Any]) -> None:
    """Let go of the memory of an array of `make_rows`; its numbers stay in the file."""
    owner: Any = values
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, memoryview) and isinstance(owner.obj, mmap.mmap):
        owner.obj.madvise(mmap.MADV_DONTNEED)
