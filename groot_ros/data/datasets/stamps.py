"""Times of messages."""

from __future__ import annotations

from typing import Any

SECOND = 10**9


def nanoseconds(time: Any) -> int:
    """Return a builtin_interfaces/Time or Duration [ns]."""
    return int(time.sec) * SECOND + int(time.nanosec)


def stamp_of(message: Any) -> int:
    """Return the time in the header of a message [ns]."""
    return nanoseconds(message.header.stamp)


def exact_seconds(nanoseconds: int) -> str:
    """Return a time in seconds as text; a float could not hold all digits of one of today."""
    return f'{nanoseconds // SECOND}.{nanoseconds % SECOND:09d}'
