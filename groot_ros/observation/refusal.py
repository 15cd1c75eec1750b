"""Why there is no observation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class RefusalReason(Enum):
    """Why inputs cannot be used; the names are those of PolicyStatus.msg."""

    NO_IMAGE = auto()
    STALE_IMAGE = auto()
    BAD_IMAGE = auto()
    NO_STATE = auto()
    STALE_STATE = auto()
    BAD_STATE = auto()
    SKEWED_INPUTS = auto()
    CLOCK_JUMPED = auto()


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason, for programs and for people.

    Attributes:
        text: What was expected, what came and what to do.
    """

    reason: RefusalReason
    text: str
