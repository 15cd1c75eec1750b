"""When the control tick runs: on the wall clock, or on a simulator's clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeAlias

from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node

from groot_ros.nodes.shared.pacing import RecentValues
from groot_ros.nodes.shared.realtime import real_time
from groot_ros.nodes.shared.stamps import now

WINDOW_S = 10.0
ROUNDING_S = 1e-6
LATE = 0.5
"""Fraction of the period from which on a tick counts as missed."""
FORWARD_JUMP_S = 1.0
"""Simulated time that goes on by as much at once was set, and no tick of it is missed [s]."""


class TickStatistics:
    """How punctual the ticks were.

    Attributes:
        ticks: Ticks due so far.
        missed: Ticks late by more than half a period, or skipped.

    Args:
        period: Time from one tick to the next [s].
    """

    def __init__(self, period: float) -> None:
        self._period = period
        self._lateness = RecentValues(int(WINDOW_S / period))
        self.ticks = 0
        self.missed = 0

    def count(self, lateness: float) -> int:
        """Count a tick that started `lateness` [s] after its time; returns the skipped ones."""
        skipped = max(0, int(lateness / self._period))
        self._lateness.add(lateness)
        self.ticks += 1 + skipped
        self.missed += skipped + (lateness - skipped * self._period > LATE * self._period)
        return skipped

    def lateness(self, fraction: float) -> float:
        """Return a quantile of the lateness over the newest seconds [s]."""
        return self._lateness.quantile(fraction)


class WallTicks:
    """Ticks at absolute times, from a thread that waits for nothing else.

    An executor's timer would wait for whatever callback runs before it.

    Args:
        node: Whose clock tells the time of a tick.
        rate: Ticks per second [Hz].
        tick: What to do in each, given its time [s].
        priority: SCHED_FIFO priority of the thread, 0 for none; see `real_time`.
    """

    def __init__(
        self, node: Node, rate: float, tick: Callable[[float], None], priority: int = 0
    ) -> None:
        self._node = node
        self._period = 1.0 / rate
        self._tick = tick
        self._priority = priority
        self.statistics = TickStatistics(self._period)
        self._failure: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name='tick', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the ticks; none runs after this returns."""
        self._stop.set()
        self._thread.join()

    def go_on_until(self, done: Callable[[], bool], patience: float) -> None:
        """Wait until `done` after a tick, at most `patience` [s]."""
        deadline = time.monotonic() + patience
        while self._thread.is_alive() and not done() and time.monotonic() < deadline:
            time.sleep(self._period)

    def check(self) -> None:
        """Raise what ended the ticks, if anything did."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._run_ticks()
        except Exception as error:  # handed to the executor's thread by `check`
            if self._node.context.ok():
                self._failure = error

    def _run_ticks(self) -> None:
        with ExitStack() as stack:
            try:
                stack.enter_context(real_time(self._priority))
            except PermissionError:
                self._node.get_logger().info(
                    'ticks run without real-time priority: raise it with `ulimit -r` or '
                    '/etc/security/limits.conf for fewer late ticks')
            self._tick_until_stopped()

    def _tick_until_stopped(self) -> None:
        due = time.monotonic() + self._period
        while not self._stop.is_set():
            time.sleep(max(0.0, due - time.monotonic()))
            skipped = self.statistics.count(time.monotonic() - due)
            due += (1 + skipped) * self._period
            self._tick(now(self._node))


class ClockTicks:
    """Ticks on the clock of a simulator, run when it is set: a timer would miss some.

    Args:
        node: Whose clock to follow.
        rate: Ticks per second of simulated time [Hz].
        tick: What to do in each, given its time [s].
    """

    def __init__(self, node: Node, rate: float, tick: Callable[[float], None]) -> None:
        self._node = node
        self._period = 1.0 / rate
        self._tick = tick
        self._due: float | None = None
        self.statistics = TickStatistics(self._period)
        threshold = JumpThreshold(
            min_forward=Duration(nanoseconds=1), min_backward=Duration(nanoseconds=-1),
            on_clock_change=True)
        self._clock = node.get_clock().create_jump_callback(
            threshold, post_callback=self._on_clock)

    def close(self) -> None:
        """End the ticks."""
        self._clock.unregister()

    def _on_clock(self, jump: TimeJump) -> None:
        """Run the tick that is due; a clock in larger steps than a tick skips some."""
        time_now = now(self._node)
        back = jump.delta.nanoseconds < 0
        if self._due is None or back or time_now - self._due >= FORWARD_JUMP_S:
            self._due = time_now
        lateness = time_now - self._due
        if lateness < -ROUNDING_S:
            return
        skipped = self.statistics.count(max(0.0, lateness))
        self._due += (1 + skipped) * self._period
        self._tick(time_now)


class StateTicks:
    """Ticks that come with the joint states of a simulator that waits for each; none is late.

    Args:
        rate: Ticks per second of simulated time [Hz].
        tick: What to do in each, given its time [s].
    """

    def __init__(self, rate: float, tick: Callable[[float], None]) -> None:
        self._tick = tick
        self.statistics = TickStatistics(1.0 / rate)

    def close(self) -> None:
        """End the ticks: there is nothing to end."""

    def run(self, time: float) -> None:
        """Run the tick of `time` [s]."""
        self.statistics.count(0.0)
        self._tick(time)


Ticks: TypeAlias = WallTicks | ClockTicks | StateTicks


def start_ticks(
    node: Node, rate: float, tick: Callable[[float], None], *, step_locked: bool, priority: int
) -> Ticks:
    """Return ticks on the clock that a node follows.

    Args:
        node: Whose clock tells the time of a tick.
        rate: Ticks per second [Hz].
        tick: What to do in each, given its time [s].
        step_locked: Whether a simulator waits for each.
        priority: SCHED_FIFO priority of ticks on the wall clock, 0 for none.
    """
    if step_locked:
        return StateTicks(rate, tick)
    if node.get_parameter('use_sim_time').value:
        return ClockTicks(node, rate, tick)
    return WallTicks(node, rate, tick, priority)
