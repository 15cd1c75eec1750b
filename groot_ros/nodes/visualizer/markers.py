"""Plans, ghosts and words as markers, each in a namespace that RViz can switch off."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from geometry_msgs.msg import Point, Pose, Quaternion
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker

from groot_ros.visualization import LinkPoses, PlanParts, Shape

Array = NDArray[np.float64]
Colour = tuple[float, float, float]

EXECUTED, FROZEN, AHEAD = (0.45, 0.45, 0.45), (1.0, 0.55, 0.0), (0.1, 0.5, 1.0)
PREVIOUS, GHOST, WORDS = (0.75, 0.4, 0.9), (0.1, 0.85, 0.45), (1.0, 1.0, 1.0)
LINE_WIDTH_M = 0.01
PREVIOUS_WIDTH_M = 0.004
GHOST_ALPHA = 0.5
FADED = 0.15
"""Opacity of a line's far end."""
KINDS = {
    'mesh': Marker.MESH_RESOURCE, 'box': Marker.CUBE, 'cylinder': Marker.CYLINDER,
    'sphere': Marker.SPHERE}


class Scene:
    """Markers of one moment in one frame.

    Args:
        frame: That every position is given in.
        lifetime: After which RViz forgets what is not sent again [s].
    """

    def __init__(self, frame: str, lifetime: float) -> None:
        self.markers: list[Marker] = []
        self._frame = frame
        self._lifetime = lifetime

    def add_plan(self, hand: str, path: Array, parts: PlanParts) -> None:
        """Draw the way of a hand, (rows, 3) [m]: executed, frozen and still open."""
        for name, rows, colour in (
                ('executed', parts.executed, EXECUTED), ('frozen', parts.frozen, FROZEN)):
            self._line(f'{hand}_{name}', path[rows], colour, LINE_WIDTH_M)
        self._line(f'{hand}_ahead', path[parts.ahead], AHEAD, LINE_WIDTH_M, fading=True)

    def add_previous(self, hand: str, path: Array) -> None:
        """Draw the way that the chunk before meant, (rows, 3) [m]."""
        self._line(f'{hand}_previous', path, PREVIOUS, PREVIOUS_WIDTH_M, fading=True)

    def add_ghost(
        self, shapes: Iterable[Shape], links: LinkPoses, moved: Collection[str]
    ) -> None:
        """Draw links that will have moved, as the joints of `links` stand; take others away."""
        for number, shape in enumerate(shapes):
            if shape.kind not in KINDS:
                continue
            marker = self._marker('ghost', KINDS[shape.kind], GHOST, GHOST_ALPHA, number)
            if shape.link not in moved:
                marker.action = Marker.DELETE
                continue
            marker.pose = _pose(*shape.at(*links.pose(shape.link)))
            marker.scale.x, marker.scale.y, marker.scale.z = shape.size
            marker.mesh_resource = shape.mesh

    def add_words(self, text: str, place: Sequence[float], height: float) -> None:
        """Write a text at a place [m], letters of a height [m]."""
        marker = self._marker('words', Marker.TEXT_VIEW_FACING, WORDS, 1.0)
        marker.pose.position = _point(place)
        marker.scale.z = height
        marker.text = text

    def _line(
        self, name: str, path: Array, colour: Colour, width: float, *, fading: bool = False
    ) -> None:
        """Draw a line, or take one of that name away if there is no way to draw."""
        marker = self._marker(name, Marker.LINE_STRIP, colour, 1.0)
        if len(path) < 2:
            marker.action = Marker.DELETE
            return
        marker.scale.x = width
        marker.points = [_point(place) for place in path]
        if fading:
            marker.colors = [
                _colour(colour, alpha) for alpha in np.linspace(1.0, FADED, len(path))]

    def _marker(
        self, namespace: str, kind: int, colour: Colour, alpha: float, number: int = 0
    ) -> Marker:
        marker = Marker(ns=namespace, id=number, type=kind, action=Marker.ADD)
        marker.header.frame_id = self._frame
        marker.frame_locked = True  # no stamp: it moves with the robot
        marker.color = _colour(colour, alpha)
        marker.lifetime.sec = int(self._lifetime)
        marker.lifetime.nanosec = int(self._lifetime % 1.0 * 1e9)
        self.markers.append(marker)
        return marker


def _point(place: Sequence[float] | Array) -> Point:
    x, y, z = map(float, place)
    return Point(x=x, y=y, z=z)


def _pose(position: Array, quaternion: Array) -> Pose:
    w, x, y, z = map(float, quaternion)
    return Pose(position=_point(position), orientation=Quaternion(x=x, y=y, z=z, w=w))


def _colour(colour: Colour, alpha: float) -> ColorRGBA:
    red, green, blue = colour
    return ColorRGBA(r=red, g=green, b=blue, a=float(alpha))
