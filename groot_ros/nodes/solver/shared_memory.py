"""Memory without a name, written by a parent and read by its child; gone with the last of both."""

from __future__ import annotations

import mmap
import os
import pickle
from itertools import accumulate
from typing import Any, NamedTuple

ALIGNMENT = 64
"""Of every array in the memory [bytes], as vector instructions want it."""


class Layout(NamedTuple):
    """Where in the memory an object lies.

    Attributes:
        sizes: Of its parts, one behind the other [bytes]: the object without its arrays, then
            each array.
    """

    sizes: tuple[int, ...]

    @property
    def offsets(self) -> tuple[int, ...]:
        """Where each part begins, and behind them the end [bytes]."""
        whole = (-(-size // ALIGNMENT) * ALIGNMENT for size in self.sizes)
        return tuple(accumulate(whole, initial=0))


class SharedMemory:
    """Carries one object at a time, as large as it may be, to another process.

    The reader's arrays are views: they change when the next object is written.

    Args:
        descriptor: Of memory that the parent made, in the child; new memory if it is None.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        if descriptor is None:
            descriptor = os.memfd_create('groot_ros_tokens')
        self.descriptor = descriptor
        self._map: mmap.mmap | None = None

    def write(self, value: object) -> Layout:
        """Copy an object into the memory; returns what `read` needs to find it."""
        arrays: list[pickle.PickleBuffer] = []
        head = pickle.dumps(value, protocol=5, buffer_callback=arrays.append)
        parts = [memoryview(head), *(array.raw() for array in arrays)]
        layout = Layout(tuple(part.nbytes for part in parts))
        memory = self._mapped(layout.offsets[-1])
        for offset, part in zip(layout.offsets, parts, strict=False):
            memory[offset:offset + part.nbytes] = part
        return layout

    def read(self, layout: Layout) -> Any:
        """Return the object that was written with this layout."""
        memory = memoryview(self._mapped(layout.offsets[-1]))
        head, *arrays = (
            memory[offset:offset + size]
            for offset, size in zip(layout.offsets, layout.sizes, strict=False))
        return pickle.loads(head, buffers=arrays)

    def close(self) -> None:
        """Let the memory go."""
        os.close(self.descriptor)
        self._map = None

    def _mapped(self, size: int) -> mmap.mmap:
        """Return the memory, grown to at least `size` [bytes]."""
        if self._map is None or len(self._map) < size:
            if os.fstat(self.descriptor).st_size < size:
                os.ftruncate(self.descriptor, size)
            self._map = mmap.mmap(self.descriptor, size)
        return self._map
