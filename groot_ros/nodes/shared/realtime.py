"""Real-time priority for a thread that must be on time, and for those that it may wait for."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOWEST = 1


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
    os.sched_setscheduler(own, os.SCHED_FIFO, os.sched_param(priority))
    others = [int(each.name) for each in Path('/proc/self/task').iterdir()]
    others.remove(own)
    less = os.sched_param(max(priority - 1, LOWEST))
    _schedule(others, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, less)
    try:
        yield
    finally:
        _schedule([own, *others], os.SCHED_OTHER, os.sched_param(0))


def _schedule(threads: list[int], policy: int, parameters: os.sched_param) -> None:
    for thread in threads:
        try:
            os.sched_setscheduler(thread, policy, parameters)
        except ProcessLookupError:
            continue  # it ended meanwhile
