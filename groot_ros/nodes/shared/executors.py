"""What calls a node's callbacks: one thread driven by events, or two threads."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from rclpy.exceptions import InvalidHandle
from rclpy.executors import (
    Executor,
    MultiThreadedExecutor,
    SingleThreadedExecutor,
    WaitableEntityType,
)
from rclpy.node import Node
from rclpy.task import Task


def event_executor() -> Executor:
    """Return an executor for one thread.

    The one driven by events takes half the CPU time of the other at 120 messages a second
    (controller: 24 instead of 41 % of a core) and halves the lateness of ticks.
    """
    try:
        from rclpy.experimental import EventsExecutor
    except ImportError:  # came to Jazzy after its release
        return SingleThreadedExecutor()
    return EventsExecutor()


class ThreadedExecutor(MultiThreadedExecutor):
    """Calls back in two threads, none of which outlives it.

    rclpy's own ends while callbacks still run (7.1: `Executor.shutdown` looks for work only if it
    is not shut down, which it has just noted that it is). These would then use a node that is
    destroyed. Nor does it bear a callback in one thread, as that of a transition, that destroys
    what the other thread is about to wait for.
    """

    def __init__(self) -> None:
        super().__init__(num_threads=2)

    def wait_for_ready_callbacks(
        self, *args: Any, **kwargs: Any
    ) -> tuple[Task, WaitableEntityType, Node]:
        """Return the next callback that is ready; what was destroyed meanwhile is none."""
        while True:
            with suppress(InvalidHandle):
                return super().wait_for_ready_callbacks(*args, **kwargs)

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Wait for the callbacks under way and end; call it from no callback.

        Args:
            timeout_sec: Plays no part: the interpreter would wait for these threads as well.
        """
        self._executor.shutdown()
        if not self.context.ok():  # SIGINT ended what callbacks used: no fault of theirs
            for task in self._futures:
                task.exception()
        return super().shutdown(timeout_sec)
