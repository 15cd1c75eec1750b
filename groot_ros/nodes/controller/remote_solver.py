"""A policy server beside the tick: one question at a time, in a thread that waits for it."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait

import numpy as np

from groot_ros.control import Hold, HoldReason
from groot_ros.nodes.solver.requests import Solution, SolveRequest
from groot_ros.observation import ObservationContext
from groot_ros.serving import ServerTimeoutError, ServingError
from groot_ros.serving.remote_policy import RemotePolicy


class RemoteSolver:
    """A `Solver` that asks a policy server.

    Neither `reset` nor `close` waits for an answer under way.

    Args:
        policy: The server's; closed with the solver.
    """

    def __init__(self, policy: RemotePolicy) -> None:
        self._policy = policy
        self._pool = ThreadPoolExecutor(1, 'remote_solver')
        self._answer: Future[Solution] | None = None
        self._cancelled = threading.Event()

    def request(self, request: SolveRequest) -> bool:
        """Ask for a chunk; returns False while the one before is not taken yet."""
        if self._answer is not None:
            return False
        self._answer = self._pool.submit(self._solve, request, self._cancelled)
        return True

    def take(self, timeout: float = 0.0) -> Solution | None:
        """Return the solution and make room for the next request.

        Args:
            timeout: How long to wait for a request under way [s].

        Returns:
            None if nothing was asked for or it is not ready in time.
        """
        if self._answer is None or not wait([self._answer], timeout).done:
            return None
        solution, self._answer = self._answer.result(), None
        return solution

    def check(self) -> Hold | None:
        """Return None: the thread never dies, and each answer says what is wrong."""

    def reset(self) -> None:
        """Drop what is under way and begin a new episode on the server."""
        self._cancel()
        self._pool.submit(self._reset, self._cancelled)

    def close(self) -> None:
        """End the call under way, the thread and the connection."""
        self._cancel()
        self._cancelled.set()
        self._pool.shutdown(cancel_futures=True)
        self._policy.close()

    def _cancel(self) -> None:
        """End what was asked for so far, at the next look at its event."""
        self._cancelled.set()
        self._cancelled = threading.Event()
        self._answer = None

    def _solve(self, request: SolveRequest, cancelled: threading.Event) -> Solution:
        assert isinstance(request.tokens, ObservationContext)
        started = time.perf_counter()
        try:
            positions = self._policy.act(request.tokens, request.state, cancelled)
        except ServerTimeoutError as error:
            failure = f'{error} If it is that slow, raise backend_timeout_s.'
            reason = HoldReason.SERVER_UNREACHABLE
        except Exception as error:  # whatever comes of an answer, the robot must hold
            failure, reason = str(error), HoldReason.SOLVER_FAILED
        else:
            return Solution(request, positions, time.perf_counter() - started)
        return Solution(request, np.zeros((0, 0), np.float32), time.perf_counter() - started,
                        failure, reason)

    def _reset(self, cancelled: threading.Event) -> None:
        with contextlib.suppress(ServingError):  # the next question tells
            self._policy.reset(cancelled)
