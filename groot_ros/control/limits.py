"""An online filter between any joint target and the robot: no limit is ever broken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groot_ros.control.stopping import (
    StopShape,
    longest_stop,
    shortest_stop,
    stopping_distance,
)
from groot_ros.control.stopping_plan import (
    ACCELERATION,
    JERK,
    POSITION,
    REST,
    VELOCITY,
    PlanLimits,
    quotient,
    resting_plan,
    step_and_stop,
)
from groot_ros.embodiment import Embodiment

Array = NDArray[np.float64]

# A joint has caught up with its target within this distance [rad].
CAUGHT_UP = 0.02
# From a distance d a joint lands on its target, and its velocity becomes the target's, with
# jerks d, -2 d and d: this share of the limit leaves room for the target's own jerk.
LANDING = 0.25


@dataclass(slots=True)
class LimitCounters:
    """Ticks in which a limit kept the command from the target in at least one joint."""

    positions: int = 0
    velocities: int = 0
    accelerations: int = 0
    jerks: int = 0

    def count(self, broken: NDArray[np.bool_]) -> None:
        """Count a tick whose target breaks limits of position, velocity, acceleration, jerk."""
        self.positions += int(broken[POSITION])
        self.velocities += int(broken[VELOCITY])
        self.accelerations += int(broken[ACCELERATION])
        self.jerks += int(broken[JERK])


class LimitFilter:
    """Follows joint targets within position, velocity, acceleration and jerk limits.

    A target that keeps the limits, and that can be stopped, is followed exactly. On the way to
    any other all joints are slowed down together, so that a straight way to it stays straight.
    Only a joint that must brake for a position limit, or that arrives first, slows down alone.

    Every command is the first row of a plan that keeps all limits and ends at rest. Should no
    better plan be found for the next tick, the rest of the plan at hand is executed: this is why
    no limit is ever broken, and it is all that `halt` does. Plans that keep the limits are a
    convex set, so of a wanted plan that breaks some the largest share that keeps them is found
    by one division.

    After a reset and after coming to rest each joint moves at no more than `approach_velocity`
    until it has caught up with its target.

    Inside, time is counted in ticks.

    Args:
        embodiment: Whose limits to keep.
        tick: Time from one command to the next [s].
        approach_velocity: Highest speed while catching up [rad/s].
    """

    def __init__(self, embodiment: Embodiment, tick: float, approach_velocity: float) -> None:
        self._lower, self._upper = embodiment.lower, embodiment.upper
        self._tick = tick
        self._rates = np.stack((
            embodiment.max_velocity * tick, embodiment.max_acceleration * tick**2,
            embodiment.max_jerk * tick**3))
        self._approach_limit = np.minimum(self._rates[0], approach_velocity * tick)
        ticks: Array = np.arange(1.0, 1.0 + longest_stop(*self._rates), dtype=np.float64)
        self._ticks = ticks[:, None]
        self.counters = LimitCounters()
        self.reset(embodiment.home)

    @property
    def positions(self) -> Array:
        """The newest command [rad], shape (num_joints,)."""
        return self._state[POSITION]

    @property
    def velocities(self) -> Array:
        """The velocity of the newest command [rad/s], shape (num_joints,)."""
        return self._state[VELOCITY] / self._tick

    @property
    def accelerations(self) -> Array:
        """The acceleration of the newest command [rad/s^2], shape (num_joints,)."""
        return self._state[ACCELERATION] / self._tick**2

    @property
    def at_rest(self) -> bool:
        """Whether no joint moves."""
        return not self._state[VELOCITY:].any()

    def reset(self, positions: Array) -> None:
        """Start at rest from measured positions [rad], shape (num_joints,).

        A joint measured outside its limits stays there and may only move back in.
        """
        self._plan = resting_plan(positions, len(self._ticks) + 1)
        self._targets = self._plan[POSITION, :3].copy()
        self._approaching = np.ones(len(positions), dtype=bool)
        self._advance()
        self._set_limits()

    def follow(self, target: Array) -> Array:
        """Move one tick towards targets [rad], shape (num_joints,); return the command.

        It brakes where a target is not a number.
        """
        if np.isnan(target).any():
            self.counters.positions += 1
            return self.halt()
        allowed = np.clip(target, self._lower, self._upper)
        self._targets = np.stack((allowed, self._targets[0], self._targets[1]))
        broken = np.array([(allowed != target).any(), False, False, False])
        plan = self._exact_plan(broken)
        self._plan = self._nearest_plan() if plan is None else plan
        self.counters.count(broken)
        self._advance()
        if self._unsettled:
            self._approaching &= np.abs(allowed - self.positions) > CAUGHT_UP
            self._set_limits()
        return self.positions

    def halt(self) -> Array:
        """Execute one more tick of the stop that every plan ends with; return the command."""
        if self.at_rest:
            self._approaching[:] = True
        self._advance()
        self._targets[:] = self.positions
        self._set_limits()
        return self.positions

    def _set_limits(self) -> None:
        """Bound the plans of the next tick; `_unsettled` says that the bounds will change."""
        rates = self._rates.copy()
        rates[0] = np.where(self._approaching, self._approach_limit, rates[0])
        self._limits = PlanLimits(
            self._lower, self._upper, self.positions, rates, self._plan.shape[1])
        self._unsettled = bool((self._approaching | self._limits.returning).any())

    def _exact_plan(self, broken: NDArray[np.bool_]) -> Array | None:
        """Return the plan to be at the target in the next tick.

        None if that breaks limits, which are noted in `broken`, or comes before a joint that
        catches up can land.
        """
        position, velocity, acceleration = self._state
        step = self._targets[0] - position - velocity
        rates = np.abs(np.stack((velocity + step, step, step - acceleration)))
        broken[VELOCITY:] = (rates > self._limits.rates).any(axis=1)
        landed = np.abs(self._targets[1] - position) <= LANDING * self._rates[2]
        if broken[VELOCITY:].any() or not landed.all():
            return None
        shape = shortest_stop(velocity + step, step, *self._rates[1:])
        plan = self._step(step, shape.slowest())
        fits = self._limits.fits(plan)
        if not fits.all():
            fitting: NDArray[np.bool_] = np.logical_and.reduce(fits, axis=(0, 1))
            plan = self._step(step, shape.slowest_where(fitting))
            fits = self._limits.fits(plan)
        broken |= ~fits.all(axis=(1, 2))
        return plan if fits.all() else None

    def _nearest_plan(self) -> Array:
        """Return a push towards the target as strong as the limits allow, all joints in step."""
        plan = self._plan
        direction = self._rest_of_target() - plan[POSITION, -1]
        braking = plan[ACCELERATION, 0]
        share = self._limits.step_share(self._state, braking, direction)
        if not 0.0 < share < np.inf:
            return plan
        step: Array = braking + share * direction
        shape = shortest_stop(self._state[VELOCITY] + step, step, *self._rates[1:])
        stop = shape.slowest()
        pushed = self._step(step, stop)
        fits = self._limits.fits(pushed)[POSITION].all(axis=0)
        if not fits.all():
            stop = shape.slowest_where(fits)
            pushed = self._step(step, stop)
        change = pushed - plan
        shares = np.minimum(
            self._limits.share(plan, change),
            _share_to(self._rest_of_target(stop) - plan[POSITION, -1], change[POSITION, -1]))
        nearest: Array = plan + shares * change
        return nearest

    def _step(self, acceleration: Array, shape: StopShape) -> Array:
        """Return the plan of a step from where the robot is, and a stop."""
        return step_and_stop(self._state, acceleration, shape, self._ticks)

    def _rest_of_target(self, shape: StopShape | None = None) -> Array:
        """Return where the target would stop [rad], in its own time or in that of a shape.

        A target that jumps, or rests, is a place.
        """
        newest, before, earlier = self._targets
        velocity, acceleration = newest - before, newest - 2.0 * before + earlier
        limit = self._limits.rates
        if not velocity.any() or (np.abs(velocity) > limit[0]).any():
            return newest
        if (np.abs(acceleration) > limit[1]).any():
            acceleration = np.zeros_like(newest)
        shape = shape or shortest_stop(velocity, acceleration, *self._rates[1:])
        rest: Array = newest + stopping_distance(shape, velocity, acceleration)
        return rest

    def _advance(self) -> None:
        """Take the first row of the plan as the command."""
        self._state = self._plan[:JERK, 0].copy()
        rates = self._state[VELOCITY:]
        rates[np.abs(rates) <= 2.0 * REST] = 0.0
        self._plan[:, :-1] = self._plan[:, 1:]


def _share_to(gap: Array, change: Array) -> Array:
    """Return how much of a change each joint takes to close a gap, at most all of it."""
    share: Array = np.clip(quotient(gap * np.sign(change), np.abs(change)), 0.0, 1.0)
    return share
