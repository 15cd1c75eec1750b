"""Processes of a running graph: found, killed, and kept from running."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

LOOK_AGAIN_S = 0.1


def kill(process: int) -> None:
    """Kill a process and wait for its end: on a busy machine even that takes time."""
    handle = os.pidfd_open(process)
    signal.pidfd_send_signal(handle, signal.SIGKILL)
    select.select([handle], [], [])
    os.close(handle)


def find_process(domain: int, name: str) -> int | None:
    """Return the id of the process in a ROS domain whose command line holds `name`, if any."""
    for folder in Path('/proc').iterdir():
        try:
            own = f'ROS_DOMAIN_ID={domain}\0'.encode() in (folder / 'environ').read_bytes()
            if own and name in (folder / 'cmdline').read_text():
                return int(folder.name)
        except OSError:
            continue
    return None


@contextmanager
def detained(node: Node, domain: int, name: str) -> Iterator[None]:
    """Stop the next process of a ROS domain with `name` in its command line, until the end.

    Args:
        node: Spun meanwhile by the caller: one of its timers looks for the process.
        domain: ROS_DOMAIN_ID of the process.
        name: As in `find_process`; no such process runs now.
    """
    found: list[int] = []

    def look() -> None:
        if not found and (process := find_process(domain, name)):
            os.kill(process, signal.SIGSTOP)
            found.append(process)

    timer = node.create_timer(LOOK_AGAIN_S, look, clock=Clock(clock_type=ClockType.STEADY_TIME))
    try:
        yield
    finally:
        node.destroy_timer(timer)
        for process in found:
            os.kill(process, signal.SIGCONT)
