"""Make a whole bag of what a cut-off or damaged recording left."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mcap.records import Channel, McapRecord, Message, Schema
from mcap.stream_reader import StreamReader

from groot_ros.data.bags.errors import BagError
from groot_ros.data.bags.facts import read_facts
from groot_ros.data.bags.message_types import MessageTypes
from groot_ros.data.bags.writing import BagWriter


class Repaired(NamedTuple):
    """What became of a broken bag.

    Attributes:
        saved: Messages in the new bag.
        left_out: Messages by topic that are none of the topic's type.
    """

    saved: int
    left_out: Mapping[str, int]


def repair(
    broken: Path, target: Path, types: MessageTypes,
    open_file: Callable[[Path], AbstractContextManager[BinaryIO]] = lambda file: file.open('rb'),
) -> Repaired:
    """Write every whole message up to the first damage to a new bag; `broken` stays as it is.

    Args:
        broken: Folder of the recording.
        target: Folder of the new bag.
        types: Where message types are defined.
        open_file: Opens a file of the recording, for example behind a progress bar.

    Raises:
        BagError: If there is no MCAP file, nothing in it, or `target` exists.
    """
    files = sorted(broken.glob('*.mcap'))
    if not files:
        raise BagError(f'{broken} holds no .mcap file: there is nothing to repair')
    bag = BagWriter(target, types, read_facts(broken))
    try:
        with bag:
            copier = _Copier(bag, types)
            for file in files:
                with open_file(file) as stream:
                    copier.copy(stream)
        saved = sum(bag.messages.values())
        if not saved:
            raise BagError(f'{files[0]} holds no message that can be read: nothing is saved')
    except BaseException:
        shutil.rmtree(target)  # half a bag would look like a whole one
        raise
    return Repaired(saved, copier.left_out)


class _Copier:
    """Copies the messages of damaged files to one bag."""

    def __init__(self, bag: BagWriter, types: MessageTypes) -> None:
        self.left_out: Counter[str] = Counter()
        self._bag = bag
        self._types = types
        self._kinds: dict[str, str] = {}

    def copy(self, stream: BinaryIO) -> None:
        """Copy what can be read of a file."""
        schemas: dict[int, Schema] = {}
        channels: dict[int, Channel] = {}
        for record in _readable(stream):
            if isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel) and record.schema_id in schemas:
                channels[record.id] = record
                self._add_topic(record, schemas[record.schema_id].name)
            elif isinstance(record, Message) and record.channel_id in channels:
                self._write(channels[record.channel_id].topic, record)

    def _add_topic(self, channel: Channel, kind: str) -> None:
        if self._kinds.setdefault(channel.topic, kind) != kind:
            raise BagError(
                f'{channel.topic} is both {self._kinds[channel.topic]} and {kind}: there is no '
                'telling which messages are whole')
        if channel.topic not in self._bag.messages:
            qos = channel.metadata.get('offered_qos_profiles', '')
            self._bag.add_topic(channel.topic, kind, reliable='best_effort' not in qos,
                                latched='transient' in qos)

    def _write(self, topic: str, message: Message) -> None:
        try:
            self._types.store.deserialize_cdr(message.data, self._kinds[topic])
        except Exception:  # whatever a damaged message makes the decoder raise
            self.left_out[topic] += 1
        else:
            self._bag.write(topic, message.log_time, message.data)


def _readable(stream: BinaryIO) -> Iterator[McapRecord]:
    """Read the records of a file up to the first damage."""
    try:
        yield from StreamReader(stream, validate_crcs=True).records
    except Exception:  # whatever a damaged file makes the decoder raise
        return
