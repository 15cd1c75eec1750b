"""Why the robot holds still, and how old an input may become."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

CLOCK_TOLERANCE = 0.1
"""Clocks of two machines may differ by this much before a stamp counts as from the future [s]."""


class HoldReason(Enum):
    """Why no motion is commanded; the names are those of PolicyStatus.msg."""

    NO_STATE = auto()
    STALE_STATE = auto()
    BAD_STATE = auto()
    NO_INSTRUCTION = auto()
    NO_TOKENS = auto()
    STALE_TOKENS = auto()
    OLD_EPOCH = auto()
    WRONG_CHECKPOINT = auto()
    WRONG_EMBODIMENT = auto()
    BAD_TOKENS = auto()
    NO_CHUNK = auto()
    BAD_CHUNK = auto()
    CHUNK_ENDED = auto()
    PAUSED_BY_USER = auto()
    CLOCK_JUMPED = auto()
    SOLVER_FAILED = auto()
    EMERGENCY_STOP = auto()
    DEADMAN_RELEASED = auto()
    TRACKING_ERROR = auto()
    DISAGREEMENT = auto()
    SOLVER_DEAD = auto()
    DELAY_TOO_LONG = auto()
    SERVER_UNREACHABLE = auto()
    OUTPUT_REFUSED = auto()
    NO_OBSERVATION = auto()
    STALE_OBSERVATION = auto()
    NO_DESCRIPTION = auto()
    NO_TARGET = auto()
    STALE_TARGET = auto()
    BAD_TARGET = auto()
    OUT_OF_REACH = auto()
    COMMANDED_ELSEWHERE = auto()


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason, for programs and for people.

    Attributes:
        text: What was expected, what came and what to do.
    """

    reason: HoldReason
    text: str


@dataclass(slots=True)
class Deadline:
    """The age one input may reach.

    Attributes:
        max_age: Age from which on the input is stale [s].
        missing: What to say while nothing came.
        stale: What to say of an input that is too old.
        advice: What to do about it.
        stamp: Newest stamp [s], None before the first.
    """

    max_age: float
    missing: HoldReason
    stale: HoldReason
    advice: str
    stamp: float | None = None

    def check(self, now: float) -> Hold | None:
        """Return why the input cannot be acted on at `now` [s], None if it can."""
        if self.stamp is None:
            return Hold(self.missing, self.advice)
        age = now - self.stamp
        if age < -CLOCK_TOLERANCE:
            return Hold(
                HoldReason.CLOCK_JUMPED,
                f'newest is stamped {-age:.2f} s ahead of this clock: do both machines share one '
                f'time, and is use_sim_time the same for all nodes? {self.advice}')
        if age > self.max_age:
            return Hold(
                self.stale, f'newest is {age:.2f} s old, {self.max_age:.2f} s are allowed: '
                f'{self.advice}')
        return None
