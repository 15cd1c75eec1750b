"""Real-time priority for a thread that must be on time, and for those that it may wait for."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOWEST = 1

Schedule = tuple[int, os.sched_param]


@contextmanager
def real_time(priority: int) -> Iterator[None]:
    """Run the calling thread at a SCHED_FIFO priority, and the other threads of this process.

    The others get one level less: whichever of them holds the interpreter lock would otherwise
    keep it while a process of any other kind uses its core, and the calling thread would wait.
    What they start, threads or processes, has no priority.

    Args:
        priority: From 1 to 99; 0 changes nothing.

    Raises:
        PermissionError: If this user may not have one.
    """
    if not priority:
        yield
        return
    own = threading.get_native_id()
    before = {int(each.name): _schedule_of(int(each.name))
              for each in Path('/proc/self/task').iterdir()}
    os.sched_setscheduler(own, os.SCHED_FIFO, os.sched_param(priority))
    less = os.sched_param(max(priority - 1, LOWEST))
    for thread in before.keys() - {own}:
        _set(thread, (os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, less))
    try:
        yield
    finally:
        for thread, schedule in before.items():
            _set(thread, schedule)


def _schedule_of(thread: int) -> Schedule | None:
    with suppress(ProcessLookupError):
        return os.sched_getscheduler(thread), os.sched_getparam(thread)
    return None


def _set(thread: int, schedule: Schedule | None) -> None:
    """Set how a thread is scheduled, unless it ended meanwhile."""
    with suppress(ProcessLookupError):
        if schedule is not None:
            os.sched_setscheduler(thread, *schedule)
