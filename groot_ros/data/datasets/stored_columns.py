"""Columns of Parquet files, in parts that fit into the memory however long the episodes are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

TOGETHER = 3
"""Numbers of a vector that are read at once."""


def matrix(column: pa.Array) -> NDArray[Any]:
    """Return a column as an array, one row per frame."""
    lists = hasattr(column.type, 'value_type')
    values = (column.flatten() if lists else column).to_numpy(zero_copy_only=False)
    return values.reshape(len(column), -1)


def blocks(file: Path, name: str) -> Iterator[NDArray[Any]]:
    """Yield a column of a file, one row group after another, each with one row per frame."""
    with pq.ParquetFile(file) as opened:
        for group in range(opened.num_row_groups):
            yield matrix(opened.read_row_group(group, columns=[name])[name].combine_chunks())


def parts(width: int) -> list[slice]:
    """Return which numbers of a vector are looked at together, a few at a time.

    None is alone, unless the vector has no other: numpy would add it up in another order, and
    statistics would change in their last digit.
    """
    return [slice(int(part[0]), int(part[-1]) + 1)
            for part in np.array_split(np.arange(width), -(-width // TOGETHER))]


def read_parts(files: Sequence[Path], name: str) -> Iterator[NDArray[Any]]:
    """Yield a column over all frames of some files, each time a few of its numbers.

    Yields:
        Shape (frames, numbers).
    """
    kind = pq.read_schema(files[0]).field(name).type
    for part in parts(kind.list_size if pa.types.is_fixed_size_list(kind) else 1):
        yield read_numbers(files, name, part)


def read_numbers(files: Sequence[Path], name: str, places: slice) -> NDArray[Any]:
    """Return some numbers of a column over all frames of some files, one row per frame."""
    # Copied, since a part of a block would keep all of it in memory.
    return np.concatenate([
        values[:, places].copy() for file in files for values in blocks(file, name)])
