"""Demonstration episodes on disk, one .npz file each."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

KEYPOINTS = ('target_block', 'destination', 'grasp_point', 'yellow_bin', 'purple_bin')
"""What `Demonstration.keypoints` locates, in order."""


class DemonstrationError(ValueError):
    """An episode file that can't be read."""


@dataclass(frozen=True, slots=True)
class Recording:
    """How the images of a folder of demonstrations were made.

    Attributes:
        crop: x, y, width, height of the part of the camera image, as fractions.
        image_size: Width and height [px].
    """

    FILE: ClassVar[str] = 'recording.json'

    crop: tuple[float, float, float, float]
    image_size: tuple[int, int]

    def to_dict(self) -> dict[str, list[float]]:
        """Return what the recording file holds."""
        return {'crop': list(self.crop), 'image_size': list(self.image_size)}

    @classmethod
    def from_folder(cls, folder: Path) -> Recording:
        """Read the recording file of a folder of demonstrations.

        Raises:
            DemonstrationError: If there is none.
        """
        path = folder / cls.FILE
        if not path.is_file():
            raise DemonstrationError(f'{path}: no such file; give the folder that '
                                     '`ros2 run groot_ros generate_demonstrations` wrote')
        values = json.loads(path.read_text())
        return cls(tuple(values['crop']), tuple(values['image_size']))


@dataclass(frozen=True, slots=True)
class Demonstration:
    """One episode of the expert, seen as the policy will see it.

    Attributes:
        task: 'touch', 'push' or 'place'.
        target_block: Colour of the block meant.
        destination: Side (push), colour of the bin (place) or ''.
        seed: What the scenario was drawn from.
        images: Policy images, RGB, shape (images, height, width, 3), 10 Hz.
        image_tick: Control tick (120 Hz) of each image, shape (images,).
        state: Measured joint positions [rad], shape (states, joints), 20 Hz.
        command: Joint targets of the expert at the same ticks [rad], shape of `state`.
        valid: False while the arm was disturbed: such commands teach nothing, shape (states,).
        keypoints: x, y in [-1, 1] of the policy image and visibility, shape
            (images, len(KEYPOINTS), 3).
    """

    task: str
    target_block: str
    destination: str
    seed: int
    images: NDArray[np.uint8]
    image_tick: NDArray[np.int64]
    state: NDArray[np.float32]
    command: NDArray[np.float32]
    valid: NDArray[np.bool_]
    keypoints: NDArray[np.float32]


def write_episode(path: Path, demonstration: Demonstration) -> None:
    """Write an episode; an interrupted write leaves no file of that name."""
    partial = path.with_suffix('.partial')
    with partial.open('wb') as file:
        np.savez(file, **asdict(demonstration))
    os.replace(partial, path)


def read_episode(path: Path) -> Demonstration:
    """Read an episode.

    Raises:
        DemonstrationError: If the file is no episode of this version.
    """
    with np.load(path) as stored:
        missing = [field.name for field in fields(Demonstration) if field.name not in stored]
        if missing:
            raise DemonstrationError(f'{path}: no {missing[0]!r}; it is not an episode of this '
                                     'version: generate the demonstrations again')
        arrays = {field.name: stored[field.name] for field in fields(Demonstration)}
    for name in ('task', 'target_block', 'destination'):
        arrays[name] = str(arrays[name])
    return Demonstration(**{**arrays, 'seed': int(arrays['seed'])})
