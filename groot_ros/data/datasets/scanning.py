"""A first look at a bag: which messages can be used, and when they were stamped.

Numbers are left where they are: for an hour at 500 Hz the stamps alone take 30 MB.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.bags import Bag, Recorded
from groot_ros.data.datasets.errors import DatasetError, UnusableMessageError
from groot_ros.data.datasets.joint_states import Columns, JointStateReader
from groot_ros.data.datasets.pictures import image_size
from groot_ros.data.datasets.stamps import SECOND, stamp_of
from groot_ros.data.datasets.synchronising import Stamps
from groot_ros.data.datasets.topics import BagTopics
from groot_ros.observation.joints import JUMP_BACK


class Stream:
    """Stamps of the usable messages of one source, growing."""

    def __init__(self) -> None:
        self._stamps = array('q')
        self._received = array('q')

    def add(self, stamp: int, received: int) -> None:
        """Take a message; one that is not newer than the last is passed over.

        Raises:
            UnusableMessageError: If it is not newer.
        """
        if self._stamps and stamp <= self._stamps[-1]:
            raise UnusableMessageError('it is not newer than the one before')
        self._stamps.append(stamp)
        self._received.append(received)

    def __len__(self) -> int:
        """Return the number of messages."""
        return len(self._stamps)

    @property
    def newest(self) -> int:
        """Newest stamp [ns]."""
        return self._stamps[-1]

    @property
    def stamps(self) -> Stamps:
        """Time in the header of each message [ns]."""
        return np.frombuffer(self._stamps, np.int64) if self._stamps else np.zeros(0, np.int64)

    @property
    def received(self) -> NDArray[np.int64]:
        """Time of reception of each message [ns]."""
        return (np.frombuffer(self._received, np.int64) if self._received
                else np.zeros(0, np.int64))


class Said(NamedTuple):
    """An instruction that came into force.

    Attributes:
        stamp: From when on [ns].
        text: Empty where there is nothing to do.
    """

    stamp: int
    text: str


@dataclass
class Segment:
    """A part of a bag within which no clock was set back and no simulator made another scene.

    Attributes:
        start: Time of reception of its first message [ns].
        joints: Joint states by the joints that they tell of.
        cameras: Images by video key and size [px].
        said: Instructions in order of time.
        stop: Time of reception at which the next segment begins [ns], None for the last one.
    """

    start: int
    joints: dict[Columns, Stream] = field(default_factory=dict)
    cameras: dict[str, dict[tuple[int, int], Stream]] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    stop: int | None = None

    @property
    def newest_joints(self) -> int | None:
        """Newest stamp of a joint state [ns], None before the first."""
        return max((stream.newest for stream in self.joints.values()), default=None)

    @property
    def shares_clock(self) -> bool:
        """Whether times of reception are of the clock that stamps are of."""
        delays = [stream.received - stream.stamps for stream in self.joints.values()]
        return abs(float(np.median(np.concatenate(delays)))) < SECOND

    @property
    def first_stamp(self) -> int | None:
        """First stamp of a sensor [ns], None where there is none."""
        streams = [*self.joints.values(),
                   *(stream for sizes in self.cameras.values() for stream in sizes.values())]
        return min((int(stream.stamps[0]) for stream in streams), default=None)


class PassedOver(NamedTuple):
    """Why messages of a topic were passed over."""

    topic: str
    reason: str


class Scan(NamedTuple):
    """What is in a bag.

    Attributes:
        segments: In order.
        passed_over: How many messages, by topic and reason.
    """

    segments: list[Segment]
    passed_over: Counter[PassedOver]


def scan(bag: Bag, topics: BagTopics, joint_names: tuple[str, ...]) -> Scan:
    """Look at every sensor message of a bag.

    Raises:
        BagError: If the bag is damaged.
        DatasetError: If there are no joint states, or they carry no time.
    """
    scanner = _Scanner(bag, topics, joint_names)
    names = [topics.joint_states, *topics.cameras.values()]
    names += [topic for topic in (topics.instruction, topics.task_state) if topic is not None]
    for recorded in bag.messages(names):
        scanner.take(recorded)
    return scanner.result()


class _Scanner:
    def __init__(self, bag: Bag, topics: BagTopics, joint_names: tuple[str, ...]) -> None:
        self._bag = bag
        self._topics = topics
        self._video_keys = {topic: key for key, topic in topics.cameras.items()}
        self._reader = JointStateReader(joint_names)
        self._segments: list[Segment] = []
        self._scene: int | None = None
        self._passed_over: Counter[PassedOver] = Counter()

    def take(self, recorded: Recorded) -> None:
        if not self._segments:
            self._segments.append(Segment(recorded.stamp_ns))
        if recorded.topic == self._topics.instruction:
            self._take_instruction(recorded)
            return
        if recorded.topic == self._topics.task_state:
            self._take_scene(recorded)
            return
        try:
            self._take_sensor(recorded)
        except UnusableMessageError as error:
            self._passed_over[PassedOver(recorded.topic, str(error))] += 1

    def result(self) -> Scan:
        if not any(segment.joints for segment in self._segments):
            why = ', '.join(sorted({each.reason for each in self._passed_over})) or 'none came'
            raise DatasetError(f'{self._bag.folder}: {self._topics.joint_states} holds no joint '
                               f'state that can be used ({why})')
        return Scan(self._segments, self._passed_over)

    def _take_sensor(self, recorded: Recorded) -> None:
        stamp = stamp_of(recorded.message)
        if stamp <= 0:
            raise UnusableMessageError('its header carries no time: the driver must stamp it')
        if recorded.topic == self._topics.joint_states:
            joints = self._reader.read(recorded.message).joints
            if not joints:
                return  # joints of another part of the robot
            self._add(lambda segment: segment.joints, joints, stamp, recorded.stamp_ns)
            return
        size = image_size(self._bag.topics[recorded.topic], recorded.message)
        video_key = self._video_keys[recorded.topic]
        self._add(lambda segment: segment.cameras.setdefault(video_key, {}), size, stamp,
                  recorded.stamp_ns)

    def _add(self, streams: Any, key: Any, stamp: int, received: int) -> None:
        """Add a message to its stream, in a new segment if its clock was set back."""
        stream = streams(self._segments[-1]).get(key)
        if stream is not None and stamp < stream.newest - JUMP_BACK * SECOND:
            self._begin_segment(received)
        streams(self._segments[-1]).setdefault(key, Stream()).add(stamp, received)

    def _begin_segment(self, received: int) -> None:
        """Begin a segment; the instruction in force stays so."""
        before = self._segments[-1]
        before.stop = received
        said = [Said(0, before.said[-1].text)] if before.said else []
        self._segments.append(Segment(received, said=said))

    def _take_scene(self, recorded: Recorded) -> None:
        """Begin a segment where a simulator put the robot into another scene."""
        scene = int(recorded.message.episode)
        if self._scene not in (None, scene):
            self._begin_segment(recorded.stamp_ns)
        self._scene = scene

    def _take_instruction(self, recorded: Recorded) -> None:
        """Note from when on an instruction is in force.

        A latched one may be older than the recording, or of a clock that was set back since:
        then it is in force from the moment at which it was recorded.
        """
        stamp, segment = stamp_of(recorded.message), self._segments[-1]
        now = segment.newest_joints
        if now is None or abs(stamp - now) > SECOND:
            stamp = 0 if now is None else now
        segment.said.append(Said(stamp, str(recorded.message.text).strip()))
