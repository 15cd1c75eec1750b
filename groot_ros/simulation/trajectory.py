"""Minimum-jerk motion of the hand through waypoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MEAN_SPEED = 0.26
"""Of the grasp point along a segment [m/s]; the peak is 1.9 times that."""
MIN_DURATION = 0.45
"""Shortest segment [s]."""


@dataclass(frozen=True, slots=True)
class HandPose:
    """Where the hand is.

    Attributes:
        position: Grasp point in the world [m], (3,).
        pitch: Fingers below the horizontal [rad].
        roll: Turn about the fingers' direction [rad]: 0 palm to the left, -pi/2 palm down.
        opening: 1 open, 0 closed.
        twist: Thumb's first joint [rad].
    """

    position: Array
    pitch: float
    roll: float = 0.0
    opening: float = 1.0
    twist: float = 0.0

    def vector(self) -> Array:
        """Return all of it as (7,)."""
        return np.array([*self.position, self.pitch, self.roll, self.opening, self.twist])

    @classmethod
    def from_vector(cls, vector: Array) -> HandPose:
        """Return the pose that `vector` (7,) lists."""
        return cls(vector[:3], *map(float, vector[3:]))


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A pose to go to.

    Attributes:
        pose: The pose.
        overlap: How long before the previous segment ends this one starts [s].
        duration: Time for the segment [s]; from the distance if None.
    """

    pose: HandPose
    overlap: float = 0.0
    duration: float | None = None


class Trajectory:
    """Sum of minimum-jerk segments: smooth also where they overlap."""

    def __init__(self, start: HandPose, waypoints: Sequence[Waypoint]) -> None:
        self._start = start.vector()
        self._segments: list[tuple[float, float, Array]] = []
        vector, end = self._start, 0.0
        for waypoint in waypoints:
            change = waypoint.pose.vector() - vector
            duration = waypoint.duration or max(
                MIN_DURATION, float(np.linalg.norm(change[:3])) / MEAN_SPEED)
            begin = max(0.0, end - waypoint.overlap)
            self._segments.append((begin, duration, change))
            vector, end = vector + change, begin + duration
        self.duration = end
        """When the last waypoint is reached [s]."""

    def at(self, time: float) -> HandPose:
        """Return the pose at `time` [s] since the start."""
        vector = self._start.copy()
        for begin, duration, change in self._segments:
            vector += change * _minimum_jerk((time - begin) / duration)
        return HandPose.from_vector(vector)


def _minimum_jerk(phase: float) -> float:
    """Return the fraction of the way at `phase` (0..1): at rest at both ends.

    Source: Flash and Hogan, The coordination of arm movements (1985).
    """
    phase = min(max(phase, 0.0), 1.0)
    return phase**3 * (10 - 15 * phase + 6 * phase**2)
