"""What leads a hand: poses of a device, or velocities that push the hand along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from mink import SE3, SO3
from numpy.typing import NDArray

from groot_ros.control import Deadline, Hold, HoldReason
from groot_ros.teleoperation.errors import TeleoperationError
from groot_ros.teleoperation.poses import angle, distance

Array = NDArray[np.float64]

JOG_TIMEOUT_S = 0.5
"""A velocity that is not repeated for this long is zero."""
LEASH_M, LEASH_RAD = 0.03, 0.2
"""How far a pushed target may be ahead of the hand: it does not run away at the edge of reach."""


@dataclass(frozen=True, slots=True)
class GuideSettings:
    """What a user may tune.

    Attributes:
        relative: Whether motion counts from where hand and device are when the clutch engages;
            else the hand goes to the poses themselves.
        scale: Metres of the hand for a metre of the device, with `relative`.
        max_age: Age of a pose from which on it is stale [s].
        max_jump: Longest way from one pose to the next [m].
        max_turn: Largest turn from one pose to the next [rad].
    """

    relative: bool = True
    scale: float = 1.0
    max_age: float = 0.25
    max_jump: float = 0.15
    max_turn: float = 1.0


class Guide(Protocol):
    """Leads one hand; poses are in the robot's base frame."""

    @property
    def leads(self) -> bool:
        """Whether there is anything to lead the hand by."""

    def engage(self, hand: SE3) -> None:
        """Begin to lead a hand from where it is; raises TeleoperationError if that cannot be."""

    def release(self) -> None:
        """Lead nothing until engaged."""

    def forget(self) -> None:
        """Drop everything that came so far."""

    def refuse(self, hold: Hold) -> None:
        """Note why what came last cannot be used."""

    def check(self, now: float) -> Hold | None:
        """Return why the hand must rest at `now` [s], None if it can be led."""

    def target(self, now: float, hand: SE3) -> SE3:
        """Return where the hand shall be at `now` [s]; `hand` is where it is."""


class PoseGuide:
    """Leads a hand by the poses of a device.

    Args:
        topic: What to name in advice.
        settings: What a user may tune.
    """

    def __init__(self, topic: str, settings: GuideSettings) -> None:
        self._settings = settings
        self._deadline = Deadline(
            settings.max_age, HoldReason.NO_TARGET, HoldReason.STALE_TARGET,
            f'is the device publishing on {topic}, with clocks in step?')
        self._pose: SE3 | None = None
        self._origin: tuple[SE3, SE3] | None = None
        self._problem: Hold | None = None

    @property
    def leads(self) -> bool:
        """Whether a pose came."""
        return self._pose is not None

    def engage(self, hand: SE3) -> None:
        """Begin to lead a hand from where it is.

        Raises:
            TeleoperationError: If absolute poses begin too far from the hand.
        """
        assert self._pose is not None
        self._origin = None
        if not self._settings.relative:
            self._require_near(hand, self._pose, 'the device is', 'move it to the hand')
        self._origin = hand, self._pose

    def update(self, pose: SE3, stamp: float) -> None:
        """Take a pose of the device captured at `stamp` [s].

        Raises:
            TeleoperationError: If it jumps while the hand is led.
        """
        if self._origin is not None and self._pose is not None:
            self._require_near(self._pose, pose, 'the pose jumped by', 'engage the clutch anew')
        self._pose, self._deadline.stamp, self._problem = pose, stamp, None

    def refuse(self, hold: Hold) -> None:
        """Note why the newest pose cannot be used; the one before lasts until it is stale."""
        self._problem = hold

    def release(self) -> None:
        """Lead nothing until engaged: the next pose may be anywhere."""
        self._origin = None

    def forget(self) -> None:
        """Drop every pose, as when the clock jumped."""
        self._pose = self._origin = self._deadline.stamp = self._problem = None

    def check(self, now: float) -> Hold | None:
        """Return why the hand must rest at `now` [s], None if it can be led."""
        hold = self._deadline.check(now)
        return self._problem or hold if hold is not None else None

    def target(self, now: float, hand: SE3) -> SE3:
        """Return where the hand shall be."""
        assert self._origin is not None
        assert self._pose is not None
        if not self._settings.relative:
            return self._pose
        start, device = self._origin
        turn = self._pose.rotation() @ device.rotation().inverse()
        way = self._pose.translation() - device.translation()
        return SE3.from_rotation_and_translation(
            turn @ start.rotation(), start.translation() + self._settings.scale * way)

    def _require_near(self, before: SE3, after: SE3, what: str, advice: str) -> None:
        way, turn = distance(before, after), angle(before, after)
        if way > self._settings.max_jump or turn > self._settings.max_turn:
            raise TeleoperationError(
                f'{what} {way:.2f} m and {turn:.2f} rad away, {self._settings.max_jump:.2f} m and '
                f'{self._settings.max_turn:.2f} rad are allowed: {advice}')


