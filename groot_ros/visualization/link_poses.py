"""Poses of a robot's links for joint positions, by the URDF that it describes itself with."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from groot_ros.embodiment import EmbodimentError
from groot_ros.embodiment.skeleton import read_urdf, strip_to_skeleton

Array = NDArray[np.float64]

REACH_M = 0.1
"""Size of a link, by which a turn in place shows [m]."""


class VisualizationError(ValueError):
    """A robot description that nothing can be drawn of."""


class LinkPoses:
    """Forward kinematics in the frame of the root link; joints that are not told stay at zero.

    Attributes:
        root: Name of the root link.

    Args:
        urdf: Text of robot_description. Meshes and masses play no part.
        joint_names: Whose positions will be given, in this order.

    Raises:
        VisualizationError: If the text is no URDF, or has not these joints.
    """

    def __init__(self, urdf: str, joint_names: Sequence[str]) -> None:
        try:
            robot = read_urdf(urdf)
            self._model = mujoco.MjModel.from_xml_string(strip_to_skeleton(robot))
        except EmbodimentError as error:
            raise VisualizationError(str(error)) from None
        except ValueError as error:
            raise VisualizationError(f'robot_description cannot be used: {error}') from None
        self.root = _root_link(robot)
        known = {self._model.joint(index).name: index for index in range(self._model.njnt)}
        if missing := [name for name in joint_names if name not in known]:
            raise VisualizationError(f"joint '{missing[0]}' is not in robot_description")
        self._data = mujoco.MjData(self._model)
        self._places = self._model.jnt_qposadr[[known[name] for name in joint_names]]

    def set_joints(self, positions: Array) -> None:
        """Move the joints [rad], shape (joints,)."""
        self._data.qpos[self._places] = positions
        mujoco.mj_kinematics(self._model, self._data)

    def pose(self, link: str) -> tuple[Array, Array]:
        """Return position [m], (3,), and quaternion w, x, y, z of a link.

        Raises:
            VisualizationError: If there is no such link.
        """
        try:
            body = self._data.body(link)
        except KeyError:
            raise VisualizationError(f"link '{link}' is not in robot_description") from None
        return np.array(body.xpos), np.array(body.xquat)

    def moved(self, start: Array, end: Array, least: float) -> set[str]:
        """Return the links that move from `start` to `end` [rad], (joints,); stay at the end.

        Args:
            start: Positions before.
            end: Positions afterwards.
            least: How far a link's origin, or a point REACH_M from it, has to go [m].
        """
        self.set_joints(start)
        origins, turns = self._data.xpos.copy(), self._data.xmat.copy()
        self.set_joints(end)
        gone = np.linalg.norm(self._data.xpos - origins, axis=1)
        turned = REACH_M * np.abs(self._data.xmat - turns).max(axis=1)
        return {self._model.body(index).name
                for index in np.flatnonzero(np.maximum(gone, turned) > least)}

    def heights(self) -> tuple[float, float]:
        """Return the heights of the lowest and of the highest link's origin [m]."""
        heights = self._data.xpos[:, 2]
        return float(heights.min()), float(heights.max())

    def path(self, rows: Array, link: str, point: Sequence[float]) -> Array:
        """Return where a point of a link [m] will be for rows of positions, (rows, 3)."""
        places = np.empty((len(rows), 3))
        for place, row in zip(places, rows, strict=True):
            self.set_joints(row)
            position, quaternion = self.pose(link)
            mujoco.mju_rotVecQuat(place, np.asarray(point, float), quaternion)
            place += position
        return places


def _root_link(robot: ElementTree.Element) -> str:
    children = {child.get('link') for child in robot.findall('joint/child')}
    roots = [link.get('name', '') for link in robot.findall('link')
             if link.get('name') not in children]
    if len(roots) != 1:
        raise VisualizationError(
            f'robot_description has {len(roots)} links without a parent, {roots[:3]}: '
            'one was expected')
    return roots[0]
