"""One thing found."""

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How bad it is; the numbers are those of diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one node, input or output.

    Attributes:
        level: ERROR if the robot cannot move as it should because of it.
        subject: What it is about, for example `camera head`.
        found: What is there and, where it is wrong, what was expected.
        remedy: What to do; empty where all is well.
    """

    level: Level
    subject: str
    found: str
    remedy: str = ''


def fine(subject: str, found: str) -> Finding:
    """Return that all is well with `subject`."""
    return Finding(Level.OK, subject, found)


def odd(subject: str, found: str, remedy: str) -> Finding:
    """Return what is not as it should be and does not prevent motion."""
    return Finding(Level.WARN, subject, found, remedy)


def wrong(subject: str, found: str, remedy: str) -> Finding:
    """Return what prevents motion."""
    return Finding(Level.ERROR, subject, found, remedy)
