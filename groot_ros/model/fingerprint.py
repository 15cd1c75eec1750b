"""The identity of a checkpoint, carried by every message that came from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from groot_ros.model.weight_headers import WeightEntry, has_weights, read_headers

# In this order: the model, then how its numbers are read, of each release.
FOLDERS = ('', 'processor', 'experiment_cfg')
SIDECARS = ('config.json', 'processor_config.json', 'statistics.json', 'embodiment_id.json',
            'metadata.json', 'data_config.json')
WHOLE_BYTES = 1 << 18
BLOCKS, BLOCK_BYTES = 8, 1 << 12


def fingerprint(checkpoint: Path) -> str:
    """Return 16 hex digits that change with the weights and with the processor's files.

    Sidecar files are hashed whole. Reading the 7 GB of a released checkpoint would delay every
    start by minutes on a robot's disk, so of each weight the name, dtype, shape and these bytes
    are hashed: all of one up to 256 KiB, else 8 blocks of 4 KiB at fixed places, the first and
    the last included. Training moves every bias and norm that it touches, which are all small:
    even the fine-tuning of a single embodiment is seen. A single number changed by hand inside a
    large matrix is not: this tells checkpoints apart, it does not protect from forgery.

    How weights are spread over shards does not matter. The tokenizer is left out: the planner
    alone reads it, and a released checkpoint has none of its own.

    Raises:
        CheckpointError: If a weight file is missing or cut off.
    """
    return _digits(chain(_sidecars(checkpoint), _weights(checkpoint)))


def weights_fingerprint(checkpoint: Path) -> str:
    """Return 16 hex digits that change with the weights alone, as those of `fingerprint` do.

    Raises:
        CheckpointError: If a weight file is missing or cut off.
    """
    return _digits(_weights(checkpoint))


def _digits(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()[:16]


def _sidecars(checkpoint: Path) -> Iterator[bytes]:
    """Yield the name and content of each of the processor's files."""
    for folder in FOLDERS:
        for name in SIDECARS:
            path = checkpoint / folder / name
            if path.is_file():
                yield f'{folder}/{name}'.encode()
                yield path.read_bytes()


def _weights(checkpoint: Path) -> Iterator[bytes]:
    """Yield what is hashed of the weights, in the order of their names."""
    if not has_weights(checkpoint):
        return
    entries = read_headers(checkpoint)
    files = {file: file.open('rb') for file in {entry.file for entry in entries.values()}}
    try:
        for name, entry in sorted(entries.items()):
            yield f'{name} {entry.dtype} {entry.shape}'.encode()
            yield from _sample(files[entry.file], entry)
    finally:
        for stream in files.values():
            stream.close()


def _sample(stream: BinaryIO, entry: WeightEntry) -> Iterator[bytes]:
    size = entry.end - entry.start
    if size <= WHOLE_BYTES:
        stream.seek(entry.start)
        yield stream.read(size)
        return
    for block in range(BLOCKS):
        stream.seek(entry.start + (size - BLOCK_BYTES) * block // (BLOCKS - 1))
        yield stream.read(BLOCK_BYTES)