class JogGuide:
    """Leads a hand by velocities: its target moves on from where the hand is.

    Args:
        max_speed: Highest speed of the target [m/s].
        max_turning: Highest angular speed [rad/s].
        tick: Time from one target to the next [s].
    """

    def __init__(self, max_speed: float, max_turning: float, tick: float) -> None:
        self._max_speed, self._max_turning = max_speed, max_turning
        self._tick = tick
        self._target: SE3 | None = None
        self._heard: float | None = None
        self._problem: Hold | None = None
        self._linear: Array = np.zeros(3)
        self._angular: Array = np.zeros(3)

    @property
    def leads(self) -> bool:
        """Whether the hand was pushed since the clutch engaged."""
        return self._heard is not None

    def engage(self, hand: SE3) -> None:
        """Begin to lead a hand from where it is."""
        self._target = hand

    def release(self) -> None:
        """Lead nothing; what was asked for before is void."""
        self._heard = None

    def forget(self) -> None:
        """Drop every velocity."""
        self._heard = self._problem = None

    def refuse(self, hold: Hold) -> None:
        """Note why the newest velocity cannot be used; the hand rests until the next."""
        self._problem = hold

    def update(self, linear: Array, angular: Array, now: float) -> None:
        """Take velocities [m/s] and [rad/s], each (3,), about the axes of the base frame.

        Raises:
            TeleoperationError: If a number is not finite.
        """
        if not (np.isfinite(linear).all() and np.isfinite(angular).all()):
            raise TeleoperationError(
                f'velocities must be finite, got {linear.tolist()}, {angular.tolist()}')
        self._linear = _shortened(linear, self._max_speed)
        self._angular = _shortened(angular, self._max_turning)
        self._heard, self._problem = now, None

    def check(self, now: float) -> Hold | None:
        """Return why the velocity is refused; a device that says nothing pushes nothing."""
        return self._problem

    def target(self, now: float, hand: SE3) -> SE3:
        """Return the target, moved on by one tick, but not further than a leash from the hand."""
        assert self._target is not None
        assert self._heard is not None
        if 0.0 <= now - self._heard <= JOG_TIMEOUT_S:
            self._target = SE3.from_rotation_and_translation(
                SO3.exp(self._angular * self._tick) @ self._target.rotation(),
                self._target.translation() + self._linear * self._tick)
        ahead = self._target.translation() - hand.translation()
        turned = (self._target.rotation() @ hand.rotation().inverse()).log()
        self._target = SE3.from_rotation_and_translation(
            SO3.exp(_shortened(turned, LEASH_RAD)) @ hand.rotation(),
            hand.translation() + _shortened(ahead, LEASH_M))
        return self._target


def _shortened(vector: Array, longest: float) -> Array:
    """Return a vector of the same direction, not longer than `longest`."""
    length = float(np.linalg.norm(vector))
    return vector if length <= longest else vector * (longest / length)
