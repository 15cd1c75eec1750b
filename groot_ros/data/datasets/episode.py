"""An episode: what a robot saw, measured and was commanded while it followed one instruction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.rows_on_disk import walk

Pictures = Callable[[], Iterator[NDArray[np.uint8]]]
"""Makes a fresh iterator over RGB images of shape (height, width, 3), one per frame."""
STAMP_TOLERANCE = 1e-5
"""Stamps of frames may be this far off their grid [s]: seconds since 1970 are rounded."""


@dataclass(frozen=True)
class Layout:
    """What all episodes of a dataset have in common.

    Attributes:
        robot: Tag of the embodiment.
        fps: Frames per second.
        state: Joint names of each group of the proprioception, in the model's order.
        action: Joint names of each group of the action, in the model's order.
        cameras: Width and height [px] of the pictures of each video key.
    """

    robot: str
    fps: float
    state: Mapping[str, tuple[str, ...]]
    action: Mapping[str, tuple[str, ...]]
    cameras: Mapping[str, tuple[int, int]]

    @property
    def plain_fps(self) -> int | float:
        """Frames per second as info.json has it: an integer where it is whole."""
        return int(self.fps) if self.fps == int(self.fps) else self.fps

    @cached_property
    def state_names(self) -> tuple[str, ...]:
        """Joints of the state, one per column."""
        return tuple(name for names in self.state.values() for name in names)

    @cached_property
    def action_names(self) -> tuple[str, ...]:
        """Joints of the action, one per column."""
        return tuple(name for names in self.action.values() for name in names)

    @cached_property
    def state_columns(self) -> dict[str, slice]:
        """Columns of each group of the state."""
        return _columns(self.state)

    @cached_property
    def action_columns(self) -> dict[str, slice]:
        """Columns of each group of the action."""
        return _columns(self.action)

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold of it."""
        return {
            'robot': self.robot, 'fps': self.fps,
            'state': {group: list(names) for group, names in self.state.items()},
            'action': {group: list(names) for group, names in self.action.items()},
            'cameras': {key: list(size) for key, size in self.cameras.items()}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the layout that `to_dict` told of."""
        return cls(
            values['robot'], float(values['fps']),
            {group: tuple(names) for group, names in values['state'].items()},
            {group: tuple(names) for group, names in values['action'].items()},
            {key: (size[0], size[1]) for key, size in values['cameras'].items()})


class SubGoal(NamedTuple):
    """One step of an instruction.

    Attributes:
        start_s: When it begins, from the first frame on [s].
        end_s: When it is reached, from the first frame on [s].
        text: What is to be done.
    """

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """Language of an episode.

    Attributes:
        instruction: What the robot was told.
        sub_goals: Its steps, in order of time.
        tags: Words to find the episode by.
    """

    instruction: str
    sub_goals: tuple[SubGoal, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode; its pictures are made one at a time.

    Numbers out of a bag lie in a file (`rows_on_disk`): take them in blocks where all are needed.

    Attributes:
        layout: Of the dataset.
        stamps: Time of each frame, spaced by 1 / fps [s], shape (frames,).
        state: Measured positions [rad], columns as `layout.state_names`, shape (frames, S).
        action: Joint targets in force from each frame on [rad], columns as
            `layout.action_names`, shape (frames, A).
        images: Pictures of each video key, one per frame.
        annotation: What the robot was told.
        provenance: Where it comes from, by name; see `provenance`.

    Raises:
        DatasetError: If the arrays do not fit the layout or each other.
    """

    layout: Layout
    stamps: NDArray[np.float64]
    state: NDArray[np.float32]
    action: NDArray[np.float32]
    images: Mapping[str, Pictures]
    annotation: Annotation
    provenance: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse what would be a wrong dataset."""
        frames = len(self.stamps)
        if frames == 0:
            raise DatasetError('an episode must have frames, got none')
        for name, width in (('state', len(self.layout.state_names)),
                            ('action', len(self.layout.action_names))):
            values: NDArray[np.float32] = getattr(self, name)
            if values.shape != (frames, width):
                raise DatasetError(f'{name} must have shape ({frames}, {width}), one row per '
                                   f'frame and one column per joint, got {values.shape}')
            if not all(np.isfinite(values[rows]).all() for rows in walk(values)):
                raise DatasetError(f'{name} must be finite, got NaN or infinity')
        if set(self.images) != set(self.layout.cameras):
            raise DatasetError(f'images must be of {sorted(self.layout.cameras)}, '
                               f'got {sorted(self.images)}')
        grid = self.stamps[0] + np.arange(frames) / self.layout.fps
        if np.abs(self.stamps - grid).max() > STAMP_TOLERANCE:
            raise DatasetError(f'stamps must be spaced by {1.0 / self.layout.fps:.6f} s')

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.stamps)


def _columns(groups: Mapping[str, tuple[str, ...]]) -> dict[str, slice]:
    ends = np.cumsum([len(names) for names in groups.values()])
    return {group: slice(int(end) - len(names), int(end))
            for (group, names), end in zip(groups.items(), ends, strict=True)}
