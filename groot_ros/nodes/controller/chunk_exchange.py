"""Requests to System 1, and what becomes of its solutions. No rclpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groot_ros.control import ActionChunk, ChunkError, Hold, HoldReason, Playback, TokenOrigin
from groot_ros.model.policy import Continuation, GoalTokens
from groot_ros.nodes.controller.replanning import Replanning
from groot_ros.nodes.shared.pacing import RecentValues
from groot_ros.nodes.solver.requests import Solution, SolveRequest
from groot_ros.observation import ObservationContext


@dataclass(frozen=True, slots=True)
class ReceivedTokens:
    """Goal tokens, or what a policy server plans from, and where they come from."""

    tokens: GoalTokens | ObservationContext
    origin: TokenOrigin
    sequence: int


class ChunkExchange:
    """Asks for chunks and joins those that come to the plan.

    Attributes:
        latencies: From the capture of an image to the first command that follows from it [s].

    Args:
        playback: Has the plan.
        replanning: Makes chunks.
        action_period: Time from one row of a chunk to the next [s].
    """

    def __init__(self, playback: Playback, replanning: Replanning, action_period: float) -> None:
        self._playback = playback
        self._replanning = replanning
        self._action_period = action_period
        self._acted_on = -1  # sequence of the goal tokens behind the newest chunk
        self._chunks = 0
        self.latencies = RecentValues(100)

    def join_next(self, now: float) -> ActionChunk | None:
        """Return the chunk that joined the plan in the tick at `now` [s], if one did."""
        solution = self._replanning.take(now)
        return None if solution is None else self._join(solution, now)

    def ask(
        self, received: ReceivedTokens, state: NDArray[np.float32], stamp: float, now: float
    ) -> None:
        """Ask for the next chunk if it is time and the solver is free.

        Args:
            received: The newest goal tokens.
            state: Positions of the model's state groups [rad], shape (state_dim,).
            stamp: Time of `state` [s].
            now: Time of the tick [s].
        """
        if not self._playback.wants_chunk(now) or not self._replanning.ready(now):
            return
        origin = received.origin
        self._replanning.ask(SolveRequest(
            received.tokens, state, stamp, origin.epoch, received.sequence, origin.stamp,
            self._continuation(stamp)))

    def _continuation(self, stamp: float) -> Continuation | None:
        """Return what a chunk for the state at `stamp` [s] shall continue, if anything."""
        shared = self._playback.shared(stamp, self._action_period)
        if shared is None:
            return None
        return Continuation(shared.positions.astype(np.float32), shared.frozen)

    def _join(self, solution: Solution, now: float) -> ActionChunk | None:
        request = solution.request
        if solution.error:
            self._playback.on_failure(Hold(solution.reason, solution.error))
            return None
        try:
            chunk = ActionChunk(
                request.stamp, self._action_period, solution.positions, request.epoch,
                self._chunks + 1, request.sequence,
                request.continuation.frozen if request.continuation else 0, solution.solve_time)
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
