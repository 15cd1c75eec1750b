"""Actions seen from the robot's own state, as N1.6 and N1.7 predict most of theirs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groot_ros.model.processor.rotations import absolute_pose, relative_pose

FloatArray = NDArray[np.float32]
# Numbers of an end effector pose: position [m], then the rotation.
POSE_SIZES = {'rotation_6d': 9, 'axis_angle': 6}


@dataclass(frozen=True, slots=True)
class Reference:
    """What a group of relative actions is relative to.

    Attributes:
        state_key: State group whose newest values are the reference.
        rotation: None for joints, whose difference is taken; for an end effector pose the
            representation of its rotation, 'rotation_6d' (two rows) or 'axis_angle'.
    """

    state_key: str
    rotation: str | None = None

    def to_relative(self, actions: FloatArray, state: FloatArray) -> FloatArray:
        """Return actions (..., horizon, dim) seen from `state` (..., dim)."""
        if self.rotation is None:
            return actions - state[..., None, :]
        return relative_pose(*_double(actions, state), self.rotation).astype(np.float32)

    def to_absolute(self, actions: FloatArray, state: FloatArray) -> FloatArray:
        """Invert `to_relative`."""
        if self.rotation is None:
            return actions + state[..., None, :]
        return absolute_pose(*_double(actions, state), self.rotation).astype(np.float32)


def _double(
        actions: FloatArray, state: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return actions.astype(np.float64), state[..., None, :].astype(np.float64)
