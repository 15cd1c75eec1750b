"""Poses of a robot's links for joint positions, by the URDF that it describes itself with."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class VisualizationError(ValueError):
    """A robot description that nothing can be drawn of."""


class LinkPoses:
    """Forward kinematics in the frame of the root link; joints that are not told stay at zero.

    Args:
        urdf: Text of robot_description. Meshes and masses play no part.
        joint_names: Whose positions will be given, in this order.

    Raises:
        VisualizationError: If the text is no URDF, or has not these joints.
    """

    def __init__(self, urdf: str, joint_names: Sequence[str]) -> None:
        try:
            self._model = mujoco.MjModel.from_xml_string(_skeleton(urdf))
        except ValueError as error:
            raise VisualizationError(f'robot_description cannot be used: {error}') from None
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

    def path(self, rows: Array, link: str, point: Sequence[float]) -> Array:
        """Return where a point of a link [m] will be for rows of positions, (rows, 3)."""
        places = np.empty((len(rows), 3))
        for place, row in zip(places, rows, strict=True):
            self.set_joints(row)
            position, quaternion = self.pose(link)
            mujoco.mju_rotVecQuat(place, np.asarray(point, float), quaternion)
            place += position
        return places


def _skeleton(urdf: str) -> str:
    """Return links and joints alone; links get a mass, which MuJoCo wants of what moves."""
    try:
        root = ElementTree.fromstring(urdf)
    except ElementTree.ParseError as error:
        raise VisualizationError(f'robot_description is not XML: {error}') from None
    if root.tag != 'robot':
        raise VisualizationError(
            f'robot_description starts with <{root.tag}>: a URDF (<robot>) was expected')
    for link in root.findall('link'):
        for part in list(link):
            link.remove(part)
    for extension in root.findall('mujoco'):
        root.remove(extension)
    options = ElementTree.SubElement(root, 'mujoco')
    ElementTree.SubElement(
        options, 'compiler', fusestatic='false', boundmass='1', boundinertia='1')
    return ElementTree.tostring(root, encoding='unicode')
