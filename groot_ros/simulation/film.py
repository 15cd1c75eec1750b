"""Films of episodes: what happened, seen from the front, with the robot's own view and words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imageio
import mujoco
import numpy as np
from numpy.typing import NDArray

from groot_ros.simulation.robot import JOINTS
from groot_ros.simulation.scenario import Scenario
from groot_ros.simulation.scene import FRONT_CAMERA, block_body
from groot_ros.simulation.world import TabletopWorld
from groot_ros.visualization.overlay import MARGIN, WHITE, write_lines

Array = NDArray[np.float64]
Picture = NDArray[np.uint8]

INSET = 0.6
"""Size of the robot's own view in the film, relative to its image."""
LINE_WIDTH = 56


@dataclass(frozen=True, slots=True)
class Moment:
    """The state of the world at one time.

    Attributes:
        joints: Positions in the order of JOINTS [rad], shape (31,).
        blocks: Position [m] (3,) and quaternion w, x, y, z (4,) of each block, world frame.
        head_image: What the head camera saw last, RGB, shape (height, width, 3), or None.
        caption: What to write under the instruction.
    """

    joints: Array
    blocks: Mapping[str, tuple[Array, Array]]
    head_image: Picture | None
    caption: str


def film_episode(
    world: TabletopWorld, scenario: Scenario, instruction: str, moments: Iterable[Moment]
) -> Iterator[Picture]:
    """Yield one picture for each moment, RGB, shape (480, 640, 3)."""
    world.reset(scenario)
    for moment in moments:
        _show(world, moment)
        picture = world.render(FRONT_CAMERA).copy()
        if moment.head_image is not None:
            _inset(picture, moment.head_image)
        write_lines(picture, [*textwrap.wrap(f'"{instruction}"', LINE_WIDTH), moment.caption])
        yield picture


def write_video(path: Path, pictures: Iterable[Picture], rate: float) -> None:
    """Write pictures of equal size as H.264 at `rate` [Hz]."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer: Any = imageio.get_writer(path, fps=rate, codec='libx264', macro_block_size=16)
    with writer:
        for picture in pictures:
            writer.append_data(picture)


def _show(world: TabletopWorld, moment: Moment) -> None:
    """Put robot and blocks where they were; nothing is simulated."""
    for name, angle in zip(JOINTS, moment.joints, strict=True):
        world.data.joint(name).qpos[0] = angle
    for colour, (position, quaternion) in moment.blocks.items():
        pose = world.data.joint(block_body(colour)).qpos
        pose[:3], pose[3:] = position, quaternion
    mujoco.mj_forward(world.model, world.data)


def _inset(picture: Picture, image: Picture) -> None:
    """Draw the robot's own view into the lower right corner, framed."""
    small = cv2.resize(image, None, fx=INSET, fy=INSET, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    bottom, right = picture.shape[0] - MARGIN, picture.shape[1] - MARGIN
    corner = (right - width, bottom - height)
    picture[corner[1]:bottom, corner[0]:right] = small
    cv2.rectangle(picture, corner, (right, bottom), WHITE, 1)
