"""The process with System 1 in it, as its parent sees it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from multiprocessing import Pipe

from groot_ros.nodes.solver.messages import Answer, Errand, Facts, Job
from groot_ros.nodes.solver.requests import SolveRequest
from groot_ros.nodes.solver.shared_memory import SharedMemory

WORKER = 'groot_ros.nodes.solver.worker'


class SolverError(ValueError):
    """System 1 could not be loaded."""


class Child:
    """One process with System 1 in it, from its start to its end.

    Args:
        errand: What it is for.
    """

    def __init__(self, errand: Errand) -> None:
        self._memory = SharedMemory()
        self._connection, theirs = Pipe()
        descriptors = theirs.fileno(), self._memory.descriptor
        path = os.pathsep.join(each or os.getcwd() for each in sys.path)
        # A child inherits the mask: Ctrl-C, which goes to every process, is for the parent.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process = subprocess.Popen(
                [sys.executable, '-P', '-m', WORKER, *map(str, descriptors), str(os.getpid())],
                stdin=subprocess.DEVNULL, pass_fds=descriptors,
                env=os.environ | {'PYTHONPATH': path})
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        theirs.close()
        self._end = os.pidfd_open(self._process.pid)
        self._errand = errand
        self._tokens: object = None

    def wait_until_loaded(self) -> Facts:
        """Return what System 1 says of itself.

        Raises:
            SolverError: If it could not be loaded.
        """
        try:
            self._connection.send(self._errand)
            loaded: Facts | str = self._connection.recv()
        except (EOFError, OSError):
            raise SolverError(
                f'the process of System 1 ended with code {self.wait()} while it was loading: is '
                'there enough memory?') from None
        if isinstance(loaded, str):
            raise SolverError(loaded)
        return loaded

    def ask(self, number: int, request: SolveRequest, *, restart_noise: bool) -> bool:
        """Send a request; returns False if the process is gone."""
        layout = None
        if request.tokens is not self._tokens:
            layout = self._memory.write(request.tokens)
            self._tokens = request.tokens
        try:
            self._connection.send(
                Job(number, layout, request.state, request.continuation, restart_noise))
        except OSError:
            return False
        return True

    def answer(self, timeout: float) -> Answer | None:
        """Return the next answer, None if none comes within `timeout` [s] or ever."""
        try:
            return self._connection.recv() if self._connection.poll(timeout) else None
        except (EOFError, OSError):
            return None

    def has_ended(self) -> bool:
        """Return whether it is dead, as the kernel knows before any thread is told."""
        return bool(select.select([self._end], [], [], 0.0)[0])

    def wait(self) -> int:
        """Wait for the end; returns the exit code, a negative signal number if it was killed."""
        return self._process.wait()

    def kill(self) -> None:
        """End it: it has nothing to save."""
        self._process.kill()

    def close(self) -> None:
        """Let go of what was shared with it."""
        self._connection.close()
        self._memory.close()
        os.close(self._end)
