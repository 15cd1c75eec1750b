"""Stops within acceleration and jerk limits, tick by tick. Lengths in ticks: [rad/tick^k]."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# What rounding may add to a quotient that is a whole number of ticks.
ROUNDING = 1e-9
# Ramps leave room for this braking level at least: share of the limits.
LEAST_BRAKING = 0.01


class StopShape(NamedTuple):
    """When the acceleration changes on the way to rest, in ticks, each of shape (num_joints,).

    The acceleration goes in a straight line to the opposite of the braking level, stays there,
    and goes back to zero in a straight line.

    Attributes:
        enter: Ticks until the braking level is reached, at least 1.
        hold: Ticks on it.
        leave: Ticks back to zero, at least 1.
    """

    enter: Array
    hold: Array
    leave: Array

    def slowest(self) -> StopShape:
        """Return one shape for all joints: what moves along a line then stops on that line."""
        return StopShape(*(np.full_like(ticks, ticks.max()) for ticks in self))

    def slowest_where(self, joints: NDArray[np.bool_]) -> StopShape:
        """Return one shape for some joints, shape (num_joints,), and the own for the others."""
        return StopShape(*(
            np.where(joints, slow, own) for slow, own in zip(self.slowest(), self, strict=True)))


def shortest_stop(
        velocity: Array, acceleration: Array, max_acceleration: Array, max_jerk: Array
) -> StopShape:
    """Return how each joint comes to rest soonest; all arguments have shape (num_joints,).

    This is the time-optimal stop of a double integrator (a trapezoid of acceleration) with its
    ramps rounded up to ticks, and then held as long as the braking level which they allow needs.
    """
    middle = velocity - 0.5 * acceleration  # half a tick ago: sums become trapezoids
    final = middle + acceleration * np.abs(acceleration) / (2.0 * max_jerk)
    side = np.where(final < 0.0, -1.0, 1.0)
    middle, acceleration = side * middle, side * acceleration
    level = np.minimum(
        max_acceleration,
        np.sqrt(np.maximum(max_jerk * middle + 0.5 * acceleration**2, 0.0)))
    least = LEAST_BRAKING * np.minimum(max_acceleration, max_jerk)
    enter = _ticks((np.maximum(level, least) + acceleration) / max_jerk, 1.0)
    leave = _ticks(level / max_jerk, 1.0)
    level = np.minimum(
        np.minimum(max_acceleration, max_jerk * leave), max_jerk * enter - acceleration)
    lost = middle + 0.5 * acceleration * enter
    hold = _ticks(lost / level - 0.5 * (enter + leave), 0.0)
    return StopShape(enter, hold, leave)


def braking(shape: StopShape, velocity: Array, acceleration: Array, ticks: Array) -> Array:
    """Return the accelerations of a stop that ends at zero velocity.

    Args:
        shape: Its times.
        velocity: At its start, shape (num_joints,).
        acceleration: At its start, shape (num_joints,).
        ticks: Of the rows after the start, shape (rows, 1).

    Returns:
        Shape (rows, num_joints).
    """
    enter, hold, leave = shape
    lost = velocity + 0.5 * acceleration * (enter - 1.0)
    level = lost / (hold + 0.5 * (enter + leave))
    entered = np.minimum(ticks / enter, 1.0)
    left = np.minimum(np.maximum((ticks - (enter + hold)) / leave, 0.0), 1.0)
    accelerations: Array = acceleration * (1.0 - entered) - level * (entered - left)
    return accelerations


def stopping_distance(shape: StopShape, velocity: Array, acceleration: Array) -> Array:
    """Return how far a stop still goes: the sum of its velocities after the start.

    Args:
        shape: Its times.
        velocity: At its start, shape (..., num_joints).
        acceleration: At its start, shape (..., num_joints).
    """
    enter, hold, leave = shape
    total, braked = enter + hold + leave, hold + leave
    lost = velocity + 0.5 * acceleration * (enter - 1.0)
    level = lost / (hold + 0.5 * (enter + leave))
    # Each acceleration counts once for every tick from its own to the last one.
    entering = (enter + 1.0) * (0.5 * (total + 1.0) - (2.0 * enter + 1.0) / 6.0)
    leaving = (leave + 1.0) * (leave + 2.0) / 6.0
    fading = (enter - 1.0) * (0.5 * (total + 1.0) - (enter + 1.0) / 6.0)
    distance: Array = velocity * total + acceleration * fading - level * (
        entering + 0.5 * braked * (braked + 1.0) - leaving)
    return distance


def longest_stop(max_velocity: Array, max_acceleration: Array, max_jerk: Array) -> int:
    """Return in how many ticks any motion within limits of shape (num_joints,) can be stopped.

    The slowest joint may differ from part to part of the stop.
    """
    ramp = np.ceil(max_acceleration / max_jerk).max() + 1.0
    hold = np.ceil(max_velocity / max_acceleration).max() + 1.0
    return int(3.0 * ramp + hold)


def _ticks(duration: Array, least: float) -> Array:
    """Return whole ticks that are enough for a duration."""
    ticks: Array = np.maximum(np.ceil(duration - ROUNDING), least)
    return ticks
