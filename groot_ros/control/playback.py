"""The decisions of one control tick: play the plan, or come to rest and say why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.control.chunk import ActionChunk
from groot_ros.control.limits import LimitFilter
from groot_ros.control.timeline import ChunkTimeline
from groot_ros.control.tokens import TokenGate, TokenOrigin
from groot_ros.control.watchdog import Deadline, Hold, HoldReason
from groot_ros.embodiment import Embodiment

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlaybackSettings:
    """What a user may tune.

    Attributes:
        overlap: How long it takes to get from the motion under way to a new chunk [s].
        max_state_age: Age from which on joint states are stale [s].
        max_token_age: Age from which on the observation behind the tokens is stale [s].
        approach_velocity: Highest speed while a joint catches up with the plan [rad/s].
    """

    overlap: float = 0.25
    max_state_age: float = 0.1
    max_token_age: float = 1.0
    approach_velocity: float = 1.0


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
    """

    def __init__(
            self, embodiment: Embodiment, action_groups: Sequence[str], checkpoint: str,
            settings: PlaybackSettings | None = None) -> None:
        settings = settings or PlaybackSettings()
        self._tick = 1.0 / embodiment.rates.control_hz
        self._columns = embodiment.group_indices(action_groups)
        self._idle_target = embodiment.home.copy()
        self._names = embodiment.joint_names
        self._timeline = ChunkTimeline(settings.overlap)
        self.limits = LimitFilter(embodiment, self._tick, settings.approach_velocity)
        self.gate = TokenGate(
            checkpoint, embodiment.model.embodiment_tag, settings.max_token_age)
        self._state = Deadline(
            settings.max_state_age, HoldReason.NO_STATE, HoldReason.STALE_STATE,
            f'is something published on {embodiment.joint_state_topic}?')
        self._tokens = Deadline(
            settings.max_token_age, HoldReason.NO_TOKENS, HoldReason.STALE_TOKENS,
            'are perception and planner running, and is there an instruction?')
        self._seeded = False
        self._pause: Hold | None = None
        self._fault: Hold | None = None
        self._jumped: Hold | None = None
        self._now = float('-inf')

    @property
    def seams(self) -> int:
        """Chunks joined to the one before."""
        return self._timeline.seams

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
        if not self._seeded:
            self.limits.reset(positions)
            self._seeded = True
        self._state.stamp = stamp
        return None

    def on_tokens(self, tokens: TokenOrigin, now: float) -> Hold | None:
        """Take note of goal tokens; returns why they must not be used, None if they may."""
        before = self.gate.epoch
        hold = self.gate.accept(tokens, now)
        if hold is None:
            if self.gate.epoch != before:
                self._void_plan()
            self._tokens.stamp = tokens.stamp
        return hold

    def on_chunk(self, chunk: ActionChunk, now: float) -> Hold | None:
        """Join a chunk to the plan; returns why it was not, None if it was."""
        if chunk.positions.shape[1] != len(self._columns):
            return self.on_failure(Hold(
                HoldReason.BAD_CHUNK,
                f'chunks must have {len(self._columns)} columns, got '
                f'{chunk.positions.shape[1]}'))
        if chunk.epoch != self.gate.epoch or self._tokens.stamp is None:
            return Hold(
                HoldReason.OLD_EPOCH,
                f'the chunk is of epoch {chunk.epoch}, {self.gate.epoch} is in force')
        # The command in force was due one tick ago: the line to the chunk starts there.
        if not self._timeline.add(
                chunk, now - self._tick, self.limits.positions[self._columns]):
            return Hold(
                HoldReason.CHUNK_ENDED,
                f'the chunk ended {now - chunk.end:.2f} s ago: is System 1 too slow?')
        self._fault = self._jumped = None
        return None

    def on_failure(self, hold: Hold) -> Hold:
        """Note why no chunk could be made; the plan at hand is played to its end."""
        self._fault = hold
        return hold

    def require_epoch(self, epoch: int) -> None:
        """Void every plan and token of an epoch before `epoch`."""
        if self.gate.require_epoch(epoch):
            self._void_plan()

    def pause(self, hold: Hold) -> None:
        """Come to rest until `resume`."""
        self._pause = hold

    def resume(self) -> None:
        """Go on with the next chunk, from the newest measured pose."""
        if self._pause is not None:
            self._pause = None
            self._timeline.clear()
            # The robot may have been moved meanwhile.
            self._seeded = not self.limits.at_rest

    def reset(self, now: float) -> None:
        """Forget plan, tokens and pose: nothing captured up to `now` [s] acts any more."""
        self._void_plan()
        self.gate.void_captures_until(now)
        self._state.stamp = None
        self._fault = self._jumped = None
        self._seeded = False
        self._now = float('-inf')

    def tick(self, now: float) -> Command | None:
        """Return the command due at `now` [s], None while the robot's pose is unknown."""
        if now < self._now:
            self._forget_times(now)
        self._now = now
        if not self._seeded:
            return None
        hold = self.hold(now)
        if hold is None:
            plan = self._timeline.sample(now)
            target = self._idle_target.copy()
            target[self._columns] = plan
            positions = self.limits.follow(target)
        else:
            positions = self.limits.halt()
        return Command(positions, self.limits.velocities, hold)

    def hold(self, now: float) -> Hold | None:
        """Return why the plan is not played at `now` [s], None if it is."""
        if blocked := self._pause or self._jumped:
            return blocked
        return self._state.check(now) or self._tokens.check(now) or self._plan_problem(now)

    def _plan_problem(self, now: float) -> Hold | None:
        end = self._timeline.end
        if end is None:
            return self._fault or Hold(
                HoldReason.NO_CHUNK, 'the first chunk is not there yet: System 1 is solving')
        if now > end:
            return self._fault or Hold(
                HoldReason.CHUNK_ENDED,
                f'the plan ended {now - end:.2f} s ago: is System 1 too slow?')
        return None

    def _void_plan(self) -> None:
        self._timeline.clear()
        self._tokens.stamp = None

    def _forget_times(self, now: float) -> None:
        """Drop whatever carries a stamp of the clock before it jumped; the pose stays."""
        self._void_plan()
        self.gate.void_captures_until(float('-inf'))
        self._jumped = Hold(
            HoldReason.CLOCK_JUMPED,
            f'the clock went back to {now:.2f} s: waiting for newer inputs and a new plan')
