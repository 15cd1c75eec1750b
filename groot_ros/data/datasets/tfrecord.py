"""TFRecord files of one tf.train.Example each, without TensorFlow and never whole in memory.

Source: tensorflow/core/lib/io/record_writer.h (framing), tensorflow/core/example/*.proto (fields)
and protobuf.dev/programming-guides/encoding (their bytes).
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from groot_ros.data.datasets.rows_on_disk import walk

Values = NDArray[Any] | Iterable[bytes]
MASK = 0xA282EAD8
BYTES_LIST, FLOAT_LIST, INT64_LIST = 1, 2, 3
"""Fields of tf.train.Feature; each list has its values in field 1."""
PIECE = 2**20
"""Copied at once [bytes]."""


class _Entry(NamedTuple):
    """A feature: what stands before its list in the record, and the size of the list [bytes]."""

    head: bytes
    size: int


def write_example(file: Path, features: Mapping[str, Values]) -> None:
    """Write a TFRecord file of one Example; an interrupted run leaves none.

    Every message begins with its size, so all values lie in a nameless file beside it first.

    Args:
        file: The new file; replaced if it is there.
        features: Floating-point numbers, or truth values, of any shape, which are flattened; or
            texts and pictures as bytes.
    """
    part = file.with_name(f'{file.name}.part')
    with tempfile.TemporaryFile(dir=file.parent) as lists:
        entries = [_store(lists, name, values) for name, values in features.items()]
        lists.seek(0)
        with part.open('wb') as record:
            _write_record(record, entries, lists)
            record.flush()
            os.fsync(record.fileno())
    part.replace(file)


def _store(lists: IO[bytes], name: str, values: Values) -> _Entry:
    """Append the list of a feature to a file."""
    start = lists.tell()
    for piece in _serialized(values):
        lists.write(piece)
    size = lists.tell() - start
    feature = _head(_kind(values), size)
    key = _head(1, len(name.encode())) + name.encode()
    entry = key + _head(2, len(feature) + size) + feature
    return _Entry(_head(1, len(entry) + size) + entry, size)


def _kind(values: Values) -> int:
    if not isinstance(values, np.ndarray):
        return BYTES_LIST
    return FLOAT_LIST if values.dtype.kind == 'f' else INT64_LIST


def _serialized(values: Values) -> Iterator[bytes]:
    """Yield a BytesList, FloatList or Int64List; a truth value is an integer of one byte."""
    if not isinstance(values, np.ndarray):
        for value in values:
            yield _head(1, len(value))
            yield value
        return
    kind = np.dtype('<f4' if values.dtype.kind == 'f' else np.bool_)
    yield _head(1, values.size * kind.itemsize)
    for rows in walk(values):
        yield values[rows].astype(kind).tobytes()


def _head(field: int, size: int) -> bytes:
    """Return what stands before `size` bytes of a field: its number, and the size as varint."""
    groups = [size >> shift & 0x7F for shift in range(0, max(size.bit_length(), 1), 7)]
    return bytes([field << 3 | 2, *(group | 0x80 for group in groups[:-1]), groups[-1]])


def _write_record(record: IO[bytes], entries: Sequence[_Entry], lists: IO[bytes]) -> None:
    """Write length, Example and the checksums of both."""
    size = sum(len(each.head) + each.size for each in entries)
    features = _head(1, size)
    length = struct.pack('<Q', len(features) + size)
    record.write(length + _masked(google_crc32c.value(length)))
    checksum = 0
    for piece in _pieces(features, entries, lists):
        record.write(piece)
        checksum = google_crc32c.extend(checksum, piece)
    record.write(_masked(checksum))


def _pieces(features: bytes, entries: Iterable[_Entry], lists: IO[bytes]) -> Iterator[bytes]:
    yield features
    for head, size in entries:
        yield head
        for start in range(0, size, PIECE):
            yield lists.read(min(PIECE, size - start))


def _masked(checksum: int) -> bytes:
    """Return a CRC-32C as it stands in a file."""
    return struct.pack('<I', (((checksum >> 15) | (checksum << 17)) + MASK) & 0xFFFFFFFF)
