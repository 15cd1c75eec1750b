"""Where the things that matter are in the policy's image: targets of the detection loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groot_ros.simulation.scenario import (
    BINS,
    BLOCK_SIZE,
    PUSH_DISTANCE,
    TABLE_HEIGHT,
    side_direction,
)
from groot_ros.simulation.scene import HEAD_CAMERA, IMAGE_SIZES
from groot_ros.simulation.world import TabletopWorld

Array = NDArray[np.float64]


def keypoints(world: TabletopWorld, crop: tuple[float, float, float, float]) -> \
        NDArray[np.float32]:
    """Locate the KEYPOINTS of a demonstration in the head camera's cropped image.

    Returns:
        x, y in [-1, 1] and visibility, shape (5, 3).
    """
    scenario = world.scenario
    block = world.block_pose(scenario.target_block)[0]
    bins = [np.array((*scenario.bin(name).position, TABLE_HEIGHT)) for name in BINS]
    points = np.stack([block, _destination(world), world.grasp_point, *bins])
    image = (project(world, points) - crop[:2]) / crop[2:] * 2 - 1
    visible = (np.abs(image) <= 1).all(axis=1, keepdims=True)
    return np.hstack([image, visible]).astype(np.float32)


def project(world: TabletopWorld, points: Array) -> Array:
    """Return where world points (n, 3) [m] are in the head image, as fractions, (n, 2)."""
    position, rotation, fovy = world.camera_pose(HEAD_CAMERA)
    x, y, z = ((points - position) @ rotation).T
    width, height = IMAGE_SIZES[HEAD_CAMERA]
    scale = 1 / (2 * np.tan(fovy / 2))
    return np.stack([0.5 + scale * height / width * x / -z, 0.5 - scale * y / -z], axis=1)


def _destination(world: TabletopWorld) -> Array:
    scenario = world.scenario
    if scenario.task == 'place':
        return np.array((*scenario.bin(scenario.destination).position, TABLE_HEIGHT))
    if scenario.task == 'push':
        x, y = scenario.block(scenario.target_block).position
        way = side_direction(scenario.destination) * PUSH_DISTANCE
        return np.array((x, y + way, TABLE_HEIGHT + BLOCK_SIZE[2] / 2))
    return world.block_pose(scenario.target_block)[0] + (0, 0, BLOCK_SIZE[2] / 2)
