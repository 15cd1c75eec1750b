"""What happens in one control tick: take the new chunk, play, ask for the next one. No rclpy."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.control import (
    ActionChunk,
    ChunkError,
    Command,
    Hold,
    HoldReason,
    LimitCounters,
    Playback,
    TokenOrigin,
)
from groot_ros.embodiment import Embodiment
from groot_ros.model.policy import GoalTokens
from groot_ros.nodes.instruction import Assignment
from groot_ros.nodes.pacing import RateMeter, RecentValues
from groot_ros.nodes.replanning import Replanning
from groot_ros.nodes.solver import Solution, SolveRequest

ROUNDING_S = 1e-6
SOLVABLE = frozenset({
    HoldReason.NO_CHUNK, HoldReason.CHUNK_ENDED, HoldReason.BAD_CHUNK, HoldReason.SOLVER_FAILED,
    HoldReason.CLOCK_JUMPED})
"""Reasons that a new chunk ends; the others last until an input comes."""


@dataclass(frozen=True, slots=True)
class ReceivedTokens:
    """Goal tokens and where they come from."""

    tokens: GoalTokens
    origin: TokenOrigin
    sequence: int


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
        latencies: From the capture of an image to the first command that follows from it [s].
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
        self._action_period = action_period
        self._vision_delay = vision_delay
        self._state: tuple[NDArray[np.float32], float] | None = None
        self._tokens: ReceivedTokens | None = None
        self._waiting: list[ReceivedTokens] = []
        self._state_problem: Hold | None = None
        self._token_problem: Hold | None = None
        self._reset_at = float('-inf')
        self._acted_on = -1  # sequence of the goal tokens behind the newest chunk
        self._chunks = self.refused = 0
        self.assignment: Assignment | None = None
        self.engaged = False
        self.latencies = RecentValues(100)
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
            self._playback.require_epoch(assignment.epoch)

    def pause(self, paused: bool) -> None:
        """Come to rest, or go on from there."""
        with self._lock:
            if paused:
                self._playback.pause(Hold(
                    HoldReason.PAUSED_BY_USER, 'paused: call pause with data false to go on'))
            else:
                self._playback.resume()

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
    def seams(self) -> int:
        """Chunks joined to the one before."""
        return self._playback.seams

    @property
    def limits(self) -> LimitCounters:
        """How often limits acted."""
        return self._playback.limits.counters

    def tick(self, now: float) -> Tick:
        """Run one tick at `now` [s]."""
        with self._lock:
            if now < self._reset_at:
                self._reset_at = float('-inf')  # the clock went back: its stamps start anew
            self._accept_waiting(now)
            chunk = self._join_next(now)
            command = self._playback.tick(now)
            self._ask(command, now)
            self.engaged |= command is not None and command.hold is None
            if self.engaged:
                self.commands.count(now)
            return Tick(command if self.engaged else None, chunk)

    def hold(self, now: float) -> Hold | None:
        """Return why the robot rests, None while it plays a plan."""
        hold = self._playback.hold(now)
        if hold is None:
            return None
        if self._state_problem is not None:
            return self._state_problem
        if hold.reason in (HoldReason.NO_TOKENS, HoldReason.STALE_TOKENS):
            if self.assignment is not None and not self.assignment.text:
                return Hold(HoldReason.NO_INSTRUCTION, 'nothing to do: call set_instruction')
            return self._token_problem or hold
        return hold

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

    def _join_next(self, now: float) -> ActionChunk | None:
        """Return the chunk that joined the plan in this tick, if one did."""
        solution = self.replanning.take(now)
        return None if solution is None else self._join(solution, now)

    def _join(self, solution: Solution, now: float) -> ActionChunk | None:
        request = solution.request
        if solution.error:
            self._playback.on_failure(Hold(
                HoldReason.SOLVER_FAILED, f'System 1 failed: {solution.error}'))
            return None
        try:
            chunk = ActionChunk(
                request.stamp, self._action_period, solution.positions, request.epoch,
                self._chunks + 1, request.sequence)
        except ChunkError as error:
            self._playback.on_failure(Hold(HoldReason.BAD_CHUNK, str(error)))
            return None
        if self._playback.on_chunk(chunk, now) is not None:
            return None
        self._chunks += 1
        if request.sequence != self._acted_on:
            self._acted_on = request.sequence
            self.latencies.add(now - request.capture)
        return chunk

    def _ask(self, command: Command | None, now: float) -> None:
        """Ask for the next chunk if its inputs are good and the solver is free."""
        if command is None or self._tokens is None or self._state is None:
            return
        if command.hold is not None and command.hold.reason not in SOLVABLE:
            return
        if not self.replanning.ready(now):
            return
        state, stamp = self._state
        origin = self._tokens.origin
        self.replanning.ask(SolveRequest(
            self._tokens.tokens, state, stamp, origin.epoch, self._tokens.sequence,
            origin.stamp))
