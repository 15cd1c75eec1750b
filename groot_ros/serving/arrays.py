"""Arrays inside msgpack, as GR00T servers and clients write them. Pickle is never read.

An array is the map {'__ndarray_class__': true, 'as_npy': bytes of an .npy file}.
Every size is checked before memory of that size is taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from groot_ros.serving.errors import CodecError
from groot_ros.serving.npy import read_npy, write_npy

MEBIBYTE = 2**20
ARRAY_TAG = '__ndarray_class__'
ARRAY_BYTES = 'as_npy'


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a message may be before it is refused.

    Attributes:
        frame_bytes: Bytes of one message; three 720p cameras with two frames each take 16 MiB.
        containers: Maps and lists in one message.
        length: Entries of one map or list.
    """

    frame_bytes: int = 64 * MEBIBYTE
    containers: int = 4096
    length: int = 4096


def pack(value: Any) -> bytes:
    """Return a value of maps, lists, text, numbers and numpy arrays as one message.

    Raises:
        CodecError: If something in it cannot be sent.
    """
    try:
        return bytes(msgpack.packb(value, default=_encode))
    except (TypeError, ValueError, OverflowError) as error:
        raise CodecError(f'this cannot be sent: {error}') from None


def unpack(frame: bytes, limits: Limits | None = None) -> Any:
    """Return the value of one message; its arrays are read-only views of `frame`.

    Raises:
        CodecError: If the message is too large, truncated, no msgpack, or holds anything but
            maps, lists, text, numbers, bytes and arrays of numbers or text.
    """
    limits = limits or Limits()
    if len(frame) > limits.frame_bytes:
        raise CodecError(
            f'a message of {len(frame)} bytes exceeds the limit of {limits.frame_bytes}: '
            'send smaller images, or raise the limit on both sides')
    reviver = _Reviver(limits.containers)
    try:
        return msgpack.unpackb(
            frame, object_hook=reviver.revive_map, list_hook=reviver.revive_list,
            ext_hook=_refuse_extension, max_array_len=limits.length, max_map_len=limits.length)
    except (ValueError, msgpack.UnpackException) as error:
        raise CodecError(f'{len(frame)} bytes are not a msgpack message '
                         f'({error}){_guess(frame)}') from None


def _decode(npy: Any) -> NDArray[Any]:
    if not isinstance(npy, bytes):
        raise CodecError(f'an array must carry {ARRAY_BYTES!r} as bytes, '
                         f'got {type(npy).__name__}')
    return read_npy(npy)


def _encode(value: Any) -> dict[str, Any]:
    if not isinstance(value, np.ndarray):
        raise TypeError(f'a value of type {type(value).__name__}')
    return {ARRAY_TAG: True, ARRAY_BYTES: write_npy(value)}


class _Reviver:
    """Turns tagged maps into arrays while msgpack reads, and stops it at too many containers."""

    def __init__(self, containers: int) -> None:
        self._limit = containers
        self._left = containers

    def revive_map(self, values: dict[Any, Any]) -> Any:
        self._take(values.values())
        return _decode(values.get(ARRAY_BYTES)) if ARRAY_TAG in values else values

    def revive_list(self, values: list[Any]) -> list[Any]:
        self._take(values)
        return values

    def _take(self, values: Iterable[Any]) -> None:
        self._left -= 1
        if self._left < 0:
            raise CodecError(f'a message of more than {self._limit} maps and lists is refused: '
                             'send arrays instead of lists of numbers')
        if any(isinstance(value, msgpack.Timestamp) for value in values):
            _refuse_extension(-1, b'')


def _refuse_extension(code: int, content: bytes) -> Any:
    raise CodecError(f'msgpack extension type {code} is refused: send maps, lists, text, '
                     'numbers and arrays')


def _guess(frame: bytes) -> str:
    """Return what the peer may have meant."""
    pickled = frame[:1] == b'\x80' and frame[1:2] in (b'\x02', b'\x03', b'\x04', b'\x05')
    if pickled or frame.startswith(b'PK\x03\x04') or frame == b'ERROR':
        return (': it looks like the pickle protocol of the first GR00T N1 servers, which is '
                'never read; use a newer server or client')
    return ''
