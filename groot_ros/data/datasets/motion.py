"""Numbers of the frames: what the joints measured, and what they were commanded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.bags import Bag, Recorded
from groot_ros.data.datasets.episode import Layout
from groot_ros.data.datasets.errors import UnusableMessageError
from groot_ros.data.datasets.joint_states import Columns, JointStateReader
from groot_ros.data.datasets.rows_on_disk import BLOCK, make_rows, release, walk
from groot_ros.data.datasets.scanning import PassedOver, Segment
from groot_ros.data.datasets.stamps import stamp_of
from groot_ros.data.datasets.synchronising import ROUNDING, Choice, Stamps
from groot_ros.data.datasets.targets import Positions, Targets
from groot_ros.data.datasets.topics import BagTopics
from groot_ros.embodiment import Embodiment


class Motion(NamedTuple):
    """Joints of the robot at each frame.

    Attributes:
        state: Measured [rad], shape (frames, joints of the state), of `rows_on_disk`.
        action: Targets in force at the frame [rad], shape (frames, joints of the action).
        is_measured: Whether all of the state is known, shape (frames,).
        is_commanded: Whether all targets of a topic are known, by topic, shape (frames,).
    """

    state: NDArray[np.float32]
    action: NDArray[np.float32]
    is_measured: NDArray[np.bool_]
    is_commanded: Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class MotionReader:
    """Reads what the chosen joint states of a bag say, and the targets in force.

    Commands without a stamp are timed by their reception; if that is of another clock than the
    stamps, by the newest joint state before them.

    Attributes:
        bag: Open.
        topics: Of the robot.
        embodiment: The robot.
        layout: Of the episodes.
        passed_over: Counts the commands that no controller would follow.
    """

    bag: Bag
    topics: BagTopics
    embodiment: Embodiment
    layout: Layout
    passed_over: Counter[PassedOver]

    def read(self, segment: Segment, frames: Stamps, choices: Mapping[Columns, Choice]) -> Motion:
        """Read a segment from its start to its end.

        Args:
            segment: Part of the bag.
            frames: Time of each frame, sorted [ns].
            choices: A joint state for each frame, by the joints that it tells of.
        """
        reading = _Reading(self, segment, frames, choices)
        shares_clock = segment.shares_clock
        for recorded in self.bag.messages(
                [self.topics.joint_states, *self.topics.outputs.values()],
                segment.start, segment.stop):
            try:
                reading.take(recorded, shares_clock)
            except UnusableMessageError as error:
                if recorded.topic != self.topics.joint_states:  # which the scan has counted
                    self.passed_over[PassedOver(recorded.topic, str(error))] += 1
        return reading.finish()


@dataclass
class _Wanted:
    """The joint states of one publisher that frames wait for, in order of time.

    Attributes:
        stamps: Of the messages.
        frames: That take one of them.
        edges: Where in `frames` those of each message begin, and the end of the last.
        joints: That the messages tell of, among those of the robot.
        columns: Where they stand in the state.
        next: Number of the message that is waited for.
    """

    stamps: Stamps
    frames: NDArray[np.intp]
    edges: NDArray[np.intp]
    joints: NDArray[np.intp]
    columns: NDArray[np.intp]
    next: int = 0

    def fill(self, stamp: int, measured: Positions, state: NDArray[np.float32]) -> None:
        """Write what was measured to the frames that take the message stamped so, if any do."""
        if self.next == len(self.stamps) or stamp != self.stamps[self.next]:
            return
        frames = self.frames[self.edges[self.next]:self.edges[self.next + 1]]
        state[np.ix_(frames, self.columns)] = measured[self.joints]
        self.next += 1


class _Reading:
    def __init__(self, reader: MotionReader, segment: Segment, frames: Stamps,
                 choices: Mapping[Columns, Choice]) -> None:
        robot, layout = reader.embodiment, reader.layout
        self._outputs = {topic: output for output, topic in reader.topics.outputs.items()}
        self._joints_of = {topic: robot.indices(output.joints)
                           for topic, output in self._outputs.items()}
        self._frames, self._action = frames, robot.indices(layout.action_names)
        self._motion = Motion(
            make_rows(len(frames), len(layout.state_names)),
            make_rows(len(frames), len(layout.action_names)), np.zeros(len(frames), bool),
            {topic: np.zeros(len(frames), bool) for topic in self._outputs})
        self._reader = JointStateReader(robot.joint_names)
        self._targets = Targets(robot, int(frames[0]))
        self._measured = np.full(len(robot.joints), np.nan)
        state = robot.indices(layout.state_names)
        self._wanted = {joints: _wanted(segment.joints[joints].stamps, choice, joints, state)
                        for joints, choice in choices.items()}
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

    def finish(self) -> Motion:
        """Return all frames, also those after the last command."""
        self._advance(np.iinfo(np.int64).max)
        for rows in walk(self._motion.state):
            self._motion.is_measured[rows] = np.isfinite(self._motion.state[rows]).all(axis=1)
        return self._motion

    def _advance(self, until: int) -> None:
        motion = self._motion
        while self._frame < len(self._frames) and self._frames[self._frame] < until:
            targets = self._targets.at(int(self._frames[self._frame])).astype(np.float32)
            motion.action[self._frame] = targets[self._action]
            for topic, joints in self._joints_of.items():
                motion.is_commanded[topic][self._frame] = np.isfinite(targets[joints]).all()
            self._frame += 1
            if self._frame % BLOCK == 0:
                release(motion.action)
                release(motion.state)

    def _take_joints(self, message: Any) -> None:
        columns, positions, joints = self._reader.read(message)
        self._measured[columns] = positions
        self._stamp = max(self._stamp, stamp_of(message))
        if joints in self._wanted:
            self._wanted[joints].fill(stamp_of(message), self._measured, self._motion.state)


def _wanted(stamps: Stamps, choice: Choice, joints: Columns, state: NDArray[np.intp]) -> _Wanted:
    frames = np.flatnonzero(choice.near)
    chosen, first = np.unique(choice.places[frames], return_index=True)
    columns = np.flatnonzero(np.isin(state, joints))
    return _Wanted(stamps[chosen], frames, np.append(first, len(frames)), state[columns], columns)
