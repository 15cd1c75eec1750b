"""An online filter between any joint target and the robot: no limit is ever broken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groot_ros.embodiment import Embodiment

Array = NDArray[np.float64]

# A joint has caught up with its target within this distance [rad].
CAUGHT_UP = 0.02


@dataclass(slots=True)
class LimitCounters:
    """Ticks in which a limit changed the command of at least one joint."""

    positions: int = 0
    velocities: int = 0
    accelerations: int = 0


class LimitFilter:
    """Follows joint targets within position, velocity and acceleration limits.

    A target that keeps the limits is followed exactly. Any other is approached as fast as each
    joint may go and still come to rest at it. The command can always be stopped before a
    position limit: a step of v stays possible only while v * dt + v^2 / (2 a) fits into the
    distance left, and braking by a * dt keeps that true.

    After a reset and after coming to rest each joint moves at no more than `approach_velocity`
    until it has caught up with its target.

    Args:
        embodiment: Whose limits to keep.
        tick: Time from one command to the next [s].
        approach_velocity: Highest speed while catching up [rad/s].
    """

    def __init__(self, embodiment: Embodiment, tick: float, approach_velocity: float) -> None:
        self._lower, self._upper = embodiment.lower, embodiment.upper
        self._velocity_limit = embodiment.max_velocity
        self._acceleration = embodiment.max_acceleration
        self._tick = tick
        self._step = self._acceleration * tick  # change of velocity per tick [rad/s]
        self._approach_limit = np.minimum(self._velocity_limit, approach_velocity)
        self.counters = LimitCounters()
        self.reset(embodiment.home)

    @property
    def positions(self) -> Array:
        """The newest command [rad], shape (num_joints,)."""
        return self._position

    @property
    def velocities(self) -> Array:
        """The velocity of the newest command [rad/s], shape (num_joints,)."""
        return self._velocity

    @property
    def at_rest(self) -> bool:
        """Whether no joint moves."""
        return not self._velocity.any()

    def reset(self, positions: Array) -> None:
        """Start at rest from measured positions [rad], shape (num_joints,).

        A joint measured outside its limits stays there and may only move back in.
        """
        self._position = np.array(positions, dtype=np.float64)
        self._velocity = np.zeros_like(self._position)
        self._target = np.clip(self._position, self._lower, self._upper)
        self._approaching = np.ones(len(self._position), dtype=bool)

    def follow(self, target: Array) -> Array:
        """Move one tick towards finite targets [rad], shape (num_joints,); return the command."""
        allowed = np.clip(target, self._lower, self._upper)
        if (allowed != target).any():
            self.counters.positions += 1
        limit = np.where(self._approaching, self._approach_limit, self._velocity_limit)
        # In the frame of the moving target: its rate, plus what closes the gap and can stop.
        rate = np.clip((allowed - self._target) / self._tick, -limit, limit)
        gap = allowed - (self._position + rate * self._tick)
        wanted = rate + np.copysign(self._stoppable(np.abs(gap)), gap)
        self._target = allowed
        self._move(wanted, limit)
        self._approaching &= np.abs(allowed - self._position) > CAUGHT_UP
        return self._position

    def halt(self) -> Array:
        """Brake one tick, all joints in proportion so that the path is kept; return the command.

        Joints that must brake harder before a position limit do so.
        """
        speed = np.abs(self._velocity)
        if self.at_rest:
            self._approaching[:] = True
            return self._position
        share = np.min(self._step / np.maximum(speed, self._step))
        self._move(self._velocity * (1.0 - share), self._velocity_limit)
        self._target = self._position
        return self._position

    def _move(self, wanted: Array, limit: Array) -> None:
        """Advance one tick at the velocity nearest to `wanted` that keeps every limit."""
        in_speed = np.clip(wanted, -limit, limit)
        highest = np.minimum(self._velocity + self._step, self._stoppable(
            self._upper - self._position))
        lowest = np.maximum(self._velocity - self._step, -self._stoppable(
            self._position - self._lower))
        velocity = np.clip(in_speed, np.minimum(lowest, highest), np.maximum(lowest, highest))
        self.counters.velocities += bool((in_speed != wanted).any())
        self.counters.accelerations += bool((velocity != in_speed).any())
        self._velocity = velocity
        self._position = self._position + velocity * self._tick

    def _stoppable(self, distance: Array) -> Array:
        """Return the highest speed [rad/s] whose next step and braking fit into a distance [rad].

        Solves v * dt + v^2 / (2 a) = distance; zero where there is none left.
        """
        room = np.maximum(distance, 0.0)
        return np.sqrt(self._step**2 + 2.0 * self._acceleration * room) - self._step
