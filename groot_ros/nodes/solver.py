"""System 1 beside the tick: a thread that spends its time in a runtime without the GIL."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groot_ros.model.policy import GoalTokens, System1

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SolveRequest:
    """What one chunk is to be predicted from.

    Attributes:
        tokens: Goal tokens; the same object is prepared only once.
        state: Positions of the model's state groups [rad], shape (state_dim,).
        stamp: Time of `state` [s].
        epoch: Epoch of the tokens.
        sequence: Sequence of the token message.
        capture: Capture time of the observation behind the tokens [s].
    """

    tokens: GoalTokens
    state: FloatArray
    stamp: float
    epoch: int
    sequence: int
    capture: float


@dataclass(frozen=True, slots=True)
class Solution:
    """A predicted chunk.

    Attributes:
        request: What it was predicted from.
        positions: Joint targets [rad], shape (action_horizon, action_dim).
        solve_time: What it took [s].
        error: Why there are no positions; empty if there are.
    """

    request: SolveRequest
    positions: FloatArray
    solve_time: float
    error: str = ''


class ChunkSolver:
    """Solves one request at a time in a thread of its own.

    Args:
        system1: The action head.
        seed: Of the noise that chunks are denoised from.
    """

    def __init__(self, system1: System1, seed: int) -> None:
        self._system1 = system1
        self._seed = seed
        self._random = np.random.default_rng(seed)
        self._changed = threading.Condition()
        self._request: SolveRequest | None = None
        self._solution: Solution | None = None
        self._stopping = False
        self._prepared: tuple[GoalTokens, Any] | None = None
        self._thread = threading.Thread(target=self._work, name='solver', daemon=True)
        self._thread.start()

    def request(self, request: SolveRequest) -> bool:
        """Ask for a chunk; returns False while the one before is not taken yet."""
        with self._changed:
            if self._request is not None or self._solution is not None:
                return False
            self._request = request
            self._changed.notify_all()
            return True

    def take(self, timeout: float = 0.0) -> Solution | None:
        """Return the solution and make room for the next request.

        Args:
            timeout: How long to wait for a request under way [s].

        Returns:
            None if nothing was asked for or it is not ready in time.
        """
        with self._changed:
            if timeout > 0.0:
                self._changed.wait_for(
                    lambda: self._solution is not None or self._request is None, timeout)
            solution, self._solution = self._solution, None
            return solution

    def reset(self) -> None:
        """Drop what is under way and draw the noise anew from the seed."""
        with self._changed:
            self._changed.wait_for(lambda: self._request is None)
            self._solution = None
            self._random = np.random.default_rng(self._seed)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._request is not None or self._stopping)
                request = self._request
            if self._stopping or request is None:
                return
            solution = self._solve(request)
            with self._changed:
                self._request, self._solution = None, solution
                self._changed.notify_all()

    def _solve(self, request: SolveRequest) -> Solution:
        started = time.perf_counter()
        try:
            if self._prepared is None or self._prepared[0] is not request.tokens:
                self._prepared = (request.tokens, self._system1.prepare(request.tokens))
            noise = self._system1.draw_noise(self._random)
            positions = self._system1.solve(self._prepared[1], request.state, noise)
        except Exception as error:  # whatever a runtime raises, the robot must hold
            return Solution(
                request, np.zeros((0, 0), np.float32), time.perf_counter() - started, str(error))
        return Solution(request, positions, time.perf_counter() - started)
