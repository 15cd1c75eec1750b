"""The simulated robot at its table: reset, step, read, render."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from groot_ros.simulation.errors import SimulationError
from groot_ros.simulation.robot import JOINTS
from groot_ros.simulation.scenario import BLOCK_SIZE, COLOURS, TABLE_HEIGHT, Block, Scenario
from groot_ros.simulation.scene import (
    HEAD_CAMERA,
    IMAGE_SIZES,
    bin_body,
    block_body,
    build_model,
)

Array = NDArray[np.float64]

HAND_LINK = 'right_wrist_yaw_link'
GRASP_POINT = np.array([0.13, 0.0345, 0.0])
"""Where a block sits between thumb and fingers, in the frame of HAND_LINK [m]."""

_PARKED = np.array([0.0, 0.0, -3.0])


class TabletopWorld:
    """Physics (2 ms steps) and cameras of one scene; joint arrays are in the order of JOINTS."""

    def __init__(self) -> None:
        self.model = build_model()
        self.data = mujoco.MjData(self.model)
        joints = [self.model.joint(name) for name in JOINTS]
        self._qpos = np.array([joint.qposadr[0] for joint in joints])
        self._qvel = np.array([joint.dofadr[0] for joint in joints])
        self._actuators = np.array([self.model.actuator(name).id for name in JOINTS])
        self.joint_limits: Array = np.array([joint.range for joint in joints])
        self._camera = self.model.camera(HEAD_CAMERA)
        self._camera_position = self._camera.pos.copy()
        self._camera_quaternion = self._camera.quat.copy()
        self._block_geoms = {self.model.geom(block_body(colour)).id: colour for colour in COLOURS}
        self._robot_geoms = frozenset(np.flatnonzero(self.model.geom_contype == 1).tolist())
        self._hand = self.model.body(HAND_LINK).id
        self._renderers: dict[str, mujoco.Renderer] = {}
        self._scenario: Scenario | None = None

    def __enter__(self) -> Self:
        """Return self; `close` is called at the end."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Free the renderers."""
        self.close()

    def close(self) -> None:
        """Free the renderers."""
        for renderer in self._renderers.values():
            renderer.close()
        self._renderers.clear()

    @property
    def scenario(self) -> Scenario:
        """The scenario of the last reset."""
        if self._scenario is None:
            raise SimulationError('the world has no scenario yet: call reset first')
        return self._scenario

    def reset(self, scenario: Scenario) -> None:
        """Put robot, blocks, bins, light and camera where `scenario` says; time starts at 0."""
        self._scenario = scenario
        mujoco.mj_resetData(self.model, self.data)
        self._set_appearance(scenario)
        for item in scenario.bins:
            body = self.model.body(bin_body(item.colour))
            body.pos[:2] = item.position
            first = body.geomadr[0]
            self.model.geom_rgba[first:first + body.geomnum[0], :3] = item.rgb
        present = {block.colour: block for block in scenario.blocks}
        for colour in COLOURS:
            self._place_block(colour, present.get(colour))
        self.teleport(scenario.initial_joints)

    def teleport(self, joints: ArrayLike) -> None:
        """Put the robot at `joints` [rad], shape (31,), at rest, and command it to stay."""
        self.set_targets(joints)
        self.data.qpos[self._qpos] = self.targets
        self.data.qvel[self._qvel] = 0.0
        mujoco.mj_forward(self.model, self.data)

    def set_targets(self, targets: ArrayLike) -> None:
        """Command joint positions [rad], shape (31,); outside the limits they are clipped."""
        targets = np.asarray(targets, float)
        if targets.shape != (len(JOINTS),) or not np.isfinite(targets).all():
            raise SimulationError(
                f'targets must be {len(JOINTS)} finite numbers, got shape {targets.shape}')
        self.data.ctrl[self._actuators] = np.clip(targets, *self.joint_limits.T)

    def step(self, steps: int = 1) -> None:
        """Advance by `steps` of 2 ms."""
        mujoco.mj_step(self.model, self.data, steps)

    def render(self, camera: str) -> NDArray[np.uint8]:
        """Return the camera's image, RGB, shape (height, width, 3)."""
        if camera not in IMAGE_SIZES:
            raise SimulationError(f'no camera {camera!r}: there are {tuple(IMAGE_SIZES)}')
        if camera not in self._renderers:
            width, height = IMAGE_SIZES[camera]
            self._renderers[camera] = mujoco.Renderer(self.model, height, width)
        self._renderers[camera].update_scene(self.data, camera)
        return self._renderers[camera].render()

    @property
    def time(self) -> float:
        """Simulated time since the reset [s]."""
        return float(self.data.time)

    @property
    def joint_positions(self) -> Array:
        """Measured joint positions [rad], shape (31,)."""
        return self.data.qpos[self._qpos]

    @property
    def joint_velocities(self) -> Array:
        """Measured joint velocities [rad/s], shape (31,)."""
        return self.data.qvel[self._qvel]

    @property
    def targets(self) -> Array:
        """Commanded joint positions [rad], shape (31,)."""
        return self.data.ctrl[self._actuators]

    def block_pose(self, colour: str) -> tuple[Array, Array]:
        """Return the block's centre [m] (3,) and quaternion w, x, y, z (4,), world frame."""
        body = self.data.body(block_body(colour))
        return body.xpos.copy(), body.xquat.copy()

    def block_speed(self, colour: str) -> float:
        """Return how fast the block's centre moves [m/s]."""
        return float(np.linalg.norm(self.data.joint(block_body(colour)).qvel[:3]))

    def touched_blocks(self) -> frozenset[str]:
        """Return the colours of the blocks that the robot touches now."""
        touched = set()
        for first, second in self.data.contact.geom:
            for block, other in ((first, second), (second, first)):
                if block in self._block_geoms and int(other) in self._robot_geoms:
                    touched.add(self._block_geoms[block])
        return frozenset(touched)

    @property
    def grasp_point(self) -> Array:
        """The grasp point of the right hand in the world frame [m], shape (3,)."""
        rotation = self.data.xmat[self._hand].reshape(3, 3)
        return self.data.xpos[self._hand] + rotation @ GRASP_POINT

    def camera_pose(self, camera: str) -> tuple[Array, Array, float]:
        """Return position (3,) [m], rotation camera to world (3, 3) and vertical angle [rad].

        The camera looks along its -z axis; x is right and y up in the image.
        """
        view = self.data.camera(camera)
        fovy = np.deg2rad(self.model.camera(camera).fovy[0])
        return view.xpos.copy(), view.xmat.reshape(3, 3).copy(), float(fovy)

    def _place_block(self, colour: str, block: Block | None) -> None:
        name = block_body(colour)
        geom = self.model.geom(name)
        pose = self.data.joint(name).qpos
        contype, conaffinity = (2, 3) if block else (0, 0)
        geom.contype[0], geom.conaffinity[0] = contype, conaffinity
        # A block that is not in the scene floats, unseen, below the floor.
        self.model.body_gravcomp[self.model.body(name).id] = 0.0 if block else 1.0
        geom.rgba[3] = 1.0 if block else 0.0
        if block is None:
            pose[:3] = _PARKED - [0, 0, COLOURS.index(colour)]
            return
        geom.rgba[:3] = block.rgb
        pose[:3] = *block.position, TABLE_HEIGHT + BLOCK_SIZE[2] / 2
        pose[3:] = np.cos(block.yaw / 2), 0, 0, np.sin(block.yaw / 2)

    def _set_appearance(self, scenario: Scenario) -> None:
        look = scenario.appearance
        self.model.vis.headlight.ambient[:] = look.ambient
        self.model.vis.headlight.diffuse[:] = 0.25
        self.model.vis.headlight.specular[:] = 0.0
        lamp = self.model.light('lamp')
        lamp.diffuse[:] = look.diffuse
        lamp.specular[:] = 0.1
        lamp.dir[:] = np.array(look.light_direction) / np.linalg.norm(look.light_direction)
        self.model.geom('table').rgba[:3] = look.table_rgb
        self._camera.pos[:] = self._camera_position + look.camera_offset
        angle = np.linalg.norm(look.camera_tilt)
        turn = np.zeros(4)
        mujoco.mju_axisAngle2Quat(turn, np.array(look.camera_tilt) / max(angle, 1e-9), angle)
        turned = np.zeros(4)
        mujoco.mju_mulQuat(turned, self._camera_quaternion, turn)
        self._camera.quat[:] = turned
