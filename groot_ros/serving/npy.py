"""Arrays as the bytes of an .npy file, without pickle and without trusting the header.

Source of the format: NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays".
"""

from __future__ import annotations

import io
import math
import re
import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.serving.errors import CodecError

MAGIC = b'\x93NUMPY'
NUMERIC_KINDS = 'biufU'
"""Booleans, integers, floats and text; no objects, structures or raw bytes."""
MAX_DIMENSIONS = 8
MAX_HEADER_BYTES = 1000
_LENGTH_FORMAT = {1: '<H', 2: '<I'}
_DTYPE = re.compile(r"'descr': *'([<>|=]?[A-Za-z]\d{1,6})'")
_ORDER = re.compile(r"'fortran_order': *(True|False)\b")
_SHAPE = re.compile(r"'shape': *\(([\d, ]*)\)")


class _Header(NamedTuple):
    dtype: np.dtype[Any]
    fortran_order: bool
    shape: tuple[int, ...]
    values_at: int


def write_npy(values: NDArray[Any]) -> bytes:
    """Return an array as the bytes of an .npy file.

    Raises:
        CodecError: If it holds anything but numbers, booleans or text.
    """
    _check_dtype(values.dtype)
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    return stream.getvalue()


def read_npy(npy: bytes) -> NDArray[Any]:
    """Return the array of an .npy file, a read-only view of its bytes.

    Raises:
        CodecError: If the bytes are no such file, hold objects, or are fewer or more than the
            header says.
    """
    header = _read_header(npy)
    _check_dtype(header.dtype)
    if len(header.shape) > MAX_DIMENSIONS:
        raise CodecError(f'an array of {len(header.shape)} dimensions is refused: '
                         f'at most {MAX_DIMENSIONS}')
    expected = math.prod(header.shape) * header.dtype.itemsize
    if len(npy) - header.values_at != expected:
        raise CodecError(
            f'an array of shape {header.shape} and dtype {header.dtype} takes {expected} bytes, '
            f'got {len(npy) - header.values_at}: the message is damaged')
    values = np.frombuffer(npy, header.dtype, offset=header.values_at)
    try:
        return values.reshape(header.shape, order='F' if header.fortran_order else 'C')
    except (ValueError, OverflowError):    # empty, with another size beyond all memory
        raise CodecError(f'an array of shape {header.shape} is refused: too large') from None


def _check_dtype(dtype: np.dtype[Any]) -> None:
    if dtype.kind not in NUMERIC_KINDS or dtype.itemsize == 0:
        raise CodecError(f'an array of dtype {dtype} is refused: send numbers, booleans or text')


def _read_header(npy: bytes) -> _Header:
    """Find the three entries of the header; numpy would evaluate it as a Python literal."""
    text, values_at = _header_text(npy)
    found = [pattern.search(text) for pattern in (_DTYPE, _ORDER, _SHAPE)]
    if not all(found):
        raise CodecError(f'an array has the .npy header {text[:80]!r}: expected a dtype of '
                         'numbers or text (no objects), fortran_order and shape')
    dtype, order, shape = (match[1] for match in found if match)
    try:
        return _Header(np.dtype(dtype), order == 'True',
                       tuple(int(size) for size in shape.split(',') if size.strip()), values_at)
    except (TypeError, ValueError):
        raise CodecError(f'an array has the dtype {dtype!r} and shape ({shape[:80]}), '
                         'which numpy does not know') from None


def _header_text(npy: bytes) -> tuple[str, int]:
    """Return the header and where the values begin."""
    length_format = _LENGTH_FORMAT.get(npy[6]) if len(npy) > 12 else None
    if not npy.startswith(MAGIC) or length_format is None:
        raise CodecError('an array is not in .npy format 1.0 or 2.0: '
                         'send it as numpy.save writes it')
    begin = 8 + struct.calcsize(length_format)
    (length,) = struct.unpack(length_format, npy[8:begin])
    if length > MAX_HEADER_BYTES:
        raise CodecError(f'an array has an .npy header of {length} bytes: '
                         f'at most {MAX_HEADER_BYTES}')
    return npy[begin:begin + length].decode('latin-1'), begin + length
