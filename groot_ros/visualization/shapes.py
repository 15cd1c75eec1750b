"""What a URDF shows of a robot: meshes and simple bodies, each on a link."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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
    size: tuple[float, float, float]
    position: tuple[float, ...]
    quaternion: tuple[float, ...]

    def at(self, position: Array, quaternion: Array) -> tuple[Array, Array]:
        """Return its position [m] and quaternion w, x, y, z where its link has this pose."""
        place, turn = np.empty(3), np.empty(4)
        mujoco.mju_rotVecQuat(place, np.array(self.position), quaternion)
        mujoco.mju_mulQuat(turn, quaternion, np.array(self.quaternion))
        return position + place, turn


def read_shapes(urdf: str) -> list[Shape]:
    """Return the visuals of a URDF, link by link."""
    return [
        _shape(link.get('name', ''), visual)
        for link in ElementTree.fromstring(urdf).findall('link')
        for visual in link.findall('visual') if visual.find('geometry/*') is not None]


def _shape(link: str, visual: ElementTree.Element) -> Shape:
    origin, body = visual.find('origin'), visual.find('geometry/*')
    assert body is not None
    place = _numbers(origin.get('xyz') if origin is not None else None, (0.0, 0.0, 0.0))
    angles = _numbers(origin.get('rpy') if origin is not None else None, (0.0, 0.0, 0.0))
    turn = np.empty(4)
    mujoco.mju_euler2Quat(turn, np.array(angles), 'XYZ')  # URDF: about the fixed axes
    return Shape(link, body.tag, body.get('filename', ''), _size(body), place, tuple(turn))


def _size(body: ElementTree.Element) -> tuple[float, float, float]:
    if body.tag == 'mesh':
        return _triple(_numbers(body.get('scale'), (1.0, 1.0, 1.0)))
    if body.tag == 'box':
        return _triple(_numbers(body.get('size'), (0.0, 0.0, 0.0)))
    width = 2.0 * float(body.get('radius', 0.0))
    return width, width, float(body.get('length', width))


def _numbers(text: str | None, default: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(map(float, text.split())) if text else default


def _triple(values: tuple[float, ...]) -> tuple[float, float, float]:
    x, y, z = values
    return x, y, z
