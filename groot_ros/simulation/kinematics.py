"""Differential inverse kinematics of the right hand, with waist and arm."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from groot_ros.simulation.robot import JOINTS, RIGHT_ARM, WAIST
from groot_ros.simulation.scenario import HOME
from groot_ros.simulation.world import GRASP_POINT, HAND_LINK, TabletopWorld

Array = NDArray[np.float64]

CHAIN = WAIST + RIGHT_ARM
CHAIN_INDICES = np.array([JOINTS.index(name) for name in CHAIN])

_DAMPING = np.array([0.06, 0.3, 0.12] + [0.01] * 7) ** 2
"""Cost of moving each joint: the waist carries the camera, so it moves last."""
_POSTURE = np.array([0.012, 0.06, 0.025] + [0.004] * 7) ** 2
"""Cost of leaving home: makes the joints a function of the hand's pose, not of its path."""
_ANGLE_WEIGHT = 0.15
"""Metres that one radian of orientation error counts as."""
_MAX_STEP = 0.05


class HandKinematics:
    """Joint targets that bring the grasp point to a pose; it keeps its own joint state."""

    def __init__(self, world: TabletopWorld) -> None:
        self._model = world.model
        self._data = mujoco.MjData(self._model)
        self._qpos = np.array([self._model.joint(name).qposadr[0] for name in JOINTS])
        self._dofs = np.array([self._model.joint(name).dofadr[0] for name in CHAIN])
        self._hand = self._model.body(HAND_LINK).id
        self._limits = world.joint_limits[CHAIN_INDICES].T + np.array([[0.01], [-0.01]])
        self._jacobian = np.zeros((6, self._model.nv))

    def set_joints(self, joints: Array) -> None:
        """Start from `joints` [rad], shape (31,)."""
        self._data.qpos[self._qpos] = joints
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)

    @property
    def grasp_point(self) -> Array:
        """Position of the grasp point in the world [m], shape (3,)."""
        return self._data.xpos[self._hand] + self._rotation @ GRASP_POINT

    @property
    def rotation(self) -> Array:
        """Rotation of the hand to the world, shape (3, 3)."""
        return self._rotation.copy()

    @property
    def _rotation(self) -> Array:
        return self._data.xmat[self._hand].reshape(3, 3)

    def move(self, position: Array, rotation: Array) -> Array:
        """Step towards a pose of the grasp point; return the chain's joints [rad], (10,).

        Damped least squares on position and orientation, one Gauss-Newton step.
        """
        error = np.concatenate([position - self.grasp_point,
                                _ANGLE_WEIGHT * _turn(self._rotation, rotation)])
        jacobian = self._hand_jacobian()
        joints = self._data.qpos[self._qpos][CHAIN_INDICES]
        away = joints - HOME[CHAIN_INDICES]
        normal = jacobian.T @ jacobian + np.diag(_DAMPING + _POSTURE)
        step = np.linalg.solve(normal, jacobian.T @ error - _POSTURE * away)
        joints = np.clip(joints + np.clip(step, -_MAX_STEP, _MAX_STEP), *self._limits)
        self._data.qpos[self._qpos[CHAIN_INDICES]] = joints
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)
        return joints

    def _hand_jacobian(self) -> Array:
        mujoco.mj_jac(self._model, self._data, self._jacobian[:3], self._jacobian[3:],
                      self.grasp_point, self._hand)
        jacobian = self._jacobian[:, self._dofs].copy()
        jacobian[3:] *= _ANGLE_WEIGHT
        return jacobian


def tilted(pitch: float, roll: float) -> Array:
    """Return the rotation of a hand whose fingers point forward and `pitch` [rad] down.

    `roll` [rad] then turns it about the direction of its fingers.
    """
    sine, cosine = np.sin(pitch), np.cos(pitch)
    down = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    sine, cosine = np.sin(roll), np.cos(roll)
    return down @ np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])


def pitch_and_roll(rotation: Array) -> tuple[float, float]:
    """Invert `tilted`."""
    return (float(np.arcsin(np.clip(-rotation[2, 0], -1, 1))),
            float(np.arctan2(rotation[2, 1], rotation[2, 2])))


def _turn(start: Array, end: Array) -> Array:
    """Return the rotation vector [rad] in the world that turns `start` into `end`, (3,)."""
    quaternion, vector = np.zeros(4), np.zeros(3)
    mujoco.mju_mat2Quat(quaternion, (end @ start.T).ravel())
    mujoco.mju_quat2Vel(vector, quaternion, 1.0)
    return vector
