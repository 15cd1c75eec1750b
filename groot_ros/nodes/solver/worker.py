"""System 1 in a process of its own: `python -m groot_ros.nodes.solver.worker`, no ROS.

Its parent is `process.SolverProcess`; it ends with it, however that ends.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groot_ros.model.policy import System1
from groot_ros.nodes.solver.messages import Answer, Errand, Facts, Job
from groot_ros.nodes.solver.shared_memory import SharedMemory

FloatArray = NDArray[np.float32]
PR_SET_PDEATHSIG = 1  # Linux, sys/prctl.h


class Worker:
    """Does one job after the other.

    Args:
        system1: The action head.
        seed: Of the noise.
        memory: Where goal tokens lie.
    """

    def __init__(self, system1: System1, seed: int, memory: SharedMemory) -> None:
        self._system1 = system1
        self._seed = seed
        self._memory = memory
        self._random = np.random.default_rng(seed)
        self._tokens: Any = None
        self._context: Any = None

    def do(self, job: Job) -> Answer:
        """Return the chunk of a job, or why there is none."""
        started = time.perf_counter()
        if job.restart_noise:
            self._random = np.random.default_rng(self._seed)
        if job.tokens is not None:
            self._context, self._tokens = None, self._memory.read(job.tokens)
        try:
            positions = self._solve(job)
        except Exception as error:  # whatever a runtime raises, the robot must hold
            return Answer(job.number, None, time.perf_counter() - started, error_text(error))
        return Answer(job.number, positions, time.perf_counter() - started)

    def _solve(self, job: Job) -> FloatArray:
        if self._context is None:
            self._context = (self._system1.prepare(self._tokens),)
        noise = self._system1.draw_noise(self._random)
        return self._system1.solve(self._context[0], job.state, noise, job.continuation)


def serve(connection: Connection, memory: SharedMemory) -> None:
    """Load System 1, tell the parent about it and work until it closes the connection."""
    errand: Errand = connection.recv()
    try:
        make: Callable[[], System1] = pickle.loads(errand.make)
        system1 = make()
    except Exception as error:  # the parent tells it to the user
        connection.send(error_text(error))
        return
    connection.send(Facts(system1.fingerprint, system1.processor, system1.inpaints))
    worker = Worker(system1, errand.seed, memory)
    while True:
        connection.send(worker.do(connection.recv()))


def error_text(error: Exception) -> str:
    """Return what went wrong, with its kind unless the text was written for users."""
    text = str(error)
    return text if isinstance(error, (OSError, ValueError)) else f'{type(error).__name__}: {text}'


def end_with(parent: int) -> None:
    """Let the kernel end this process when its parent does, even while it computes."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before
        sys.exit()


def main() -> None:
    """Serve the parent whose descriptors and process id are the arguments."""
    connection, memory, parent = map(int, sys.argv[1:])
    end_with(parent)
    try:
        serve(Connection(connection), SharedMemory(memory))
    except (EOFError, ConnectionError):
        return  # the parent ended, or wants no more


if __name__ == '__main__':
    main()
