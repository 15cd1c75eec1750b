"""What really stands in a bag, and whether a dataset that was made of it says the same.

Written without the code that it judges: a plain reader, one message after the other, and for each
frame a look at every message of the bag.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from made_bags import ARM, CAMERAS, GRIPPER, JOINTS, ROBOT, TOLD, Entry, Maker
from mcap.records import Channel, Message, Schema
from mcap.stream_reader import StreamReader
from numpy.typing import NDArray
from PIL import Image
from written_datasets import SECOND, Written

ROUNDING_NS = 2000
LEVELS = 6.0
"""How far the mean of a picture may lie from that of the bag's JPEG [grey levels]."""


class Sample(NamedTuple):
    """A value at a time [ns]."""

    stamp: int
    value: Any


class Commanded(NamedTuple):
    """A command that a controller would follow."""

    received: int
    settled: int
    """When its last point is reached [ns]."""
    points: NDArray[np.float64]


@dataclass
class Truth:
    """Everything that can be read of a bag, by what it is of.

    Attributes:
        joints: Position of each joint [rad], in order of reception.
        pictures: Mean grey level of the images of each video key, likewise.
        commands: Of each output topic, likewise.
        texts: Instructions.
        delays: From stamp to reception of each joint state [ns].
    """

    joints: dict[str, list[Sample]] = field(default_factory=dict)
    pictures: dict[str, list[Sample]] = field(default_factory=dict)
    commands: dict[str, list[Commanded]] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    delays: list[int] = field(default_factory=list)

    def take(self, topic: str, received: int, message: Any) -> None:
        """Note what a message says, if it says anything that can be used."""
        if topic == JOINTS:
            self._take_joints(received, message)
        elif topic in CAMERAS.values():
            self._take_picture(topic, message)
        elif topic == ARM:
            self._take_trajectory(received, message)
        elif topic == GRIPPER:
            if len(message.data) == 1 and np.isfinite(message.data).all():
                self.commands.setdefault(topic, []).append(
                    Commanded(received, received, np.array([message.data])))
        elif topic == TOLD:
            self.texts.add(message.text.strip())

    @property
    def is_in_order(self) -> bool:
        """Whether every stamp is later than the one before, and near its reception."""
        streams = [*self.joints.values(), *self.pictures.values()]
        alike = len({len(each) for each in self.joints.values()}) == 1
        return alike and all(0 <= each < SECOND // 20 for each in self.delays) and all(
            one.stamp < other.stamp for stream in streams
            for one, other in pairwise(stream))

    def _take_joints(self, received: int, message: Any) -> None:
        names, positions = list(message.name), np.asarray(message.position)
        wanted = [name in ROBOT.joint_names for name in names]
        if len(names) != len(positions) or len(set(names)) != len(names):
            return
        if not np.isfinite(positions[wanted]).all() or _stamp(message) <= 0:
            return
        self.delays.append(received - _stamp(message))
        for name, position in zip(names, positions, strict=True):
            self.joints.setdefault(name, []).append(Sample(_stamp(message), position))

    def _take_picture(self, topic: str, message: Any) -> None:
        key = next(key for key, each in CAMERAS.items() if each == topic)
        try:
            with Image.open(io.BytesIO(bytes(message.data))) as picture:
                level = float(np.mean(picture.convert('RGB')))
        except Exception:  # no picture then; whatever the decoder says
            return
        if _stamp(message) > 0:
            self.pictures.setdefault(key, []).append(Sample(_stamp(message), level))

    def _take_trajectory(self, received: int, message: Any) -> None:
        names = list(message.joint_names)
        own = list(ROBOT.groups['single_arm'])
        points = [np.asarray(each.positions) for each in message.points]
        if sorted(names) != sorted(own) or not points:
            return
        if any(len(each) != len(own) or not np.isfinite(each).all() for each in points):
            return
        times = [_nanoseconds(each.time_from_start) for each in message.points]
        if any(later <= former for former, later in pairwise(times)):
            return
        start = _stamp(message) or received
        if _stamp(message) and start + times[-1] < received:
            return
        columns = [names.index(name) for name in own]
        self.commands.setdefault(ARM, []).append(
            Commanded(received, start + times[-1], np.array(points)[:, columns]))


def read_truth(maker: Maker, files: Iterable[Path], entries: Sequence[Entry] = ()) -> Truth:
    """Read files up to the first damage, and take some messages as they are."""
    truth = Truth()
    for each in entries:
        _take(truth, maker, each.topic, each.kind, each.stamp_ns, maker.serialize(each))
    for file in files:
        schemas: dict[int, Schema] = {}
        channels: dict[int, Channel] = {}
        found = []
        try:
            with file.open('rb') as stream:
                for record in StreamReader(stream, validate_crcs=True).records:
                    if isinstance(record, Schema):
                        schemas[record.id] = record
                    elif isinstance(record, Channel):
                        channels[record.id] = record
                    elif isinstance(record, Message):
                        channel = channels[record.channel_id]
                        found.append((record.log_time, channel.topic,
                                      schemas[channel.schema_id].name, record.data))
        except Exception:  # the first damage
            pass
        for received, topic, kind, content in sorted(found, key=lambda each: each[0]):
            _take(truth, maker, topic, kind, received, content)
    return truth


