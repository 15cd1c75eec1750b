"""Curves through joint targets, continuous in position and velocity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Knots nearer to each other than this are one [s].
SAME_TIME = 1e-6


class Motion(NamedTuple):
    """Where joints are and how they move.

    Attributes:
        positions: [rad], shape (action_dim,) or (times, action_dim).
        velocities: [rad/s], same shape.
    """

    positions: Array
    velocities: Array


@dataclass(frozen=True, slots=True)
class Curve:
    """A cubic Hermite curve: it passes each knot with the knot's slope.

    Before its first knot it is a straight line along the first slope, after its last one at rest.

    Attributes:
        times: Ascending [s], shape (knots,).
        values: [rad], shape (knots, action_dim).
        slopes: [rad/s], shape (knots, action_dim).
    """

    times: Array
    values: Array
    slopes: Array

    @property
    def end(self) -> float:
        """Time of the last knot [s]."""
        return float(self.times[-1])

    def at(self, time: float) -> Motion:
        """Return the motion at `time` [s], shapes (action_dim,)."""
        motion = self.at_times(np.array([time]))
        return Motion(motion.positions[0], motion.velocities[0])

    def at_times(self, times: Array) -> Motion:
        """Return the motion at several times [s], shapes (times, action_dim)."""
        last = len(self.times) - 1
        left = np.clip(np.searchsorted(self.times, times, side='right') - 1, 0, max(last - 1, 0))
        right = np.minimum(left + 1, last)
        span = np.maximum(self.times[right] - self.times[left], SAME_TIME)[:, None]
        s = np.clip((times - self.times[left])[:, None] / span, 0.0, 1.0)
        start, end = self.values[left], self.values[right]
        leaving, arriving = span * self.slopes[left], span * self.slopes[right]
        positions = (
            (1.0 + 2.0 * s) * (1.0 - s) ** 2 * start + s * (1.0 - s) ** 2 * leaving
            + s**2 * (3.0 - 2.0 * s) * end + s**2 * (s - 1.0) * arriving)
        velocities = (
            6.0 * s * (1.0 - s) * (end - start) + (1.0 - s) * (1.0 - 3.0 * s) * leaving
            + s * (3.0 * s - 2.0) * arriving) / span
        early = np.minimum(times - self.times[0], 0.0)[:, None]
        velocities[times > self.end] = 0.0
        return Motion(positions + early * self.slopes[0], velocities)


def curve_through(times: Array, values: Array) -> Curve:
    """Return the curve through knots with Catmull-Rom slopes, at rest at its end.

    Args:
        times: Ascending [s], shape (knots,).
        values: [rad], shape (knots, action_dim).
    """
    slopes = np.zeros_like(values)
    slopes[1:-1] = (values[2:] - values[:-2]) / (times[2:] - times[:-2])[:, None]
    if len(values) > 1:
        slopes[0] = (values[1] - values[0]) / (times[1] - times[0])
    return Curve(times, values, slopes)


def lead_into(curve: Curve, now: float, motion: Motion, duration: float) -> Curve:
    """Return a curve that starts with a motion at `now` and turns into another curve.

    What separates the two at `now`, in position and in velocity, is added to the curve and fades
    to nothing along a cubic. A motion that is already on the curve stays on it.

    Args:
        curve: To end up on.
        now: Time of `motion` [s], before the end of the curve.
        motion: To start with, shapes (action_dim,).
        duration: How long it takes [s]; less where the curve ends sooner.
    """
    met = min(now + duration, curve.end)
    apart = np.minimum(np.abs(curve.times - now), np.abs(curve.times - met)) > SAME_TIME
    times: Array = np.sort(np.concatenate(
        ([now, met], curve.times[(curve.times > now) & apart])))
    there, here = curve.at_times(times), curve.at(now)
    nothing = np.zeros_like(motion.positions)
    gap = Curve(
        np.array([now, met]),
        np.stack((motion.positions - here.positions, nothing)),
        np.stack((motion.velocities - here.velocities, nothing))).at_times(times)
    return Curve(
        times, there.positions + gap.positions, there.velocities + gap.velocities)
