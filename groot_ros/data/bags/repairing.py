"""Make a whole bag of what a cut-off recording left."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from mcap.exceptions import McapError
from mcap.records import Channel, McapRecord, Message, Schema
from mcap.stream_reader import StreamReader
from zstandard import ZstdError

from groot_ros.data.bags.errors import BagError
from groot_ros.data.bags.facts import read_facts
from groot_ros.data.bags.message_types import MessageTypes
from groot_ros.data.bags.writing import BagWriter


def repair(broken: Path, target: Path, types: MessageTypes) -> int:
    """Write every message up to the first damage to a new bag; `broken` stays as it is.

    Returns:
        How many messages were saved.

    Raises:
        BagError: If there is no MCAP file, nothing in it, or `target` exists.
    """
    files = sorted(broken.glob('*.mcap'))
    if not files:
        raise BagError(f'{broken} holds no .mcap file: there is nothing to repair')
    saved = 0
    with BagWriter(target, types, read_facts(broken)) as bag:
        for file in files:
            saved += _copy(file, bag)
    if not saved:
        raise BagError(f'{files[0]} holds no readable message; {target} is an empty bag')
    return saved


def _copy(file: Path, bag: BagWriter) -> int:
    schemas: dict[int, Schema] = {}
    topics: dict[int, str] = {}
    saved = 0
    for record in _readable(file):
        if isinstance(record, Schema):
            schemas[record.id] = record
        elif isinstance(record, Channel):
            topics[record.id] = record.topic
            if record.topic not in bag.messages:
                qos = record.metadata.get('offered_qos_profiles', '')
                bag.add_topic(record.topic, schemas[record.schema_id].name,
                              reliable='best_effort' not in qos, latched='transient' in qos)
        elif isinstance(record, Message):
            bag.write(topics[record.channel_id], record.log_time, record.data)
            saved += 1
    return saved


def _readable(file: Path) -> Iterator[McapRecord]:
    """Read the records of a file up to the first damage."""
    with file.open('rb') as stream:
        try:
            yield from StreamReader(stream, validate_crcs=True).records
        except (McapError, struct.error, ZstdError, ValueError, UnicodeDecodeError):
            return
