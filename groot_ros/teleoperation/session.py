"""What happens in each tick of teleoperation: lead the hands, or come to rest and say why."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import mujoco
import numpy as np
from mink import SE3
from numpy.typing import NDArray

from groot_ros.control import Command, Deadline, Hold, HoldReason, LimitFilter
from groot_ros.control.resting import RestingPose, is_elsewhere
from groot_ros.embodiment import Embodiment
from groot_ros.teleoperation.clutch import Clutch
from groot_ros.teleoperation.errors import TeleoperationError
from groot_ros.teleoperation.guides import Guide
from groot_ros.teleoperation.leading import Leading

Array = NDArray[np.float64]

LAST_WORDS_S = 0.5
"""How long the point of rest is sent before the outputs fall silent."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What a user may tune.

    Attributes:
        max_velocity: Highest speed of a joint that carries a hand [rad/s].
        grip_time: From open to closed [s].
        max_state_age: Age of joint states from which on the robot rests [s].
    """

    max_velocity: float = 1.5
    grip_time: float = 0.6
    max_state_age: float = 0.1


class Session:
    """Turns what guides say into one command per tick; joints that carry no led hand stay.

    Time comes in with every call; calls may come from any thread.

    Attributes:
        limits: The same filter that a policy's commands pass.
        refused: Messages that could not be used.
        stops: Times the robot was brought to rest while hands were led.

    Args:
        robot: The embodiment, with hands.
        guides: What leads each hand, by its name.
        clutch: What must be engaged to move.
        settings: What a user may tune.
    """

    def __init__(
        self, robot: Embodiment, guides: Mapping[str, Guide], clutch: Clutch,
        settings: SessionSettings,
    ) -> None:
        self._lock = threading.Lock()
        self._guides, self._clutch = guides, clutch
        tick = 1.0 / robot.rates.control_hz
        self.limits = LimitFilter(robot, tick, settings.max_velocity)
        self._leading = Leading(
            robot, guides, max_velocity=settings.max_velocity, grip_time=settings.grip_time,
            tick=tick)
        self._state = Deadline(
            settings.max_state_age, HoldReason.NO_STATE, HoldReason.STALE_STATE,
            f'is something published on {robot.joint_state_topic}?')
        self._state_problem: Hold | None = None
        self._resting = RestingPose()
        self._blocks: dict[HoldReason, tuple[float, Hold]] = {}
        self._not_led: Hold | None = None
        self._moving = self._moved = self._seeded = False
        self._now = self._silent_from = float('-inf')
        self._reset_at = float('-inf')
        self.refused = self.stops = 0

    def on_model(self, model: mujoco.MjModel) -> None:
        """Take the robot's kinematics; from then on hands can be led."""
        with self._lock:
            self._leading.on_model(model)
            self._moving = False

    def on_no_model(self, why: str) -> None:
        """Note why the robot's description cannot be used."""
        with self._lock:
            self._leading.on_no_model(why)

    def on_state(self, positions: Array, stamp: float) -> None:
        """Take measured positions [rad], shape (num_joints,), captured at `stamp` [s]."""
        with self._lock:
            if stamp <= self._reset_at:
                return  # still on its way when the reset came: the robot may be elsewhere now
            if not np.isfinite(positions).all():
                self._refuse_state(Hold(
                    HoldReason.BAD_STATE,
                    f'joint states must be finite, got {positions.tolist()}'))
                return
            # Until something is commanded somebody else may move the robot.
            if not self._seeded or (
                    not self._moved and is_elsewhere(self.limits.positions, positions)):
                self.limits.reset(positions)
                self._seeded = True
            self._resting.update(positions, stamp)
            self._state.stamp, self._state_problem = stamp, None

    def on_refused_state(self, hold: Hold) -> None:
        """Note that joint states cannot be used."""
        with self._lock:
            self._refuse_state(hold)

    def on_clutch(self, engaged: bool, now: float) -> None:
        """Take the clutch as it is at `now` [s]."""
        with self._lock:
            self._clutch.update(engaged, now)

    def guide(self, hand: str, update: Callable[[], None]) -> None:
        """Let a guide take what a device sent; note what it refuses."""
        with self._lock:
            try:
                update()
            except TeleoperationError as error:
                self._refuse(hand, str(error))

    def on_refused_target(self, hand: str, why: str) -> None:
        """Note why what a device sent could not even be read."""
        with self._lock:
            self._refuse(hand, why)

    def on_grip(self, hand: str, grip: float | None) -> None:
        """Take a grip of a hand, from 0, open, to 1, closed; None opens or closes it in turn."""
        with self._lock:
            try:
                self._leading.grip(hand, grip)
            except TeleoperationError as error:
                self._refuse(hand, str(error))

    def block(self, hold: Hold, until: float = float('inf')) -> None:
        """Rest until `unblock` of the same reason, or until a time [s]."""
        with self._lock:
            self._blocks[hold.reason] = until, hold

    def unblock(self, reason: HoldReason) -> None:
        """End what `block` began."""
        with self._lock:
            self._blocks.pop(reason, None)

    def reset(self, now: float) -> None:
        """Forget the robot's pose and the devices': nothing captured up to `now` [s] acts."""
        with self._lock:
            self._forget_times()
            self._reset_at = now
            self._seeded = self._moved = False
            self._leading.forget_grips()

    def poses(self) -> dict[str, SE3]:
        """Return where every hand is commanded to be, in the base frame; empty if unknown."""
        with self._lock:
            if not self._seeded:
                return {}
            return self._leading.poses(None if self._moving else self.limits.positions)

    @property
    def at_rest(self) -> bool:
        """Whether the last command does not move."""
        return self.limits.at_rest

    def hold(self, now: float) -> Hold | None:
        """Return why the robot rests at `now` [s], None while hands are led."""
        with self._lock:
            return self._hold(now) or self._not_led

    def short_of(self) -> Hold | None:
        """Return which hand does not get to where it is led, None if all do."""
        with self._lock:
            return self._leading.short_of()

    def tick(self, now: float) -> Command | None:
        """Return the command due at `now` [s], None while there is nothing to say."""
        with self._lock:
            if now < self._now:
                self._forget_times()
            self._now = now
            if not self._seeded:
                return None
            hold = self._hold(now)
            if hold is None:
                hold = self._not_led = self._lead(now)
            if hold is not None:
                self._rest(hold, now)
            if not self._moving and now > self._silent_from:
                return None
            return Command(self.limits.positions, self.limits.velocities, hold)

    def _hold(self, now: float) -> Hold | None:
        return (
            self._clutch.stopped()
            or next((hold for until, hold in self._blocks.values() if now < until), None)
            or self._leading.check_model() or self._clutch.released(now)
            or self._state_problem or self._state.check(now) or self._leading.check_guides(now))

    def _lead(self, now: float) -> Hold | None:
        """Move one tick; returns why a hand cannot be led, None if all can."""
        if not self._moving:
            self._begin()
        try:
            target = self._leading.step(now)
        except TeleoperationError as error:
            return Hold(HoldReason.BAD_TARGET, str(error))
        self.limits.follow(target)
        self._resting.leave()
        self._moving = self._moved = True
        return None

    def _begin(self) -> None:
        """Begin where the robot came to rest, or where somebody moved it since."""
        if (pose := self._resting.displaced()) is not None:
            self.limits.reset(pose)
        self._leading.begin(self.limits.positions)

    def _rest(self, hold: Hold, now: float) -> None:
        """Brake along the path; once at rest, fall silent after a while."""
        if self._moving:
            self.stops += 1
            self._silent_from = now + LAST_WORDS_S
        self._moving = False
        if hold.reason is HoldReason.DEADMAN_RELEASED:
            self._leading.let_go()
        at_rest = self.limits.at_rest
        self.limits.halt()
        if at_rest:
            self._resting.rest(now, elsewhere=hold.reason is HoldReason.EMERGENCY_STOP)
        else:
            self._silent_from = now + LAST_WORDS_S

    def _refuse_state(self, hold: Hold) -> None:
        self._state_problem = hold
        self.refused += 1

    def _refuse(self, hand: str, why: str) -> None:
        self._guides[hand].refuse(Hold(HoldReason.BAD_TARGET, f'{hand} hand: {why}'))
        self.refused += 1

    def _forget_times(self) -> None:
        """Drop whatever carries a stamp of the clock before it jumped."""
        self._state.stamp = None
        self._clutch.forget()
        self._leading.forget()
        self._resting.forget_times()
        self._moving = False
        self._now = self._silent_from = self._reset_at = float('-inf')
