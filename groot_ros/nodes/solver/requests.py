"""What System 1 is asked and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from groot_ros.control import Hold, HoldReason
from groot_ros.model.policy import Continuation, GoalTokens
from groot_ros.observation import ObservationContext

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SolveRequest:
    """What one chunk is to be predicted from.

    Attributes:
        tokens: Goal tokens, or what a policy server plans from; the same goal tokens are
            prepared only once.
        state: Positions of the model's state groups [rad], shape (state_dim,).
        stamp: Time of `state` [s].
        epoch: Epoch of the tokens.
        sequence: Sequence of the token message.
        capture: Capture time of the observation behind the tokens [s].
        continuation: The motion that the chunk continues, None for a chunk of its own.
    """

    tokens: GoalTokens | ObservationContext
    state: FloatArray
    stamp: float
    epoch: int
    sequence: int
    capture: float
    continuation: Continuation | None = None


@dataclass(frozen=True, slots=True)
class Solution:
    """A predicted chunk.

    Attributes:
        request: What it was predicted from.
        positions: Joint targets [rad], shape (action_horizon, action_dim).
        solve_time: What it took [s].
        error: Why there are no positions, for people; empty if there are.
        reason: The same for programs.
    """

    request: SolveRequest
    positions: FloatArray
    solve_time: float
    error: str = ''
    reason: HoldReason = HoldReason.SOLVER_FAILED


class Solver(Protocol):
    """Makes chunks beside the ticks, one at a time."""

    def request(self, request: SolveRequest) -> bool:
        """Ask for a chunk; returns False while none can be asked for."""

    def take(self, timeout: float = 0.0) -> Solution | None:
        """Return the solution and make room for the next request.

        Args:
            timeout: How long to wait for a request under way [s].

        Returns:
            None if nothing was asked for or it is not ready in time.
        """

    def check(self) -> Hold | None:
        """Return why nobody makes chunks now, None if somebody does."""

    def reset(self) -> None:
        """Drop what is under way and draw the noise anew from the seed."""

    def close(self) -> None:
        """End it."""
