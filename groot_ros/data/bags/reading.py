"""The messages of a bag, in the order in which they were received."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import Connection
from rosbags.rosbag2 import ReaderError
from rosbags.typesys import Stores, get_typestore

from groot_ros.data.bags.errors import BagError
from groot_ros.data.bags.facts import read_facts

ROS1_MAGIC = b'#ROSBAG V'


class Recorded(NamedTuple):
    """One message of a bag.

    Attributes:
        topic: Absolute name.
        stamp_ns: When it was received [ns].
        message: An object with the fields of its type; arrays are numpy's.
    """

    topic: str
    stamp_ns: int
    message: Any


class Bag:
    """A rosbag2 bag, opened for reading; types are taken from the bag itself.

    Attributes:
        topics: Message type of each topic.
        facts: What the recording is of; empty for bags of other recorders.

    Args:
        folder: The bag.

    Raises:
        BagError: If it is none, was cut off, or is damaged; says what to do.
    """

    def __init__(self, folder: Path) -> None:
        _check_kind(folder)
        self.folder = folder
        self.facts = read_facts(folder)
        # Older bags do not hold the definitions of their types; these are the usual ones.
        self._reader = AnyReader([folder], default_typestore=get_typestore(Stores.ROS2_JAZZY))
        try:
            self._reader.open()
        except (AnyReaderError, ReaderError, OSError, ValueError, KeyError) as error:
            raise BagError(f'{folder} cannot be read: {error}') from None
        self.topics = {
            connection.topic: connection.msgtype for connection in self._reader.connections}

    def __enter__(self) -> Self:
        """Return the open bag."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Close the bag."""
        self._reader.close()

    @property
    def duration_s(self) -> float:
        """Time from the first message to the last [s]."""
        return self._reader.duration * 1e-9 if self._reader.message_count else 0.0

    def count(self, topic: str) -> int:
        """Return how many messages a topic has."""
        return sum(each.msgcount for each in self._connections([topic]))

    def messages(self, topics: Collection[str] | None = None) -> Iterator[Recorded]:
        """Read the messages of some topics, or of all.

        Raises:
            BagError: If one cannot be decoded.
        """
        for connection, stamp_ns, cdr in self._reader.messages(self._connections(topics)):
            try:
                message = self._reader.deserialize(cdr, connection.msgtype)
            except Exception as error:  # whatever a damaged message makes the decoder raise
                raise BagError(
                    f'{self.folder}: a message of {connection.topic} at {stamp_ns} ns is no '
                    f'{connection.msgtype} ({type(error).__name__}: {error})') from None
            yield Recorded(connection.topic, stamp_ns, message)

    def serialized(self, topics: Collection[str] | None = None
                   ) -> Iterator[tuple[str, int, bytes]]:
        """Return topic, time of reception [ns] and bytes of the messages of some topics."""
        for connection, stamp_ns, cdr in self._reader.messages(self._connections(topics)):
            yield connection.topic, stamp_ns, cdr

    def _connections(self, topics: Collection[str] | None) -> list[Connection]:
        if topics is None:
            return self._reader.connections
        return [each for each in self._reader.connections if each.topic in topics]


def _check_kind(folder: Path) -> None:
    """Refuse what is no finished rosbag2 bag.

    Raises:
        BagError: Saying what it is instead.
    """
    if folder.is_file():
        with folder.open('rb') as file:
            if file.read(len(ROS1_MAGIC)) == ROS1_MAGIC:
                raise BagError(
                    f'{folder} is a bag of ROS 1: convert it with `rosbags-convert --src '
                    f'{folder.name} --dst {folder.stem}`')
        raise BagError(f'{folder} is a file: give the folder that holds it and metadata.yaml')
    if not folder.is_dir():
        raise BagError(f'{folder} does not exist')
    if not (folder / 'metadata.yaml').is_file():
        if any(folder.glob('*.mcap')):
            raise BagError(
                f'{folder} has no metadata.yaml, as after a recording that was cut off: run '
                f'`ros2 run groot_ros repair_bag {folder}`')
        raise BagError(f'{folder} is no bag: it holds no metadata.yaml')
