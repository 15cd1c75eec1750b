"""From a bag to episodes: nothing is invented, what is left out is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groot_ros.data.bags import Bag
from groot_ros.data.datasets.cutting import Cutter, Cutting
from groot_ros.data.datasets.episode import Episode, Layout
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.scanning import PassedOver, Scan, scan
from groot_ros.data.datasets.synchronising import Span
from groot_ros.data.datasets.topics import find_topics
from groot_ros.embodiment import Embodiment

__all__ = ['Cutting', 'ReadBag', 'read_bag']


@dataclass(frozen=True, slots=True)
class ReadBag:
    """What came out of a bag.

    Attributes:
        layout: Of the episodes.
        episodes: In order of time; their pictures are read from the bag when asked for.
        skipped: What no episode was made of.
        passed_over: How many messages could not be used, by topic and reason.
    """

    layout: Layout
    episodes: tuple[Episode, ...]
    skipped: tuple[Span, ...]
    passed_over: Mapping[PassedOver, int]


def read_bag(folder: Path, embodiment: Embodiment, cutting: Cutting) -> ReadBag:
    """Cut a bag into episodes.

    Frames lie on a grid that begins with the first image. A frame with no message near enough
    of one source, with no command yet or no instruction belongs to no episode, and an episode
    never goes over such a frame, a change of the instruction, a clock that was set back or
    another scene of a simulator.

    Raises:
        BagError: If the bag is damaged.
        DatasetError: If it lacks a topic, or holds nothing that can be used.
    """
    with Bag(folder) as bag:
        topics = find_topics(folder, bag.topics, embodiment, cutting.namespace)
        scanned = scan(bag, topics, embodiment.joint_names)
        layout = _layout(folder, embodiment, cutting.fps, scanned)
        cutter = Cutter(bag, topics, embodiment, cutting, scanned, layout)
        for segment in scanned.segments:
            cutter.cut(segment)
    return ReadBag(layout, tuple(cutter.episodes), tuple(cutter.skipped), scanned.passed_over)


def _layout(folder: Path, embodiment: Embodiment, fps: float, scanned: Scan) -> Layout:
    return Layout(
        embodiment.tag, fps,
        {group: embodiment.groups[group] for group in embodiment.model.state},
        {group: embodiment.groups[group] for group in embodiment.model.action},
        {camera.video_key: _image_size(folder, camera.video_key, scanned)
         for camera in embodiment.cameras})


def _image_size(folder: Path, video_key: str, scanned: Scan) -> tuple[int, int]:
    """Return the size of most images of a camera."""
    sizes: Counter[tuple[int, int]] = Counter()
    for segment in scanned.segments:
        for size, stream in segment.cameras.get(video_key, {}).items():
            sizes[size] += len(stream)
    if not sizes:
        why = ', '.join(f'{each.reason} ({count})'
                        for each, count in scanned.passed_over.items()) or 'none came'
        raise DatasetError(f'{folder} holds no image of {video_key} that can be used: {why}')
    return sizes.most_common(1)[0][0]
