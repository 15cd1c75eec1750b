"""System 1 beside the tick, in a process that shares neither interpreter nor fate with it."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable

import numpy as np

from groot_ros.control import Hold, HoldReason
from groot_ros.model.policy import System1
from groot_ros.nodes.solver.child import Child, SolverError
from groot_ros.nodes.solver.messages import Answer, Errand, Facts
from groot_ros.nodes.solver.requests import Solution, SolveRequest

MOST_DEATHS = 5
"""In a row, without a chunk in between, before nobody tries again."""
FIRST_BACK_OFF_S = 0.1
"""From a death to the next start; doubled with every further one in a row."""
ENDED = Hold(HoldReason.SOLVER_DEAD, 'the process of System 1 ended')
NOTHING = np.zeros((0, 0), np.float32)


class SolverProcess:
    """Solves one request at a time in a child process, which is replaced when it dies.

    No call waits for System 1 unless it is told to. A thread waits for the end of the child; it
    also starts them, because the kernel ends a child with the thread that started it.

    Attributes:
        facts: Fingerprint and processor of System 1, and whether it inpaints.

    Args:
        make: Makes System 1 in the child: a function of a module, or a `functools.partial` of
            one, and arguments that can be pickled.
        seed: Of the noise that chunks are denoised from.

    Raises:
        SolverError: If System 1 cannot be loaded.
    """

    def __init__(self, make: Callable[[], System1], seed: int) -> None:
        self._errand = Errand(pickle.dumps(make), seed)
        self._lock = threading.Lock()
        self._serving: Child | None = None
        self._newest: Child | None = None
        self._hold: Hold | None = None
        self._under_way: tuple[SolveRequest, Child] | None = None
        self._number = self._answered = 0
        self._restart_noise = False
        self._closing = threading.Event()
        self._loaded = threading.Event()
        self._failure: SolverError | None = None
        self._thread = threading.Thread(target=self._supervise, name='solver', daemon=True)
        self._thread.start()
        try:
            self._loaded.wait()
        except BaseException:  # Ctrl-C while it loads
            self.close()
            raise
        if self._failure is not None:
            raise self._failure

    def request(self, request: SolveRequest) -> bool:
        """Ask for a chunk; returns False while the one before is not taken, or nobody serves."""
        with self._lock:
            child = self._serving
            if child is None or self._under_way is not None:
                return False
            if not child.ask(self._number + 1, request, restart_noise=self._restart_noise):
                return False
            self._number += 1
            self._under_way, self._restart_noise = (request, child), False
            return True

    def take(self, timeout: float = 0.0) -> Solution | None:
        """Return the solution and make room for the next request; see `Solver.take`."""
        with self._lock:
            if self._under_way is None:
                return None
            request, child = self._under_way
            if child is not self._serving:
                self._under_way = None
                return Solution(
                    request, NOTHING, 0.0, 'the process of System 1 ended before it answered',
                    HoldReason.SOLVER_DEAD)
            while (answer := child.answer(timeout)) is not None:
                if answer.number == self._number:  # else of a request before a reset
                    self._under_way = None
                    return self._solution(request, answer)
            return None

    def check(self) -> Hold | None:
        """Return why nobody solves now: the process died, and is started again if it can be."""
        with self._lock:
            if self._serving is not None and self._serving.has_ended():
                return ENDED
            return self._hold

    def reset(self) -> None:
        """Drop what is under way and draw the noise anew from the seed."""
        with self._lock:
            self._under_way, self._restart_noise = None, True

    def close(self) -> None:
        """End the process and the thread."""
        self._closing.set()
        if self._newest is not None:
            self._newest.kill()
        self._thread.join()

    def _solution(self, request: SolveRequest, answer: Answer) -> Solution:
        self._answered += 1
        if answer.positions is None:
            return Solution(
                request, NOTHING, answer.solve_time, f'System 1 failed: {answer.error}')
        return Solution(request, answer.positions, answer.solve_time)

    def _supervise(self) -> None:
        """Keep one child at work until `close`, or until too many died in a row."""
        deaths = 0
        while not self._closing.is_set() and deaths <= MOST_DEATHS:
            answered = self._answered
            reason = self._live()
            if not self._loaded.is_set():
                self._failure = SolverError(reason)
                self._loaded.set()
                return
            deaths = 1 if self._answered > answered else deaths + 1
            again = deaths <= MOST_DEATHS
            self._hold = Hold(HoldReason.SOLVER_DEAD, f'{reason}: ' + (
                'it is started again' if again else
                f'it did so {deaths} times in a row, restart the controller'))
            self._closing.wait(FIRST_BACK_OFF_S * 2.0 ** (deaths - 1))

    def _live(self) -> str:
        """Serve with one child until it dies; returns what became of it."""
        try:
            child = self._newest = Child(self._errand)
        except OSError as error:
            return f'there is no process for System 1: {error}'
        if self._closing.is_set():  # after `close` looked for the newest one
            child.kill()
        try:
            facts = child.wait_until_loaded()
            if self._loaded.is_set() and facts.fingerprint != self.facts.fingerprint:
                child.kill()
                return (f'the checkpoint changed from {self.facts.fingerprint} to '
                        f'{facts.fingerprint} while the process of System 1 was restarted')
            self._begin(child, facts)
            return f'the process of System 1 ended with code {child.wait()}'
        except SolverError as error:
            return str(error)
        finally:
            self._end(child)

    def _begin(self, child: Child, facts: Facts) -> None:
        with self._lock:
            self.facts = facts
            self._serving, self._hold = child, None
            self._restart_noise = False  # a new process begins with the seed
        self._loaded.set()

    def _end(self, child: Child) -> None:
        with self._lock:
            self._serving, self._hold = None, ENDED
        child.kill()
        child.wait()
        child.close()
