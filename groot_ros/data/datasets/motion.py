"""Numbers of the frames: what the joints measured, and what they were commanded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.bags import Bag, Recorded
from groot_ros.data.datasets.errors import UnusableMessageError
from groot_ros.data.datasets.joint_states import Columns, JointStateReader
from groot_ros.data.datasets.scanning import PassedOver, Segment
from groot_ros.data.datasets.stamps import stamp_of
from groot_ros.data.datasets.synchronising import ROUNDING, Choice, Stamps
from groot_ros.data.datasets.targets import Targets
from groot_ros.data.datasets.topics import BagTopics
from groot_ros.embodiment import Embodiment


class Motion(NamedTuple):
    """Joints of the robot at each frame.

    Attributes:
        positions: Measured [rad], NaN where not known, shape (frames, joints).
        targets: In force at the frame [rad], NaN before the first command, likewise.
    """

    positions: NDArray[np.float32]
    targets: NDArray[np.float32]


def read_motion(
        bag: Bag, topics: BagTopics, embodiment: Embodiment, segment: Segment, frames: Stamps,
        choices: Mapping[Columns, Choice], passed_over: Counter[PassedOver]) -> Motion:
    """Read what the chosen joint states say, and the targets in force.

    Commands without a stamp are timed by their reception; if that is of another clock than the
    stamps, by the newest joint state before them.

    Args:
        bag: Read from the start of the segment to its end.
        topics: Of the robot.
        embodiment: The robot.
        segment: Part of the bag.
        frames: Time of each frame, sorted [ns].
        choices: A joint state for each frame, by the joints that it tells of.
        passed_over: Counts the commands that no controller would follow.
    """
    shape = len(frames), len(embodiment.joints)
    motion = Motion(np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32))
    reading = _Reading(embodiment, topics, segment, frames, choices, motion)
    shares_clock = segment.shares_clock
    for recorded in bag.messages(
            [topics.joint_states, *topics.outputs.values()], segment.start, segment.stop):
        try:
            reading.take(recorded, shares_clock)
        except UnusableMessageError as error:
            if recorded.topic != topics.joint_states:  # which the scan has counted
                passed_over[PassedOver(recorded.topic, str(error))] += 1
    reading.finish()
    return motion


@dataclass
class _Wanted:
    """The joint states of one publisher that frames wait for, in order of time."""

    stamps: Stamps
    frames_of: list[NDArray[np.intp]]
    next: int = 0


class _Reading:
    def __init__(self, embodiment: Embodiment, topics: BagTopics, segment: Segment,
                 frames: Stamps, choices: Mapping[Columns, Choice], motion: Motion) -> None:
        self._outputs = {topic: output for output, topic in topics.outputs.items()}
        self._frames, self._motion = frames, motion
        self._reader = JointStateReader(embodiment.joint_names)
        self._targets = Targets(embodiment, int(frames[0]))
        self._measured = np.full(len(embodiment.joints), np.nan)
        self._wanted = {columns: _wanted(segment.joints[columns].stamps, choice)
                        for columns, choice in choices.items()}
        self._stamp = 0
        self._frame = 0

    def take(self, recorded: Recorded, shares_clock: bool) -> None:
        if recorded.topic in self._outputs:
            now = recorded.stamp_ns if shares_clock else self._stamp
            self._advance(now - ROUNDING)
            self._targets.take(
                self._outputs[recorded.topic], recorded.message, now, self._measured)
        else:
            self._take_joints(recorded.message)

    def finish(self) -> None:
        """Find the targets of the frames after the last command."""
        self._advance(np.iinfo(np.int64).max)

    def _advance(self, until: int) -> None:
        while self._frame < len(self._frames) and self._frames[self._frame] < until:
            self._motion.targets[self._frame] = self._targets.at(int(self._frames[self._frame]))
            self._frame += 1

    def _take_joints(self, message: Any) -> None:
        columns, positions, joints = self._reader.read(message)
        self._measured[columns] = positions
        self._stamp = max(self._stamp, stamp_of(message))
        wanted = self._wanted.get(joints)
        if (wanted is None or wanted.next == len(wanted.stamps)
                or stamp_of(message) != wanted.stamps[wanted.next]):
            return
        self._motion.positions[np.ix_(wanted.frames_of[wanted.next], columns)] = positions
        wanted.next += 1


def _wanted(stamps: Stamps, choice: Choice) -> _Wanted:
    frames = np.flatnonzero(choice.near)
    chosen, first = np.unique(choice.places[frames], return_index=True)
    return _Wanted(stamps[chosen], np.split(frames, first[1:]))
