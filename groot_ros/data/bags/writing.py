"""A bag that is readable however its recording ends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer, WriterError
from rosbags.rosbag2.storage_mcap import McapWriter
from zstandard import ZstdCompressor

from groot_ros.data.bags.errors import BagError
from groot_ros.data.bags.facts import write_facts
from groot_ros.data.bags.message_types import MessageTypes

NEVER = QosTime(2147483647, 4294967295)


class BagWriter:
    """One rosbag2 bag: MCAP, zstd, with the definition of every message type inside.

    Should the process be killed, all chunks that were full are on the disk (about a megabyte
    each), and `repair` makes a bag of them.

    Args:
        folder: The new bag.
        types: Where message types are defined.
        facts: What the recording is of, by name.

    Raises:
        BagError: If the folder exists.
    """

    def __init__(self, folder: Path, types: MessageTypes, facts: Mapping[str, str]) -> None:
        self.folder = folder
        self._types = types
        self._topics: dict[str, Connection] = {}
        self.messages: dict[str, int] = {}
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._writer = Writer(
                folder, version=9, storage_plugin=StoragePlugin.MCAP)  # 9: of Jazzy
            self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
            self._writer.open()
            storage = self._writer.storage
            assert isinstance(storage, McapWriter)
            # rosbags writes no checksum of a chunk; so zstd does, and a flipped bit is found.
            storage.compressor = ZstdCompressor(write_checksum=True).compress
        except (WriterError, OSError) as error:
            raise BagError(f'cannot write a bag to {folder}: {error}') from None
        self.update_facts(facts)

    def __enter__(self) -> Self:
        """Return the open bag."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Finish the bag."""
        self.close()

    def update_facts(self, facts: Mapping[str, str]) -> None:
        """Replace what the recording is said to be of."""
        write_facts(self.folder, facts)
        for name, value in facts.items():
            self._writer.set_custom_data(name, value)

    def add_topic(self, topic: str, kind: str, *, reliable: bool = True,
                  latched: bool = False) -> None:
        """Make a topic known before its first message.

        Args:
            topic: Absolute name.
            kind: Message type, such as 'sensor_msgs/msg/JointState'.
            reliable: Whether a player shall offer reliable delivery.
            latched: Whether it shall keep the last message for late subscribers.

        Raises:
            BagError: If the message type is unknown.
        """
        self._types.learn(kind)
        self._topics[topic] = self._writer.add_connection(
            topic, kind, typestore=self._types.store,
            offered_qos_profiles=[_qos(reliable, latched)])
        self.messages[topic] = 0

    def write(self, topic: str, stamp_ns: int, cdr: bytes) -> None:
        """Write a serialized message that was received at `stamp_ns` [ns]."""
        self._writer.write(self._topics[topic], stamp_ns, cdr)
        self.messages[topic] += 1

    def close(self) -> None:
        """Write index and metadata.yaml."""
        self._writer.close()


def _qos(reliable: bool, latched: bool) -> Qos:
    return Qos(
        history=QosHistory.KEEP_LAST, depth=10,
        reliability=QosReliability.RELIABLE if reliable else QosReliability.BEST_EFFORT,
        durability=QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
        deadline=NEVER, lifespan=NEVER, liveliness=QosLiveliness.AUTOMATIC,
        liveliness_lease_duration=NEVER, avoid_ros_namespace_conventions=False)