def judge(episodes: Iterable[Written], truth: Truth, fps: float, max_gap_s: float
          ) -> tuple[str, int]:
    """Compare the episodes of a dataset with the truth.

    Returns:
        What is wrong, empty if nothing is, and the number of frames.
    """
    frames = 0
    gap = round(max_gap_s * SECOND) + ROUNDING_NS
    for index, written in enumerate(episodes):
        stamps = [written.start + round(each * SECOND / fps)
                  for each in range(len(written.state))]
        frames += len(stamps)
        if wrong := (_judge_state(written, stamps, truth, gap)
                     or _judge_action(written, stamps, truth)
                     or _judge_pictures(written, stamps, truth, gap)
                     or _judge_texts(written, truth)):
            return f'episode {index}: {wrong}', frames
    return '', frames


def _judge_state(written: Written, stamps: Sequence[int], truth: Truth, gap: int) -> str:
    for column, name in enumerate(ROBOT.joint_names):
        for frame, stamp in enumerate(stamps):
            near = _near(truth.joints.get(name, []), stamp, gap, truth.is_in_order)
            value = written.state[frame, column]
            if value not in [np.float32(each) for each in near]:
                return f'{name} is {value} in frame {frame}, the bag says {near}'
    return ''


def _judge_action(written: Written, stamps: Sequence[int], truth: Truth) -> str:
    for topic, columns in ((ARM, range(5)), (GRIPPER, range(5, 6))):
        commands = truth.commands.get(topic, [])
        for frame, stamp in enumerate(stamps):
            before = [each for each in commands if each.received <= stamp + ROUNDING_NS]
            if not truth.is_in_order:
                before = commands
            elif before and before[-1].received < stamp - ROUNDING_NS \
                    and before[-1].settled < stamp - ROUNDING_NS:
                before = before[-1:]
            if not before:
                return f'frame {frame} has a command of {topic}, the bag has none before it'
            possible = np.concatenate([each.points for each in before])
            possible = possible[-1:] if len(before) == 1 and truth.is_in_order else possible
            for place, column in enumerate(columns):
                values = [*possible[:, place], *(
                    [each.value for each in truth.joints[ROBOT.joint_names[column]]]
                    if len(possible) > 1 else [])]
                value = written.action[frame, column]
                if not np.float32(min(values)) - 1e-6 <= value <= np.float32(max(values)) + 1e-6:
                    return (f'the target of {ROBOT.joint_names[column]} is {value} in frame '
                            f'{frame}, the bag says {min(values)} to {max(values)}')
    return ''


def _judge_pictures(written: Written, stamps: Sequence[int], truth: Truth, gap: int) -> str:
    for key, levels in written.levels.items():
        if len(levels) != len(stamps):
            return f'{key} has {len(levels)} pictures for {len(stamps)} frames'
        for frame, (level, stamp) in enumerate(zip(levels, stamps, strict=True)):
            near = _near(truth.pictures.get(key, []), stamp, gap, truth.is_in_order)
            if not any(abs(level - each) <= LEVELS for each in near):
                return f'{key} has level {level:.1f} in frame {frame}, the bag says {near}'
    return ''


def _judge_texts(written: Written, truth: Truth) -> str:
    strange = written.texts - truth.texts
    return (f'the instruction {strange} is not in the bag'
            if strange or '' in written.texts else '')


def _near(samples: Sequence[Sample], stamp: int, gap: int, nearest_only: bool) -> list[Any]:
    """Return the values within a gap of a time, or only those that are nearest."""
    near = [each for each in samples if abs(each.stamp - stamp) <= gap]
    if nearest_only and near:
        best = min(abs(each.stamp - stamp) for each in near)
        near = [each for each in near if abs(each.stamp - stamp) <= best + ROUNDING_NS]
    return [each.value for each in near]


def _take(truth: Truth, maker: Maker, topic: str, kind: str, received: int, content: bytes
          ) -> None:
    try:
        message = maker.types.store.deserialize_cdr(content, kind)
        truth.take(topic, received, message)
    except Exception:  # it cannot be read, or is of another type: it says nothing
        return


def _nanoseconds(time: Any) -> int:
    return int(time.sec) * SECOND + int(time.nanosec)


def _stamp(message: Any) -> int:
    return _nanoseconds(message.header.stamp)
