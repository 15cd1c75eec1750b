"""The decisions of one control tick: play the plan, or come to rest and say why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.control.chunk import ActionChunk
from groot_ros.control.curve import Motion
from groot_ros.control.emergency_stop import EmergencyStop
from groot_ros.control.intake import ChunkIntake, Shared
from groot_ros.control.limits import LimitFilter
from groot_ros.control.resting import RestingPose, is_elsewhere
from groot_ros.control.seams import SeamSettings
from groot_ros.control.stops import Stops, StopSettings
from groot_ros.control.tokens import TokenGate, TokenOrigin
from groot_ros.control.watchdog import Hold, HoldReason
from groot_ros.embodiment import Embodiment

Array = NDArray[np.float64]
NOT_FOLLOWED = (HoldReason.EMERGENCY_STOP, HoldReason.TRACKING_ERROR)


@dataclass(frozen=True, slots=True)
class PlaybackSettings:
    """What a user may tune.

    Attributes:
        seams: How chunks are joined.
        approach_velocity: Highest speed while a joint catches up with the plan [rad/s].
        stops: What brings the robot to rest.
    """

    seams: SeamSettings = field(default_factory=SeamSettings)
    approach_velocity: float = 1.0
    stops: StopSettings = field(default_factory=StopSettings)


class Command(NamedTuple):
    """What every joint is told in one tick.

    Attributes:
        positions: [rad], shape (num_joints,), in the embodiment's order.
        velocities: [rad/s], shape (num_joints,).
        hold: Why the robot comes to rest, None while it plays a plan.
    """

    positions: Array
    velocities: Array
    hold: Hold | None


class Playback:
    """Turns chunks into one command per tick; joints that the policy leaves out go home.

    Pure: time comes in with every call. Not thread-safe: one caller at a time.

    Args:
        embodiment: The robot.
        action_groups: Groups that the columns of a chunk stand for, in order.
        checkpoint: Fingerprint that goal tokens must carry.
        settings: What a user may tune.
        emergency: The latch of the emergency stop, which outlives a playback.
    """

    def __init__(
            self, embodiment: Embodiment, action_groups: Sequence[str], checkpoint: str,
            settings: PlaybackSettings | None = None, emergency: EmergencyStop | None = None,
    ) -> None:
        settings = settings or PlaybackSettings()
        tick = 1.0 / embodiment.rates.control_hz
        self._columns = embodiment.group_indices(action_groups)
        self._idle_target = embodiment.home.copy()
        self._names = embodiment.joint_names
        self._intake = ChunkIntake(len(self._columns), tick, settings.seams)
        self.limits = LimitFilter(embodiment, tick, settings.approach_velocity)
        self.gate = TokenGate(
            checkpoint, embodiment.model.embodiment_tag, settings.stops.max_token_age)
        self.stops = Stops(embodiment, settings.stops, emergency)
        self.stop_count = 0
        self._resting = RestingPose()
        self._playing = False
        self._played = False  # since the pose was forgotten
        self._seeded = False
        self._jumped: Hold | None = None
        self._now = float('-inf')

    @property
    def seams(self) -> int:
        """Chunks joined to the one before."""
        return self._intake.timeline.seams

    @property
    def delay_ticks(self) -> int:
        """The delay of chunks to expect, in ticks from the capture of their joint state."""
        return self._intake.delay.ticks

    def tune(self, stops: StopSettings) -> None:
        """Take other limits beyond which the robot rests."""
        self.stops.tune(stops)
        self.gate.max_age = stops.max_token_age

    def on_state(self, positions: Array, stamp: float) -> Hold | None:
        """Take measured positions [rad], shape (num_joints,), captured at `stamp` [s].

        Returns:
            Why they cannot be used, None if they can.
        """
        finite = np.isfinite(positions)
        if positions.shape != (len(self._names),) or not finite.all():
            return Hold(
                HoldReason.BAD_STATE,
                f'joint states must be {len(self._names)} finite positions, got '
                f'{positions.tolist()}')
        # Until something is commanded somebody else may move the robot.
        if not self._seeded or (
                not self._played and is_elsewhere(self.limits.positions, positions)):
            self.limits.reset(positions)
            self._seeded = True
        if self._playing:
            self.stops.tracking.update(self.limits.positions, positions, stamp)
        self._resting.update(positions, stamp)
        self.stops.state.stamp = stamp
        return None

    def on_tokens(self, tokens: TokenOrigin, now: float) -> Hold | None:
        """Take note of goal tokens; returns why they must not be used, None if they may."""
        before = self.gate.epoch
        hold = self.gate.accept(tokens, now)
        if hold is None:
            if self.gate.epoch != before:
                self._void_plan()
            self.stops.tokens.stamp = tokens.stamp
        return hold

    def on_chunk(self, chunk: ActionChunk, now: float) -> Hold | None:
        """Join a chunk to the plan; returns why it was not, None if it was."""
        if chunk.epoch != self.gate.epoch or self.stops.tokens.stamp is None:
            return Hold(
                HoldReason.OLD_EPOCH,
                f'the chunk is of epoch {chunk.epoch}, {self.gate.epoch} is in force')
        if self.stops.asked_for(now) is None:
            self._begin_where_it_is()
        hold = self._intake.join(chunk, now, Motion(
            self.limits.positions[self._columns], self.limits.velocities[self._columns]))
        if hold is None:
            self._jumped = None
            self.stops.on_chunk(self._intake.timeline.disagreement)
        return hold

    def on_failure(self, hold: Hold) -> Hold:
        """Note why no chunk could be made; the plan at hand is played to its end."""
        return self._intake.fail(hold)

    def wants_chunk(self, now: float) -> bool:
        """Return whether the next chunk may be asked for at `now` [s]."""
        return self._intake.wants_chunk(now)

    def shared(self, stamp: float, period: float) -> Shared | None:
        """Return what a chunk shall continue; None if there is no motion under way.

        Args:
            stamp: Capture time of the joint state that the chunk will be predicted from [s].
            period: Time from one of its rows to the next [s].
        """
        return self._intake.shared(stamp, period) if self._playing else None

    def require_epoch(self, epoch: int) -> None:
        """Void every plan and token of an epoch before `epoch`."""
        if self.gate.require_epoch(epoch):
            self._void_plan()

    def pause(self, hold: Hold) -> None:
        """Come to rest until `resume`."""
        self.stops.block(hold)

    def resume(self) -> None:
        """Go on with the next chunk."""
        if self.stops.unblock(HoldReason.PAUSED_BY_USER):
            self._intake.timeline.clear()

    def reset(self, now: float) -> None:
        """Forget plan, tokens and pose: nothing captured up to `now` [s] acts any more."""
        self._void_plan()
        self.gate.void_captures_until(now)
        self.stops.forget()
        self._intake.reset()
        self._resting.leave()
        self._jumped = None
        self._seeded = self._played = self._playing = False
        self._now = float('-inf')

    def tick(self, now: float) -> Command | None:
        """Return the command due at `now` [s], None while the robot's pose is unknown."""
        if now < self._now:
            self._forget_times(now)
        self._now = now
        self._intake.delay.tick(now)
        if not self._seeded:
            return None
        hold = self.hold(now)
        self._note(hold)
        if hold is None:
            plan = self._intake.timeline.sample(now)
            target = self._idle_target.copy()
            target[self._columns] = plan
            positions = self.limits.follow(target)
        else:
            positions = self.limits.halt()
        return Command(positions, self.limits.velocities, hold)

    def hold(self, now: float) -> Hold | None:
        """Return why the plan is not played at `now` [s], None if it is."""
        return (self.stops.asked_for(now) or self._jumped or self.stops.check(now)
                or self._intake.problem(now))

    def _note(self, hold: Hold | None) -> None:
        """Count a stop; take note of rest and motion."""
        if hold is None:
            self._begin_where_it_is()
            self._resting.leave()
            self._played = True
        elif self.limits.at_rest:
            self._resting.rest(self._now, elsewhere=hold.reason in NOT_FOLLOWED)
        if self._playing and hold is not None:
            self.stop_count += 1
            self.stops.tracking.forget()
        self._playing = hold is None

    def _begin_where_it_is(self) -> None:
        """Go on after a rest from where the robot is, if it was moved."""
        if (pose := self._resting.displaced()) is not None:
            self.limits.reset(pose)

    def _void_plan(self) -> None:
        self._intake.timeline.clear()
        self.stops.tokens.stamp = None

    def _forget_times(self, now: float) -> None:
        """Drop whatever carries a stamp of the clock before it jumped; the pose stays."""
        self._void_plan()
        self.stops.forget()
        self._resting.forget_times()
        self._intake.delay.reset()
        self.gate.void_captures_until(float('-inf'))
        self._jumped = Hold(
            HoldReason.CLOCK_JUMPED,
            f'the clock went back to {now:.2f} s: waiting for newer inputs and a new plan')
