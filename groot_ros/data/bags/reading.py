"""The messages of a bag, in the order in which they were received."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from rosbags.highlevel import AnyReader
from rosbags.interfaces import Connection
from rosbags.typesys import Stores, get_typestore

from groot_ros.data.bags.checks import check_folder, check_lengths, topic_types
from groot_ros.data.bags.errors import BagError, one_line
from groot_ros.data.bags.facts import read_facts


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
        check_folder(folder)
        self.folder = folder
        self.facts = read_facts(folder)
        # Older bags do not hold the definitions of their types; these are the usual ones.
        self._reader = AnyReader([folder], default_typestore=get_typestore(Stores.ROS2_JAZZY))
        try:
            self._reader.open()
        except Exception as error:  # whatever a damaged file makes the decoder raise
            raise self._damaged(error) from None
        try:
            self.topics = topic_types(folder, self._reader.connections)
            check_lengths(folder, self._reader.typestore)
        except BagError:
            self._reader.close()
            raise

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

    def messages(self, topics: Collection[str] | None = None, start_ns: int | None = None,
                 stop_ns: int | None = None) -> Iterator[Recorded]:
        """Read the messages of some topics, or of all, received in [start_ns, stop_ns) [ns].

        Raises:
            BagError: If one cannot be read or decoded, or if there are not as many as announced.
        """
        for topic, stamp_ns, cdr in self.serialized(topics, start_ns, stop_ns):
            try:
                message = self._reader.deserialize(cdr, self.topics[topic])
            except Exception as error:  # whatever a damaged message makes the decoder raise
                raise BagError(
                    f'{self.folder}: a message of {topic} at {stamp_ns} ns is no '
                    f'{self.topics[topic]} ({one_line(error)}); {self._way_out}') from None
            yield Recorded(topic, stamp_ns, message)

    def serialized(self, topics: Collection[str] | None = None, start_ns: int | None = None,
                   stop_ns: int | None = None) -> Iterator[tuple[str, int, bytes]]:
        """Return topic, time of reception [ns] and bytes of the messages of some topics.

        Raises:
            BagError: If one cannot be read, or if there are not as many as announced.
        """
        connections = self._connections(topics)
        if not connections:  # of which the reader would make all
            return
        found: Counter[str] = Counter()
        try:
            for connection, stamp_ns, cdr in self._reader.messages(connections, start_ns, stop_ns):
                found[connection.topic] += 1
                yield connection.topic, stamp_ns, cdr
        except Exception as error:  # whatever a damaged file makes the decoder raise
            raise self._damaged(error) from None
        if start_ns is not None or stop_ns is not None:
            return
        for topic in {each.topic for each in connections}:
            if found[topic] != self.count(topic):
                raise BagError(
                    f'{self.folder}: metadata.yaml announces {self.count(topic)} messages of '
                    f'{topic}, the bag holds {found[topic]}; {self._way_out}')

    @property
    def _way_out(self) -> str:
        return f'save what is whole with `ros2 run groot_ros repair_bag {self.folder}`'

    def _damaged(self, error: Exception) -> BagError:
        return BagError(f'{self.folder} cannot be read ({one_line(error)}); {self._way_out}')

    def _connections(self, topics: Collection[str] | None) -> list[Connection]:
        if topics is None:
            return self._reader.connections
        return [each for each in self._reader.connections if each.topic in topics]
