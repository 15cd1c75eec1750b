"""Names, shapes and places of the weights in safetensors files, read without the weights."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SINGLE = 'model.safetensors'
INDEX = 'model.safetensors.index.json'
ELEMENT_BYTES = {'F64': 8, 'F32': 4, 'F16': 2, 'BF16': 2, 'I64': 8, 'I32': 4, 'I16': 2, 'I8': 1,
                 'U8': 1, 'BOOL': 1, 'F8_E4M3': 1, 'F8_E5M2': 1}
COPY_AGAIN = 'copy the whole checkpoint folder again from where it came from'


class CheckpointError(ValueError):
    """Weights that are missing, cut off, or not those of the configuration."""


@dataclass(frozen=True, slots=True)
class WeightEntry:
    """One tensor in a file.

    Attributes:
        dtype: As safetensors spells it, for example 'BF16'.
        start: First byte in the file.
        end: Byte after the last.
    """

    file: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def parameters(self) -> int:
        """Numbers in the tensor."""
        return math.prod(self.shape)


def has_weights(checkpoint: Path) -> bool:
    """Return whether a checkpoint folder holds safetensors weights."""
    return (checkpoint / SINGLE).is_file() or (checkpoint / INDEX).is_file()


def read_headers(checkpoint: Path) -> dict[str, WeightEntry]:
    """Return every tensor of a checkpoint by name, from one file or from its shards.

    Raises:
        CheckpointError: If a file is missing or cut off, or a shard lacks what the index promises.
    """
    if (checkpoint / SINGLE).is_file() or not (checkpoint / INDEX).is_file():
        return _read_header(checkpoint / SINGLE)
    promised = read_index(checkpoint / INDEX)
    shards = {path: _read_header(path) for path in sorted(set(promised.values()))}
    for tensor, shard in promised.items():
        if tensor not in shards[shard]:
            raise CheckpointError(f'{shard}: expected tensor {tensor}, as {INDEX} says, '
                                  f'got {len(shards[shard])} others: {COPY_AGAIN}')
    return {tensor: shards[shard][tensor] for tensor, shard in promised.items()}


def read_index(file: Path) -> dict[str, Path]:
    """Return the shard of each tensor of an index file.

    Raises:
        CheckpointError: If it is no such file.
    """
    try:
        shards = json.loads(file.read_text())['weight_map']
        return {tensor: file.parent / shard for tensor, shard in shards.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f'{file}: expected JSON whose weight_map gives the file of each '
                              f'weight, got {error!r}: {COPY_AGAIN}') from error


def _read_header(file: Path) -> dict[str, WeightEntry]:
    """Read a header: its length as little-endian uint64, then JSON.

    Source: safetensors README, Format.
    """
    try:
        size = file.stat().st_size
    except FileNotFoundError:
        raise CheckpointError(f'{file}: no such file; a checkpoint has {SINGLE}, or {INDEX} and '
                              f'the shards it names: {COPY_AGAIN}') from None
    with file.open('rb') as stream:
        first = stream.read(8)
        length = struct.unpack('<Q', first)[0] if len(first) == 8 else size
        if length > size - 8:
            raise CheckpointError(f'{file}: expected a header of {length} bytes, got a file of '
                                  f'{size}: {COPY_AGAIN}')
        text = stream.read(length)
    try:
        header = json.loads(text)
        header.pop('__metadata__', None)
        entries = {name: _entry(file, 8 + length, values) for name, values in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f'{file}: expected a safetensors header, got {error!r}: '
                              f'{COPY_AGAIN}') from error
    end = max((entry.end for entry in entries.values()), default=0)
    if end > size:
        raise CheckpointError(f'{file}: expected {end} bytes, got {size}: {COPY_AGAIN}')
    return entries


def _entry(file: Path, offset: int, values: dict[str, Any]) -> WeightEntry:
    start, end = values['data_offsets']
    return WeightEntry(file, values['dtype'], tuple(values['shape']), offset + start, offset + end)
