"""What a URDF shows of a robot: meshes and simple bodies, each on a link."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from groot_ros.visualization.link_poses import VisualizationError

Array = NDArray[np.float64]
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """One visual of a link.

    Attributes:
        link: That carries it.
        kind: 'mesh', 'box', 'cylinder' or 'sphere'.
        mesh: Address of the mesh, such as package://robot/hand.stl; empty for other kinds.
        size: Scale of a mesh, or edge lengths of the bounding box [m], (3,).
        position: In the link [m], (3,).
        quaternion: w, x, y, z in the link.
    """

    link: str
    kind: str
    mesh: str
    size: Triple
    position: Triple
    quaternion: tuple[float, ...]

    def at(self, position: Array, quaternion: Array) -> tuple[Array, Array]:
        """Return its position [m] and quaternion w, x, y, z where its link has this pose."""
        place, turn = np.empty(3), np.empty(4)
        mujoco.mju_rotVecQuat(place, np.array(self.position), quaternion)
        mujoco.mju_mulQuat(turn, quaternion, np.array(self.quaternion))
        return position + place, turn


def read_shapes(urdf: str) -> list[Shape]:
    """Return the visuals of a URDF, link by link.

    Raises:
        VisualizationError: If one has something else where numbers were expected.
    """
    return [
        _shape(link.get('name', ''), visual)
        for link in ElementTree.fromstring(urdf).findall('link')
        for visual in link.findall('visual') if visual.find('geometry/*') is not None]


def _shape(link: str, visual: ElementTree.Element) -> Shape:
    origin, body = visual.find('origin'), visual.find('geometry/*')
    assert body is not None
    try:
        place = _numbers(origin, 'xyz', (0.0, 0.0, 0.0))
        angles = _numbers(origin, 'rpy', (0.0, 0.0, 0.0))
        size = _size(body)
    except ValueError as error:
        raise VisualizationError(f"robot_description: visual of link '{link}': {error}") from None
    turn = np.empty(4)
    mujoco.mju_euler2Quat(turn, np.array(angles), 'XYZ')  # URDF: about the fixed axes
    return Shape(link, body.tag, body.get('filename', ''), size, place, tuple(turn))


def _size(body: ElementTree.Element) -> Triple:
    if body.tag == 'mesh':
        return _numbers(body, 'scale', (1.0, 1.0, 1.0))
    if body.tag == 'box':
        return _numbers(body, 'size', (0.0, 0.0, 0.0))
    width = 2.0 * float(body.get('radius', 0.0))
    return width, width, float(body.get('length', width))


def _numbers(element: ElementTree.Element | None, name: str, default: Triple) -> Triple:
    """Return the three numbers of an attribute, `default` without it."""
    text = '' if element is None else element.get(name, '')
    if not text.strip():
        return default
    try:
        x, y, z = map(float, text.split())
    except ValueError:
        raise ValueError(f'{name} is {text!r}, three numbers were expected') from None
    return x, y, z
