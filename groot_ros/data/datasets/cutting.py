"""Episodes are cut where anything is missing that a frame needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.bags import Bag
from groot_ros.data.datasets.annotations import Language, Told, within
from groot_ros.data.datasets.episode import Episode, Layout
from groot_ros.data.datasets.joint_states import Columns
from groot_ros.data.datasets.motion import Motion, MotionReader
from groot_ros.data.datasets.pictures import BagPictures
from groot_ros.data.datasets.provenance import bag_provenance, episode_provenance
from groot_ros.data.datasets.scanning import PassedOver, Scan, Segment, Stream
from groot_ros.data.datasets.stamps import SECOND
from groot_ros.data.datasets.synchronising import (
    Choice,
    Grid,
    Span,
    choose,
    holes,
    make_grid,
    runs,
    spans_without,
)
from groot_ros.data.datasets.topics import BagTopics
from groot_ros.embodiment import Embodiment

Key = TypeVar('Key')


@dataclass(frozen=True, slots=True)
class Cutting:
    """How episodes are cut out of a bag.

    Attributes:
        fps: Frames per second.
        match: 'nearest' or 'hold', see `synchronising.choose`.
        max_gap_s: How far from its frame a message may lie [s].
        min_episode_s: Shorter pieces are dropped [s].
        namespace: Of the robot in the bag; None finds out.
        language: Where the instructions are from.
        overrides: Provenance that was said by hand.
    """

    fps: float
    match: str = 'nearest'
    max_gap_s: float = 0.1
    min_episode_s: float = 1.0
    namespace: str | None = None
    language: Language = field(default_factory=Language)
    overrides: Mapping[str, str] = field(default_factory=dict)

    def describe(self) -> str:
        """Return what a reader of the dataset should know of it."""
        return (f'{self.match} message within {self.max_gap_s:g} s of each frame, '
                f'{self.fps:g} frames/s, at least {self.min_episode_s:g} s long')


class _Sources(NamedTuple):
    """The streams of a segment that frames are made of."""

    joints: Mapping[Columns, Stream]
    cameras: Mapping[str, Stream]


class Cutter:
    """Cuts the segments of one bag into episodes.

    Attributes:
        episodes: So far.
        skipped: What none was made of.

    Args:
        bag: Open.
        topics: Of the robot.
        embodiment: The robot.
        cutting: How to cut.
        scanned: What is in the bag; commands that no controller would follow are counted there.
        layout: Of the episodes.
    """

    def __init__(self, bag: Bag, topics: BagTopics, embodiment: Embodiment, cutting: Cutting,
                 scanned: Scan, layout: Layout) -> None:
        self._bag, self._topics, self._robot = bag, topics, embodiment
        self._cutting, self._scanned, self._layout = cutting, scanned, layout
        self._state = embodiment.indices(layout.state_names)
        self._motion_reader = MotionReader(bag, topics, embodiment, layout, scanned.passed_over)
        self._began = scanned.segments[0].start
        self._provenance = bag_provenance(
            bag.folder, bag.facts, embodiment.tag, cutting.overrides)
        self.episodes: list[Episode] = []
        self.skipped: list[Span] = []

    def cut(self, segment: Segment) -> None:
        """Add the episodes of a segment."""
        first = segment.first_stamp
        if first is None:
            return
        zero = first - (segment.start - self._began)
        sources = self._sources(segment, first, zero)
        if sources is None:
            return
        grid = self._grid(sources)
        self.skipped += holes(self._topics.joint_states, grid, zero)
        self._report_end(segment, grid, zero)
        if len(grid.numbers) == 0:
            return
        joints = self._choices(sources.joints, grid)
        cameras = self._choices(sources.cameras, grid)
        motion = self._motion_reader.read(segment, grid.stamps, joints)
        told = self._cutting.language.of(
            self._bag.folder.name, segment.said, self._bag.facts.get('task', ''), zero)
        labels = _labels(told, grid)
        usable = self._usable(grid, zero, motion, cameras, labels)
        for piece in runs(grid.numbers, np.where(usable, labels, -1)):
            self._add(piece, grid, zero, motion, sources, cameras, told[labels[piece.start]])

    def _sources(self, segment: Segment, first: int, zero: int) -> _Sources | None:
        """Return the streams of all that an episode needs; None if one is missing."""
        start, end = (first - zero) / SECOND, (_last_stamp(segment) - zero) / SECOND
        joints = _cover(segment.joints, self._state.tolist())
        if joints is None:
            told = {column for columns in segment.joints for column in columns}
            missing = [self._robot.joint_names[each] for each in self._state if each not in told]
            self.skipped.append(Span(self._topics.joint_states, start, end,
                                     f'no joint state of {", ".join(missing[:5])}'))
            return None
        cameras = {}
        for video_key, size in self._layout.cameras.items():
            sizes = segment.cameras.get(video_key, {})
            for other in sizes.keys() - {size}:
                self._scanned.passed_over[PassedOver(
                    self._topics.cameras[video_key],
                    f'the image has {other[0]} x {other[1]} pixels, most have '
                    f'{size[0]} x {size[1]}')] += len(sizes[other])
            if size not in sizes:
                self.skipped.append(Span(
                    self._topics.cameras[video_key], start, end, 'no image that can be used'))
                return None
            cameras[video_key] = sizes[size]
        return _Sources(joints, cameras)

    def _grid(self, sources: _Sources) -> Grid:
        longest = max(sources.joints.values(), key=len).stamps
        anchors = [stream.stamps for stream in sources.cameras.values()] or [longest]
        # The camera that begins first: what the others lack at the start is then reported.
        origin = min(int(stamps[0]) for stamps in anchors)
        return make_grid(longest, self._cutting.fps, self._cutting.max_gap_s, origin)

    def _report_end(self, segment: Segment, grid: Grid, zero: int) -> None:
        """Report when there were no joint states any more, but something else."""
        end = int(grid.stamps[-1]) + round(SECOND / grid.fps) if len(grid.numbers) else zero
        last = _last_stamp(segment)
        if last > end:
            self.skipped.append(Span(self._topics.joint_states, (end - zero) / SECOND,
                                     (last - zero) / SECOND, 'no message'))

    def _choices(self, streams: Mapping[Key, Stream], grid: Grid) -> dict[Key, Choice]:
        return {key: choose(stream.stamps, grid.stamps, self._cutting.match,
                            self._cutting.max_gap_s) for key, stream in streams.items()}

    def _usable(self, grid: Grid, zero: int, motion: Motion, cameras: Mapping[str, Choice],
                labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which frames have everything; report those that have not."""
        absent = f'no message within {self._cutting.max_gap_s:g} s'
        checks = [(self._topics.joint_states, absent, motion.is_measured)]
        checks += [(self._topics.cameras[key], absent, choice.near)
                   for key, choice in cameras.items()]
        checks += [(topic, 'no command yet', commanded)
                   for topic, commanded in motion.is_commanded.items()]
        checks.append((self._topics.instruction or 'instruction', 'no instruction', labels >= 0))
        for source, reason, usable in checks:
            self.skipped += spans_without(source, reason, grid, usable, zero)
        return np.logical_and.reduce([usable for _, _, usable in checks])

    def _add(self, piece: slice, grid: Grid, zero: int, motion: Motion, sources: _Sources,
             cameras: Mapping[str, Choice], told: Told) -> None:
        """Add one episode, or report that it is too short."""
        frames = grid.stamps[piece]
        start_s = (int(frames[0]) - zero) / SECOND
        length_s = len(frames) / self._cutting.fps
        if length_s < self._cutting.min_episode_s:
            self.skipped.append(Span(
                'episode', start_s, start_s + length_s,
                f'only {length_s:.2f} s long, episodes must have {self._cutting.min_episode_s:g} '
                's'))
            return
        annotation = within(told.annotation, start_s, start_s + length_s)
        self.episodes.append(Episode(
            self._layout, frames / SECOND, motion.state[piece], motion.action[piece],
            {key: self._pictures(key, sources.cameras[key], cameras[key].places[piece])
             for key in self._layout.cameras},
            annotation,
            self._provenance | episode_provenance(int(frames[0]), len(frames), annotation)
            | {'conversion': self._cutting.describe()}))

    def _pictures(self, video_key: str, stream: Stream, places: NDArray[np.intp]) -> BagPictures:
        return BagPictures(self._bag.folder, self._topics.cameras[video_key],
                           stream.stamps[places], stream.received[places])


def _labels(told: list[Told], grid: Grid) -> NDArray[np.int64]:
    """Return which instruction is in force at each frame, -1 where there is none."""
    labels = np.full(len(grid.numbers), -1)
    stamps = grid.stamps
    for label, each in enumerate(told):
        labels[(stamps >= each.start) & (stamps < each.end)] = label
    return labels


def _cover(streams: Mapping[Columns, Stream], wanted: list[int]) -> dict[Columns, Stream] | None:
    """Return the streams that together tell of all joints wanted, those with most first."""
    missing, chosen = set(wanted), {}
    for joints in sorted(streams, key=lambda each: (-len(streams[each]), each)):
        if missing.intersection(joints):
            chosen[joints] = streams[joints]
            missing.difference_update(joints)
    return None if missing else chosen


def _last_stamp(segment: Segment) -> int:
    streams = [*segment.joints.values(),
               *(each for sizes in segment.cameras.values() for each in sizes.values())]
    return max(stream.newest for stream in streams)
