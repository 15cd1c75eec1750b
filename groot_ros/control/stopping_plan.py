"""Plans of a few ticks that end at rest, and how much of one keeps every limit.

A plan is an array of shape (4, rows, num_joints): per tick the position [rad], and its differences
per tick: velocity [rad/tick], acceleration [rad/tick^2], jerk [rad/tick^3].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groot_ros.control.stopping import StopShape, braking

Array = NDArray[np.float64]

POSITION, VELOCITY, ACCELERATION, JERK = range(4)
# A motion may exceed its limits by rounding: relative, and of positions [rad].
SLACK = 1e-9
POSITION_SLACK = 1e-12
# What rounding leaves of a stop [rad/tick^k].
REST = 1e-12
# Less than this is no difference between two numbers of a plan.
NOTHING = 1e-15


def resting_plan(position: Array, rows: int) -> Array:
    """Return the plan to stay at a position [rad], shape (num_joints,)."""
    plan = np.zeros((4, rows, len(position)))
    plan[POSITION] = position
    return plan


def step_and_stop(state: Array, acceleration: Array, shape: StopShape, ticks: Array) -> Array:
    """Return the plan of one step and the stop behind it.

    Args:
        state: Position, velocity and acceleration before it, shape (3, num_joints).
        acceleration: Of the step, shape (num_joints,).
        shape: Of the stop.
        ticks: 1, 2, ... up to the end of the longest stop, shape (rows - 1, 1).
    """
    plan = np.empty((4, len(ticks) + 1, len(acceleration)))
    positions, velocities, accelerations, jerks = plan
    accelerations[0] = acceleration
    accelerations[1:] = braking(shape, state[VELOCITY] + acceleration, acceleration, ticks)
    jerks[0] = acceleration - state[ACCELERATION]
    np.subtract(accelerations[1:], accelerations[:-1], out=jerks[1:])
    np.cumsum(accelerations, axis=0, out=velocities)
    velocities += state[VELOCITY]
    np.cumsum(velocities, axis=0, out=positions)
    positions += state[POSITION]
    return plan


class PlanLimits:
    """What the numbers of a plan must lie between, so that it ends at rest; a convex set.

    Attributes:
        rates: Highest velocity, acceleration and jerk per tick, shape (3, num_joints).
        returning: Joints outside their limits, which may only move back in, shape (num_joints,).

    Args:
        lower: Lowest positions [rad], shape (num_joints,).
        upper: Highest positions [rad], shape (num_joints,).
        position: Where the joints are [rad], shape (num_joints,).
        rates: Highest velocity, acceleration and jerk per tick, shape (3, num_joints).
        rows: Of a plan.
    """

    def __init__(
            self, lower: Array, upper: Array, position: Array, rates: Array, rows: int) -> None:
        self.rates = (1.0 + SLACK) * rates
        below, above = position < lower, position > upper
        self.returning: NDArray[np.bool_] = below | above
        low = np.concatenate((
            np.minimum(lower, position)[None] - POSITION_SLACK, -self.rates))
        high = np.concatenate((
            np.maximum(upper, position)[None] + POSITION_SLACK, self.rates))
        low[VELOCITY, below], high[VELOCITY, above] = -REST, REST
        self._low, self._high = (
            np.repeat(bound[:, None], rows, axis=1) for bound in (low, high))
        self._low[VELOCITY:JERK, -1], self._high[VELOCITY:JERK, -1] = -REST, REST

    def fits(self, plan: Array) -> NDArray[np.bool_]:
        """Return which numbers of a plan keep the limits, in its shape."""
        fits: NDArray[np.bool_] = (plan >= self._low) & (plan <= self._high)
        return fits

    def step_share(self, state: Array, acceleration: Array, push: Array) -> float:
        """Return how many times a push can be added to the acceleration of the next tick.

        Args:
            state: Position, velocity and acceleration now, shape (3, num_joints).
            acceleration: Of the next tick, within all limits, shape (num_joints,).
            push: What to add, shape (num_joints,).

        Returns:
            One number for all joints, infinite where there is nothing to add.
        """
        _, velocity, now = state
        fastest, limit, jerk = self.rates
        low = np.maximum(np.maximum(now - jerk, -limit), -fastest - velocity)
        high = np.minimum(np.minimum(now + jerk, limit), fastest - velocity)
        room = np.where(push > 0.0, high - acceleration, acceleration - low)
        return max(0.0, float(quotient(room, np.abs(push)).min()))

    def share(self, plan: Array, step: Array) -> Array:
        """Return how much of a step away from a plan keeps the limits, shape (num_joints,).

        One share of at most 1 for the rates of all joints, a smaller one for a joint whose
        position allows no more, or that would turn round before it is back in.
        """
        room = np.where(step > 0.0, self._high - plan, plan - self._low)
        shares = quotient(np.maximum(room, 0.0), np.abs(step)).min(axis=1)
        own = shares.min(axis=0)
        shares[VELOCITY, self.returning] = np.inf
        share: Array = np.minimum(min(float(shares[VELOCITY:].min()), 1.0), own)
        return share


def quotient(numerator: Array, denominator: Array) -> Array:
    """Return a quotient, infinite where the denominator is nothing."""
    none = denominator <= NOTHING
    values: Array = np.where(none, np.inf, numerator / np.where(none, 1.0, denominator))
    return values
