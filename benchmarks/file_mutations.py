"""Ways to spoil the files of a bag: byte by byte, and line by line."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import yaml
from made_bags import ROBOT, Entry, Maker
from rosbags.interfaces import Connection
from rosbags.rosbag2 import StoragePlugin, Writer


def flip(content: bytearray, random: np.random.Generator) -> None:
    """Flip bits."""
    for _ in range(random.integers(1, 6)):
        content[random.integers(len(content))] ^= 1 << random.integers(8)


def cut_off(content: bytearray, random: np.random.Generator) -> None:
    """Cut the end off."""
    del content[random.integers(len(content)):]


def lose_a_block(content: bytearray, random: np.random.Generator) -> None:
    """Lose some bytes, or find zeros there."""
    at, length = random.integers(len(content)), int(random.integers(1, 5000))
    lost = len(content[at:at + length])
    content[at:at + length] = b'' if random.random() < 0.5 else bytes(lost)


def repeat_a_block(content: bytearray, random: np.random.Generator) -> None:
    """Write some bytes twice, or somewhere else."""
    at, to = random.integers(len(content), size=2)
    content[to:to] = content[at:at + int(random.integers(1, 5000))]


def overwrite_a_number(content: bytearray, random: np.random.Generator) -> None:
    """Put a number where there is another: lengths, offsets, times."""
    at = random.integers(max(1, len(content) - 8))
    values = (0, 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1)
    content[at:at + 8] = struct.pack('<Q', values[random.integers(len(values))])


BYTES = (flip, cut_off, lose_a_block, repeat_a_block, overwrite_a_number)
"""What can be wrong with a file."""


def spoil_text(content: bytearray, random: np.random.Generator) -> None:
    """Change a line of a text file: lose it, double it, give it another value."""
    lines = bytes(content).splitlines(keepends=True)
    at = int(random.integers(len(lines)))
    values = (b'0', b'-1', b'99999999999999999999', b'[]', b'{}', b'null', b'.nan', b'text', b'*a')
    way = random.integers(3)
    if way == 0:
        del lines[at]
    elif way == 1:
        lines.insert(at, lines[int(random.integers(len(lines)))])
    else:
        key = lines[at].split(b':')[0]
        lines[at] = key + b': ' + values[random.integers(len(values))] + b'\n'
    content[:] = b''.join(lines)


TEXT = (spoil_text, flip)
"""What can be wrong with metadata.yaml and facts.yaml."""


def write_plain(maker: Maker, folder: Path, entries: list[Entry]) -> None:
    """Write a bag whose chunks are not compressed: a changed byte changes messages."""
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        topics: dict[str, Connection] = {}
        for each in entries:
            if each.topic not in topics:
                topics[each.topic] = writer.add_connection(
                    each.topic, each.kind, typestore=maker.types.store)
            writer.write(topics[each.topic], each.stamp_ns, maker.serialize(each))
    (folder / 'facts.yaml').write_text(yaml.safe_dump({'embodiment': ROBOT.tag}))
