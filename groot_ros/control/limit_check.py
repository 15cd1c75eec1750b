"""Whether commands kept the limits, judged by nothing but the positions that went out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.embodiment import Embodiment

Array = NDArray[np.float64]

# What rounding may add: to a rate, relative; to a position [rad]; to a difference of positions,
# in units of their last place.
RATE_ROUNDING = 1e-6
POSITION_ROUNDING = 1e-9
LAST_PLACES = 16


class Violations(NamedTuple):
    """Numbers beyond a limit, over all commands and joints."""

    positions: int = 0
    velocities: int = 0
    accelerations: int = 0
    jerks: int = 0
    not_finite: int = 0


def count_violations(commands: Array, robot: Embodiment, tick: float) -> Violations:
    """Count limits broken by commands that follow one another in every tick.

    Rates are finite differences. Before the first command the robot rested there. A joint that
    is outside its limits may stay or come back in, and not go further out.

    Args:
        commands: [rad], shape (num_commands, num_joints), in the robot's order.
        robot: Whose limits.
        tick: Time between commands [s].
    """
    commands = np.concatenate((np.repeat(commands[:1], 3, axis=0), commands[1:]))
    last_place = np.spacing(np.abs(commands).max(initial=1.0))
    broken = []
    limits = (robot.max_velocity, robot.max_acceleration, robot.max_jerk)
    for order, limit in enumerate(limits, start=1):
        rates = np.abs(np.diff(commands, n=order, axis=0)) / tick**order
        allowed = limit * (1.0 + RATE_ROUNDING) + LAST_PLACES * last_place / tick**order
        broken.append(int((rates > allowed).sum()))
    velocities, accelerations, jerks = broken
    return Violations(
        _outside(commands, robot), velocities, accelerations, jerks,
        int((~np.isfinite(commands)).sum()))


def _outside(commands: Array, robot: Embodiment) -> int:
    """Count commands further outside the limits of position than the one before."""
    before, after = commands[:-1], commands[1:]
    above = after > np.maximum(robot.upper, before) + POSITION_ROUNDING
    below = after < np.minimum(robot.lower, before) - POSITION_ROUNDING
    return int((above | below).sum())
