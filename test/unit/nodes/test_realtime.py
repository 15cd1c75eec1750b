"""A thread that must be on time comes first, then what it may wait for, then all else."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from groot_ros.nodes.shared.realtime import real_time


@contextmanager
def another_thread() -> Iterator[int]:
    """Run a thread that waits; yields its id."""
    done, started, ids = threading.Event(), threading.Event(), []

    def wait() -> None:
        ids.append(threading.get_native_id())
        started.set()
        done.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    started.wait()
    yield ids[0]
    done.set()
    thread.join()


def rank(thread: int) -> tuple[int, int]:
    policy = os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK
    return policy, os.sched_getparam(thread).sched_priority


def may_have_priority() -> bool:
    """Ask a process of its own, so that nothing here changes."""
    ask = 'import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(20))'
    return subprocess.run(['python3', '-c', ask], capture_output=True).returncode == 0


def test_a_thread_and_those_it_waits_for_get_priority_and_give_it_back() -> None:
    with another_thread() as other:
        before = rank(0), rank(other)
        try:
            with real_time(20):
                assert rank(0) == (os.SCHED_FIFO, 20)
                assert rank(other) == (os.SCHED_FIFO, 19)
        except PermissionError:
            assert not may_have_priority()
        assert (rank(0), rank(other)) == before


@pytest.mark.skipif(not may_have_priority(), reason='this user may not have real-time priority')
def test_what_the_others_start_has_none() -> None:
    ids = []
    inherit, started = threading.Event(), threading.Event()

    def start_process() -> None:
        inherit.wait()
        child = subprocess.Popen(['sleep', '60'])
        ids.append(rank(child.pid))
        child.kill()
        child.wait()
        started.set()

    threading.Thread(target=start_process).start()
    with real_time(20):
        inherit.set()
        assert started.wait(60.0)
    assert ids == [(os.SCHED_OTHER, 0)]


def test_no_priority_changes_nothing() -> None:
    before = rank(0)
    with real_time(0):
        assert rank(0) == before
