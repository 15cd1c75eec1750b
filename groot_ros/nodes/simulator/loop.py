"""How simulated time passes: with the wall clock, or step by step with the policy."""

import time
from collections.abc import Callable
from typing import Protocol

from rclpy.executors import Executor

from groot_ros.simulation.step_lock import StepLock

# A loop this far behind its deadlines starts them anew: time then passes more slowly [s].
MAX_DELAY_S = 0.25
IDLE_S = 0.05
SERVED_WHEN_LATE = 4


class Simulator(Protocol):
    """What a loop needs of the simulator node."""

    tick: int
    running: bool

    def publish_tick(self) -> None:
        """Publish what the sensors see now."""

    def publish_idle(self) -> None:
        """Keep late joiners informed while time stands still."""

    def advance(self) -> None:
        """Simulate one tick."""

    def report_wait(self, what: str) -> None:
        """Tell the user what the simulation waited for in vain."""


def run_in_real_time(
    simulator: Simulator, executor: Executor, period: float, is_up: Callable[[], bool]
) -> None:
    """Simulate one tick every `period` [s] of the wall clock, at absolute deadlines."""
    deadline = time.monotonic()
    while is_up():
        simulator.publish_tick()
        simulator.advance()
        deadline = max(deadline + period, time.monotonic() - MAX_DELAY_S)
        spin_until(executor, lambda: False, deadline, is_up)


def run_step_locked(
    simulator: Simulator,
    executor: Executor,
    lock: StepLock,
    *,
    patience: float,
    is_up: Callable[[], bool],
) -> None:
    """Simulate as fast as the policy answers; give up on an answer after `patience` [s]."""
    while is_up():
        if not simulator.running:
            simulator.publish_idle()
            spin_until(
                executor, lambda: simulator.running, time.monotonic() + IDLE_S, is_up)
            continue
        _wait(simulator, executor, lambda: lock.tokens_are_here(simulator.tick),
              what='goal tokens of the newest image', patience=patience, is_up=is_up)
        simulator.publish_tick()
        _wait(simulator, executor, lock.tick_is_done,
              what='the controller to report its tick done', patience=patience, is_up=is_up)
        simulator.advance()


def _wait(
    simulator: Simulator,
    executor: Executor,
    condition: Callable[[], bool],
    *,
    what: str,
    patience: float,
    is_up: Callable[[], bool],
) -> None:
    """Serve callbacks until the condition holds, the simulator is paused or patience ends."""
    spin_until(
        executor, lambda: condition() or not simulator.running, time.monotonic() + patience, is_up)
    if simulator.running and not condition() and is_up():
        simulator.report_wait(what)


def spin_until(
    executor: Executor,
    condition: Callable[[], bool],
    deadline: float,
    is_up: Callable[[], bool],
) -> None:
    """Serve callbacks until `condition` holds or the monotonic `deadline` [s] is reached.

    A loop that is late serves a few all the same: commands and services must not starve.
    """
    served = 0
    while is_up() and not condition():
        remaining = deadline - time.monotonic()
        if remaining <= 0.0 and served >= SERVED_WHEN_LATE:
            return
        executor.spin_once(timeout_sec=max(0.0, remaining))
        served += 1
