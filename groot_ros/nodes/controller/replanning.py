"""When chunks are asked for, and when they are taken."""

from __future__ import annotations

from groot_ros.control import Hold
from groot_ros.nodes.shared.pacing import Pacer, RateMeter, RecentValues
from groot_ros.nodes.solver.requests import Solution, Solver, SolveRequest

SOLVER_PATIENCE_S = 30.0
"""Step-locked runs wait this long: a chunk that came late would make them differ."""


class Replanning:
    """One request at a time; its solution is taken when it is there, or after a fixed delay.

    Attributes:
        solves: Rate of solutions.
        solve_times: What they took [s].

    Args:
        solver: Makes chunks beside the ticks.
        rate: Of requests [Hz].
        delay_ticks: Ticks from a request to the use of its solution, for step-locked runs; None
            uses it as soon as it is there.
    """

    def __init__(self, solver: Solver, rate: float, delay_ticks: int | None) -> None:
        self._solver = solver
        self._pacer = Pacer(rate, slack=0.1)
        self._delay_ticks = delay_ticks
        self._ticks_left: int | None = None
        self.solves = RateMeter()
        self.solve_times = RecentValues(100)

    def hurry(self) -> None:
        """Let the next request go out at once: what was seen last must not wait for its turn."""
        self._pacer.expedite()

    def ready(self, now: float) -> bool:
        """Return whether a request may go out at `now` [s]; if so it has to."""
        return self._ticks_left is None and self._pacer.allows(now)

    def check(self) -> Hold | None:
        """Return why nobody makes chunks now, None if somebody does."""
        return self._solver.check()

    def ask(self, request: SolveRequest) -> None:
        """Ask for a chunk, if there is somebody to ask."""
        if self._solver.request(request):
            self._ticks_left = self._delay_ticks or 0

    def take(self, now: float) -> Solution | None:
        """Return the solution due in this tick, if there is one."""
        if self._ticks_left is None:
            return None
        self._ticks_left -= 1
        if self._delay_ticks and self._ticks_left > 0:
            return None
        solution = self._solver.take(SOLVER_PATIENCE_S if self._delay_ticks else 0.0)
        if solution is not None:
            self._ticks_left = None
            self.solves.count(now)
            self.solve_times.add(solution.solve_time)
        return solution

    def reset(self) -> None:
        """Drop the request under way; the noise starts anew."""
        self._solver.reset()
        self._ticks_left = None
        self._pacer.expedite()
