"""Time that goes on step by step with the policy, as fast as it answers."""

import time
from collections.abc import Callable
from typing import Protocol

from rclpy.executors import Executor

from groot_ros.simulation.step_lock import StepLock

IDLE_S = 0.05
SERVED_WHEN_LATE = 4


class Stepped(Protocol):
    """What goes on with the policy: a simulator, or a recording.

    Attributes:
        tick: Counts the ticks.
        running: Whether time goes on at all.
    """

    tick: int
    running: bool

    def publish_tick(self) -> None:
        """Publish what the sensors see now."""

    def publish_idle(self) -> None:
        """Keep late joiners informed while time stands still."""

    def advance(self) -> None:
        """Go on to the next tick."""

    def report_wait(self, what: str) -> None:
        """Tell the user what was waited for in vain."""


def run_step_locked(
    stepped: Stepped,
    executor: Executor,
    lock: StepLock,
    *,
    patience: float,
    is_up: Callable[[], bool],
) -> None:
    """Go on as fast as the policy answers; give up on an answer after `patience` [s]."""
    while is_up():
        if not stepped.running:
            stepped.publish_idle()
            spin_until(executor, lambda: stepped.running, time.monotonic() + IDLE_S, is_up)
            continue
        _wait(stepped, executor, lambda: lock.tokens_are_here(stepped.tick),
              what='goal tokens of the newest image', patience=patience, is_up=is_up)
        stepped.publish_tick()
        _wait(stepped, executor, lock.tick_is_done,
              what='the controller to report its tick done', patience=patience, is_up=is_up)
        stepped.advance()


def _wait(
    stepped: Stepped,
    executor: Executor,
    condition: Callable[[], bool],
    *,
    what: str,
    patience: float,
    is_up: Callable[[], bool],
) -> None:
    """Serve callbacks until the condition holds, time is stopped or patience ends."""
    spin_until(
        executor, lambda: condition() or not stepped.running, time.monotonic() + patience, is_up)
    if stepped.running and not condition() and is_up():
        stepped.report_wait(what)


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
