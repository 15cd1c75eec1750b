"""What happens in one control tick: take the new chunk, play, ask for the next one. No rclpy."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.control import (
    ActionChunk,
    Command,
    Hold,
    HoldReason,
    LimitCounters,
    Playback,
    StopSettings,
)
from groot_ros.embodiment import Embodiment
from groot_ros.nodes.controller.chunk_exchange import ChunkExchange, ReceivedTokens
from groot_ros.nodes.controller.replanning import Replanning
from groot_ros.nodes.shared.instruction import Assignment
from groot_ros.nodes.shared.pacing import RateMeter, RecentValues

ROUNDING_S = 1e-6
SOLVABLE = frozenset({
    HoldReason.NO_CHUNK, HoldReason.CHUNK_ENDED, HoldReason.BAD_CHUNK, HoldReason.SOLVER_FAILED,
    HoldReason.CLOCK_JUMPED, HoldReason.SERVER_UNREACHABLE, HoldReason.DISAGREEMENT,
    HoldReason.DELAY_TOO_LONG, HoldReason.SOLVER_DEAD})
"""Reasons that a new chunk ends; the others last until an input comes."""
LAST_WORDS_S = 0.5
"""How long the point of rest is sent after an emergency stop, before the outputs fall silent."""


class Tick(NamedTuple):
    """What came of a tick: a command to send, if any, and a new chunk, if any."""

    command: Command | None
    chunk: ActionChunk | None


class ControlCycle:
    """Playback and replanning together; inputs may come from other threads than the ticks.

    Attributes:
        assignment: The instruction in force, None before one is known.
        engaged: Whether a plan was played since the last reset.
        refused: Messages that could not be used.
        commands: Rate of commands.

    Args:
        embodiment: The robot.
        playback: Decides what to command.
        replanning: Makes chunks.
        action_period: Time from one row of a chunk to the next [s].
        vision_delay: Age at which goal tokens are used first [s]; None uses them at once.
    """

    def __init__(
        self, embodiment: Embodiment, playback: Playback, replanning: Replanning, *,
        action_period: float, vision_delay: float | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._state_columns = embodiment.group_indices(embodiment.model.state)
        self._playback = playback
        self.replanning = replanning
        self._exchange = ChunkExchange(playback, replanning, action_period)
        self._vision_delay = vision_delay
        self._state: tuple[NDArray[np.float32], float] | None = None
        self._tokens: ReceivedTokens | None = None
        self._waiting: list[ReceivedTokens] = []
        self._state_problem: Hold | None = None
        self._token_problem: Hold | None = None
        self._now = self._reset_at = float('-inf')
        self.refused = 0
        self._rested_at: float | None = None
        self.assignment: Assignment | None = None
        self.engaged = False
        self.commands = RateMeter(120)

    def on_state(self, positions: NDArray[np.float64], stamp: float) -> None:
        """Take measured positions [rad], shape (num_joints,), captured at `stamp` [s]."""
        with self._lock:
            if stamp <= self._reset_at:
                return  # still on its way when the reset came: the robot may be elsewhere now
            problem = self._playback.on_state(positions, stamp)
            if problem is None:
                self._state = (positions[self._state_columns].astype(np.float32), stamp)
            self._state_problem = problem
            self.refused += problem is not None

    def on_refused_state(self, hold: Hold) -> None:
        """Note that joint states cannot be used."""
        with self._lock:
            self._state_problem = hold
            self.refused += 1

    def on_tokens(self, received: ReceivedTokens, now: float) -> None:
        """Take goal tokens, in a step-locked run for use after the delay of vision."""
        with self._lock:
            if self._vision_delay is None:
                self._accept(received, now)
            else:
                self._waiting.append(received)

    def on_refused_tokens(self, hold: Hold) -> None:
        """Note that a message held no goal tokens."""
        with self._lock:
            self._token_problem = hold
            self.refused += 1

    def on_assignment(self, assignment: Assignment) -> None:
        """Void what was planned for an earlier instruction."""
        with self._lock:
            self.assignment = assignment
            self._playback.stops.emergency.on_instruction(assignment.text, assignment.epoch)
            self._playback.require_epoch(assignment.epoch)

    def tune(self, stops: StopSettings) -> None:
        """Take other limits beyond which the robot rests."""
        with self._lock:
            self._playback.tune(stops)

    def pause(self, paused: bool) -> bool:
        """Come to rest, or go on from there; returns whether it was paused before."""
        with self._lock:
            before = self._playback.stops.is_blocked(HoldReason.PAUSED_BY_USER)
            if paused:
                self._playback.pause(Hold(
                    HoldReason.PAUSED_BY_USER, 'paused: call pause with data false to go on'))
            else:
                self._playback.resume()
            return before

    def block(self, hold: Hold, until: float) -> None:
        """Come to rest until a time [s]."""
        with self._lock:
            self._playback.stops.block(hold, until)

    def on_deadman(self, pressed: bool, now: float) -> None:
        """Take the deadman button as it is at `now` [s]."""
        with self._lock:
            if self._playback.stops.deadman is not None:
                self._playback.stops.deadman.update(pressed, now)

    def on_observation(self, stamp: float) -> None:
        """Take note of an observation captured at `stamp` [s]."""
        with self._lock:
            if self._playback.stops.observation is not None:
                self._playback.stops.observation.stamp = stamp

    def reset(self, now: float) -> None:
        """Forget everything captured up to `now` [s]; the noise starts anew."""
        with self._lock:
            self.replanning.reset()
            self._playback.reset(now)
            self._reset_at = now
            self._state = self._tokens = self._state_problem = self._token_problem = None
            self._waiting.clear()
            self.engaged = False

    @property
    def at_rest(self) -> bool:
        """Whether the last command does not move."""
        return self._playback.limits.at_rest

    @property
    def latencies(self) -> RecentValues:
        """From the capture of an image to the first command that follows from it [s]."""
        return self._exchange.latencies

    @property
    def seams(self) -> int:
        """Chunks joined to the one before."""
        return self._playback.seams

    @property
    def delay_ticks(self) -> int:
        """Ticks from the capture of a joint state to the use of its chunk."""
        return self._playback.delay_ticks

    @property
    def stops(self) -> int:
        """Times the robot was brought to rest while it played a plan."""
        return self._playback.stop_count

    @property
    def limits(self) -> LimitCounters:
        """How often limits acted."""
        return self._playback.limits.counters

    def tick(self, now: float) -> Tick:
        """Run one tick at `now` [s]."""
        with self._lock:
            if now < max(self._now, self._reset_at):
                self._forget_later(now)
            self._now = now
            self._accept_waiting(now)
            self._watch_solver()
            chunk = self._exchange.join_next(now)
            command = self._playback.tick(now)
            self._ask(command, now)
            self._engage(command, now)
            if self.engaged:
                self.commands.count(now)
            return Tick(command if self.engaged else None, chunk)

    def _engage(self, command: Command | None, now: float) -> None:
        """Send commands from the first plan on; fall silent once an emergency stop is over.

        A robot that is moved or loses power while it is stopped must not be driven back.
        """
        if command is None or command.hold is None:
            self.engaged |= command is not None
            self._rested_at = None
        elif command.hold.reason is not HoldReason.EMERGENCY_STOP or not self.at_rest:
            self._rested_at = None
        elif self._rested_at is None:
            self._rested_at = now
        elif not 0.0 <= now - self._rested_at <= LAST_WORDS_S:
            self.engaged = False

    def hold(self, now: float) -> Hold | None:
        """Return why the robot rests, None while it plays a plan."""
        hold = self._playback.hold(now)
        if hold is None or hold == self._playback.stops.asked_for(now):
            return hold
        if self._state_problem is not None:
            return self._state_problem
        if hold.reason in (HoldReason.NO_TOKENS, HoldReason.STALE_TOKENS):
            if self.assignment is not None and not self.assignment.text:
                return Hold(HoldReason.NO_INSTRUCTION, 'nothing to do: call set_instruction')
            return self._token_problem or hold
        return hold

    def _forget_later(self, now: float) -> None:
        """Drop what has a stamp later than `now` [s], to which the clock went back."""
        self._reset_at = float('-inf')
        self._waiting = [each for each in self._waiting if each.origin.stamp <= now]
        if self._tokens is not None and self._tokens.origin.stamp > now:
            self._tokens = None
        if self._state is not None and self._state[1] > now:
            self._state = None

    def _accept(self, received: ReceivedTokens, now: float) -> None:
        self._token_problem = self._playback.on_tokens(received.origin, now)
        if self._token_problem is None:
            self._tokens = received
            self.replanning.hurry()
        else:
            self.refused += 1

    def _accept_waiting(self, now: float) -> None:
        while self._vision_delay is not None and self._waiting and (
                now >= self._waiting[0].origin.stamp + self._vision_delay - ROUNDING_S):
            self._accept(self._waiting.pop(0), now)

    def _watch_solver(self) -> None:
        """Rest while nobody makes chunks."""
        hold = self.replanning.check()
        if hold is not None:
            self._playback.stops.block(hold)
        else:
            self._playback.stops.unblock(HoldReason.SOLVER_DEAD)

    def _ask(self, command: Command | None, now: float) -> None:
        """Ask for the next chunk if its inputs are good and the solver is free."""
        if command is None or self._tokens is None or self._state is None:
            return
        if command.hold is not None and command.hold.reason not in SOLVABLE:
            return
        self._exchange.ask(self._tokens, *self._state, now)
