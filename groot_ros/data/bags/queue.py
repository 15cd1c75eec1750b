"""A bag written by a thread of its own, so that a slow disk delays no subscription."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

from groot_ros.data.bags.writing import BagWriter


class Sample(NamedTuple):
    """A message as it goes into a bag.

    Attributes:
        topic: Absolute name.
        kind: Message type, such as 'sensor_msgs/msg/JointState'.
        reliable: Whether a player shall offer reliable delivery.
        latched: Whether it shall keep the last message for late subscribers.
        cdr: The serialized message.
    """

    topic: str
    kind: str
    reliable: bool
    latched: bool
    cdr: bytes


MakeSample = Callable[[], Sample | None]
"""Called in the writing thread: it may compress; None if nothing can be written."""
CAPACITY = 2000
"""Messages that may wait for the disk."""


class BagQueue:
    """Messages on their way to a bag.

    Args:
        bag: An open bag; it is finished by `close`.
        capacity: Messages that may wait.
    """

    def __init__(self, bag: BagWriter, capacity: int = CAPACITY) -> None:
        self.bag = bag
        self._refused = self._unusable = 0  # one for each thread
        self._failure: Exception | None = None
        self._waiting: queue.Queue[tuple[int, MakeSample] | None] = queue.Queue(capacity)
        self._thread = threading.Thread(target=self._work, name='bag', daemon=True)
        self._thread.start()

    def put(self, stamp_ns: int, make: MakeSample) -> None:
        """Queue a message that was received at `stamp_ns` [ns]."""
        try:
            self._waiting.put_nowait((stamp_ns, make))
        except queue.Full:
            self._refused += 1

    @property
    def dropped(self) -> int:
        """Messages that found the queue full, or of which nothing could be written."""
        return self._refused + self._unusable

    def check(self) -> None:
        """Raise what ended the writing, if anything did: a full disk, for example."""
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Write what waits and finish the bag."""
        self._waiting.put(None)
        self._thread.join()
        self.bag.close()

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None:
            if self._failure is not None:
                continue  # keeps `close` from waiting for room
            stamp_ns, make = item
            try:
                sample = make()
                if sample is None:
                    self._unusable += 1
                else:
                    self._write(stamp_ns, sample)
            except Exception as error:  # handed to the caller's thread by `check`
                self._failure = error

    def _write(self, stamp_ns: int, sample: Sample) -> None:
        if sample.topic not in self.bag.messages:
            self.bag.add_topic(
                sample.topic, sample.kind, reliable=sample.reliable, latched=sample.latched)
        self.bag.write(sample.topic, stamp_ns, sample.cdr)
