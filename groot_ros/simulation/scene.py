"""The table, the blocks, the bins and the cameras around the robot."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from groot_ros.simulation.robot import load_robot
from groot_ros.simulation.scenario import BIN_SIZE, BINS, BLOCK_SIZE, COLOURS, TABLE_HEIGHT

HEAD_CAMERA = 'head'
FRONT_CAMERA = 'front'
IMAGE_SIZES = {HEAD_CAMERA: (320, 240), FRONT_CAMERA: (640, 480)}
"""Width and height of each camera's image [px]."""

HEAD_CAMERA_POSITION = (0.088, 0.0, 0.42)
HEAD_CAMERA_PITCH = np.deg2rad(52.0)
HEAD_CAMERA_FOVY = 95.0

_TABLE_CENTRE = (0.46, -0.1)
_TABLE_HALF = (0.27, 0.62, 0.018)
_BOX = mujoco.mjtGeom.mjGEOM_BOX
# The robot is type 1 and meets type 2 only; the scene meets the robot and itself.
_SCENE = {'contype': 2, 'conaffinity': 3, 'condim': 4}
_VISUAL = {'contype': 0, 'conaffinity': 0}
# Table and bins decide the friction of what stands on them (priority): low enough that a
# block pushed at half its height slides and does not tip.
_SURFACE = _SCENE | {'priority': 1, 'friction': [0.4, 0.005, 0.0001]}


def block_body(colour: str) -> str:
    """Return the name of the block's body (and geom)."""
    return f'{colour}_block'


def bin_body(colour: str) -> str:
    """Return the name of the bin's body."""
    return f'{colour}_bin'


def build_model() -> mujoco.MjModel:
    """Return the compiled scene with all three blocks and both bins."""
    spec = load_robot()
    _set_options(spec)
    _add_room(spec)
    for colour in BINS:
        _add_bin(spec, colour)
    for colour in COLOURS:
        _add_block(spec, colour)
    _add_cameras(spec)
    return spec.compile()


def _set_options(spec: mujoco.MjSpec) -> None:
    spec.option.timestep = 0.002
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0
    quality = spec.visual.quality
    quality.shadowsize = 0
    quality.offsamples = 0
    spec.visual.map.znear = 0.005
    global_ = getattr(spec.visual, 'global')
    global_.offwidth = max(width for width, _ in IMAGE_SIZES.values())
    global_.offheight = max(height for _, height in IMAGE_SIZES.values())


def _add_room(spec: mujoco.MjSpec) -> None:
    world = spec.worldbody
    spec.add_texture(name='sky', type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, width=16, height=96,
                     builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
                     rgb1=[0.75, 0.79, 0.83], rgb2=[0.5, 0.54, 0.58])
    world.add_light(name='lamp', type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
                    pos=[0, 0, 3], dir=[0, 0, -1], castshadow=False)
    world.add_geom(name='floor', type=mujoco.mjtGeom.mjGEOM_PLANE, size=[30, 30, 1],
                   rgba=[0.42, 0.45, 0.48, 1], **_VISUAL)
    x, y = _TABLE_CENTRE
    half_x, half_y, half_z = _TABLE_HALF
    world.add_geom(name='table', type=_BOX, size=_TABLE_HALF,
                   pos=[x, y, TABLE_HEIGHT - half_z], rgba=[0.7, 0.65, 0.6, 1], **_SURFACE)
    leg = (TABLE_HEIGHT - 2 * half_z) / 2
    for side_x in (-1, 1):
        for side_y in (-1, 1):
            world.add_geom(
                type=_BOX, size=[0.02, 0.02, leg], rgba=[0.25, 0.25, 0.27, 1],
                pos=[x + side_x * (half_x - 0.04), y + side_y * (half_y - 0.04), leg], **_VISUAL)


def _add_bin(spec: mujoco.MjSpec, colour: str) -> None:
    body = spec.worldbody.add_body(name=bin_body(colour), pos=[0.36, 0, TABLE_HEIGHT])
    half_x, half_y, half_z = (size / 2 for size in BIN_SIZE)
    wall = 0.004
    body.add_geom(type=_BOX, size=[half_x, half_y, wall / 2], pos=[0, 0, wall / 2], **_SURFACE)
    for side in (-1, 1):
        body.add_geom(type=_BOX, size=[wall, half_y, half_z],
                      pos=[side * (half_x - wall), 0, half_z], **_SURFACE)
        body.add_geom(type=_BOX, size=[half_x, wall, half_z],
                      pos=[0, side * (half_y - wall), half_z], **_SURFACE)


def _add_block(spec: mujoco.MjSpec, colour: str) -> None:
    name = block_body(colour)
    body = spec.worldbody.add_body(name=name, pos=[0.3, 0, TABLE_HEIGHT + BLOCK_SIZE[2] / 2])
    body.add_freejoint(name=name)
    body.add_geom(name=name, type=_BOX, size=[size / 2 for size in BLOCK_SIZE], mass=0.05,
                  friction=[1.2, 0.01, 0.001], **_SCENE)


def _add_cameras(spec: mujoco.MjSpec) -> None:
    sine, cosine = np.sin(HEAD_CAMERA_PITCH), np.cos(HEAD_CAMERA_PITCH)
    spec.body('torso_link').add_camera(
        name=HEAD_CAMERA, pos=HEAD_CAMERA_POSITION, fovy=HEAD_CAMERA_FOVY,
        quat=_quaternion((0, -1, 0), (sine, 0, cosine)))
    position = np.array((1.5, -0.55, 1.35))
    forward = np.array((0.16, -0.1, 0.84)) - position
    right = np.cross(forward, (0, 0, 1))
    spec.worldbody.add_camera(name=FRONT_CAMERA, pos=position, fovy=45,
                              quat=_quaternion(right, np.cross(right, forward)))


def _quaternion(right: ArrayLike, up: ArrayLike) -> NDArray[np.float64]:
    """Return the rotation w, x, y, z of a camera whose image axes are `right` and `up`."""
    axes = np.array([np.asarray(axis) / np.linalg.norm(axis) for axis in (right, up)])
    rotation = np.column_stack([*axes, np.cross(*axes)])
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, rotation.ravel())
    return quaternion
