"""What goes over the pipe between the controller and the process of System 1."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.model.policy import Continuation
from groot_ros.model.processor import Processor
from groot_ros.nodes.solver.shared_memory import Layout

FloatArray = NDArray[np.float32]


class Errand(NamedTuple):
    """What the process is for.

    Attributes:
        make: A pickled function that makes System 1.
        seed: Of the noise that chunks are denoised from.
    """

    make: bytes
    seed: int


class Facts(NamedTuple):
    """What the parent has to know of System 1; that it is there tells that it is loaded."""

    fingerprint: str
    processor: Processor
    inpaints: bool


class Job(NamedTuple):
    """One chunk to be made.

    Attributes:
        number: Comes back in the answer.
        tokens: Where goal tokens lie in the shared memory; None: those of the job before.
        state: Positions of the model's state groups [rad], shape (state_dim,).
        continuation: The motion that the chunk continues.
        restart_noise: Draw the noise anew from the seed.
    """

    number: int
    tokens: Layout | None
    state: FloatArray
    continuation: Continuation | None
    restart_noise: bool


class Answer(NamedTuple):
    """What came of a job.

    Attributes:
        number: Of the job.
        positions: Joint targets [rad], shape (action_horizon, action_dim); None if it failed.
        solve_time: What it took [s].
        error: Why it failed; empty if it did not.
    """

    number: int
    positions: FloatArray | None
    solve_time: float
    error: str = ''
