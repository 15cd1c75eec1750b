"""Controllers with System 1 in their own process, to compare with; `tick.py` starts them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from rclpy.node import Node

from groot_ros.control import Hold
from groot_ros.embodiment import Embodiment
from groot_ros.model.finding import find_checkpoint
from groot_ros.model.policy import System1, load_system1
from groot_ros.nodes.controller.node import GIL_SWITCH_S, ControllerNode
from groot_ros.nodes.controller.parameters import ControllerParams
from groot_ros.nodes.controller.policy_source import LocalSource
from groot_ros.nodes.shared.lifecycle import run
from groot_ros.nodes.shared.stamps import now
from groot_ros.nodes.shared.ticks import TickStatistics
from groot_ros.nodes.solver.requests import Solution, SolveRequest


class InlineSolver:
    """Solves within the request."""

    def __init__(self, system1: System1, seed: int) -> None:
        self._system1 = system1
        self._seed = seed
        self._context: tuple[Any, Any] = (None, None)
        self._solution: Solution | None = None
        self.reset()

    def request(self, request: SolveRequest) -> bool:
        """See `Solver.request`."""
        self._solution = self._solve(request)
        return True

    def take(self, timeout: float = 0.0) -> Solution | None:
        """See `Solver.take`."""
        solution, self._solution = self._solution, None
        return solution

    def check(self) -> Hold | None:
        """See `Solver.check`."""
        return None

    def reset(self) -> None:
        """See `Solver.reset`."""
        self._random = np.random.default_rng(self._seed)

    def close(self) -> None:
        """See `Solver.close`."""

    def _solve(self, request: SolveRequest) -> Solution:
        started = time.perf_counter()
        if self._context[0] is not request.tokens:
            self._context = (request.tokens, self._system1.prepare(request.tokens))
        noise = self._system1.draw_noise(self._random)
        positions = self._system1.solve(
            self._context[1], request.state, noise, request.continuation)
        return Solution(request, positions, time.perf_counter() - started)


class ThreadSolver(InlineSolver):
    """Solves in a thread."""

    def __init__(self, system1: System1, seed: int) -> None:
        super().__init__(system1, seed)
        self._pool = ThreadPoolExecutor(1)
        self._answer: Future[Solution] | None = None

    def request(self, request: SolveRequest) -> bool:
        """See `Solver.request`."""
        self._answer = self._pool.submit(self._solve, request)
        return True

    def take(self, timeout: float = 0.0) -> Solution | None:
        """See `Solver.take`."""
        if self._answer is None or not self._answer.done():
            return None
        solution, self._answer = self._answer.result(), None
        return solution

    def close(self) -> None:
        """See `Solver.close`."""
        self._pool.shutdown()


class TimerTicks:
    """Ticks of a timer on the executor of the node, as `WallTicks` otherwise."""

    def __init__(self, node: Node, rate: float, tick: Callable[[float], None]) -> None:
        self._node, self._tick, self._period = node, tick, 1.0 / rate
        self.statistics = TickStatistics(self._period)
        self._timer = node.create_timer(self._period, self._run)
        self._due = time.monotonic() + self._period

    def close(self) -> None:
        """End the ticks."""
        self._node.destroy_timer(self._timer)

    def _run(self) -> None:
        skipped = self.statistics.count(max(0.0, time.monotonic() - self._due))
        self._due += (1 + skipped) * self._period
        self._tick(now(self._node))


class InProcessSource(LocalSource):
    """System 1 in the process of the controller."""

    def __init__(
        self, params: ControllerParams, embodiment: Embodiment,
        make_solver: Callable[[System1, int], InlineSolver],
    ) -> None:
        super().__init__(params, embodiment, load_system1)
        self.solver.close()
        system1 = load_system1(
            find_checkpoint(params.checkpoint), embodiment.model.embodiment_tag, params.runtime,
            params.threads)
        self.solver = make_solver(system1, params.seed)


class ThreadController(ControllerNode):
    """System 1 in a thread beside the ticks."""

    def _open_source(self) -> InProcessSource:
        return InProcessSource(self._params, self._embodiment, ThreadSolver)


class TimerController(ControllerNode):
    """System 1 and the ticks on the executor."""

    def _open_source(self) -> InProcessSource:
        return InProcessSource(self._params, self._embodiment, InlineSolver)

    def _start_ticks(self) -> TimerTicks:
        return TimerTicks(self, self._embodiment.rates.control_hz, self._on_tick)


SHAPES = {'timer': TimerController, 'thread': ThreadController}

if __name__ == '__main__':
    sys.setswitchinterval(GIL_SWITCH_S)
    sys.exit(run(SHAPES[sys.argv[1]]))
