"""Episodes to evaluate on, from a bag or a dataset alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from groot_ros.data.bags import Bag
from groot_ros.data.datasets.episode import Episode, Layout
from groot_ros.embodiment import Embodiment, load_embodiment
from groot_ros.embodiment.loading import known_embodiments
from groot_ros.evaluation.open_loop.prediction import OpenLoopError

MAX_GAP_S = 0.2
"""A bag's picture or joint state this much older than its frame cuts the episode there [s]."""


class RecordedEpisodes(NamedTuple):
    """Episodes, read one at a time.

    Attributes:
        total: How many there are.
        skipped: What of a bag is in none of them, and why.
    """

    episodes: Iterator[Episode]
    total: int
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedData:
    """A bag or a dataset.

    Attributes:
        path: Its folder.
        is_dataset: Whether it is a dataset.
        robot: Embodiment that it says it is of, '' if it does not.
        fps: Frames per second; None for a bag, whose messages have their own times.
    """

    path: Path
    is_dataset: bool
    robot: str
    fps: float | None

    @classmethod
    def find(cls, path: Path) -> RecordedData:
        """Find out what a folder is.

        Raises:
            BagError: If it is neither a dataset nor a bag that can be read.
            DatasetError: If it is a dataset that cannot be read.
        """
        if (path / 'meta').is_dir():
            from groot_ros.data.datasets.reading import open_dataset
            layout = open_dataset(path).layout
            return cls(path, True, layout.robot, layout.fps)
        with Bag(path) as bag:
            return cls(path, False, bag.facts.get('embodiment', ''), None)

    def read(self, embodiment: str, fps: float) -> RecordedEpisodes:
        """Return the episodes; a bag is cut where something is missing for long.

        Args:
            embodiment: Tag of the robot, or path of its file; a dataset has its own layout.
            fps: Frames per second that a bag is cut into.

        Raises:
            BagError: If the bag cannot be read.
            DatasetError: If it is not of this robot.
            EmbodimentError: If the robot of a bag is unknown.
            OpenLoopError: If the dataset has the robot's joints in another order.
        """
        if self.is_dataset:
            from groot_ros.data.datasets.reading import open_dataset
            dataset = open_dataset(self.path)
            _check_order(dataset.layout, known_robot(embodiment))
            return RecordedEpisodes(map(dataset.episode, range(len(dataset))), len(dataset))
        from groot_ros.data.datasets.from_bag import Cutting, read_bag
        # A policy at work has only the past: no picture from after the frame.
        bag = read_bag(self.path, load_embodiment(embodiment),
                       Cutting(fps, match='hold', max_gap_s=MAX_GAP_S))
        return RecordedEpisodes(iter(bag.episodes), len(bag.episodes), tuple(
            f'{span.source}: {span.reason}, {span.start_s:.2f} to {span.end_s:.2f} s'
            for span in bag.skipped))

    def frame_rate(self, asked: float | None, action_period: float | None) -> float:
        """Return the frames per second to evaluate at.

        Raises:
            OpenLoopError: If it must be said for a bag and is not, or is said for a dataset.
        """
        if self.fps is not None:
            if asked not in (None, self.fps):
                raise OpenLoopError(f'{self.path} has {self.fps:g} frames per second: leave --fps '
                                    'away')
            return self.fps
        if asked is not None:
            return asked
        if action_period is None:
            raise OpenLoopError('the checkpoint does not say how much time passes from one action '
                                'to the next: give --fps, the rate of its training data')
        return 1.0 / action_period


def known_robot(name: str) -> Embodiment | None:
    """Return a robot by its tag or file; None for a name that may be a checkpoint's own tag.

    Raises:
        EmbodimentError: If its file is wrong.
    """
    is_file = name.endswith(('.yaml', '.yml'))
    return load_embodiment(name) if is_file or name in known_embodiments() else None


def _check_order(layout: Layout, robot: Embodiment | None) -> None:
    """Refuse joints in another order than the checkpoint's; other names cannot be compared."""
    if robot is None:
        return
    for group, joints in [*layout.state.items(), *layout.action.items()]:
        wanted = robot.groups.get(group, joints)
        if sorted(joints) == sorted(wanted) and tuple(joints) != tuple(wanted):
            raise OpenLoopError(f'group {group} is {", ".join(joints)} in the data and '
                                f'{", ".join(wanted)} in {robot.tag}: convert the bags again '
                                'with this embodiment')
