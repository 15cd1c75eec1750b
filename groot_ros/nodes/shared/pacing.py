"""How often something may happen, and how often it did."""

from collections import deque

import numpy as np


class Pacer:
    """Lets events through at up to a rate, on average, whatever their jitter.

    Args:
        rate: Highest rate [Hz].
        slack: How much too early an event may come, as a fraction of the period.
    """

    def __init__(self, rate: float, slack: float = 0.45) -> None:
        self._period = 1.0 / rate
        self._slack = slack * self._period
        self._due = float('-inf')

    def allows(self, now: float) -> bool:
        """Return whether an event at `now` [s] may pass, and count it if so."""
        early = self._due - now
        jumped_back = early > 2.0 * self._period
        if early > self._slack and not jumped_back:
            return False
        on_schedule = abs(early) <= self._slack
        self._due = (self._due if on_schedule else now) + self._period
        return True

    def expedite(self) -> None:
        """Let the next event through whenever it comes."""
        self._due = float('-inf')


class RateMeter:
    """The rate of the newest events.

    Args:
        window: Number of events to keep.
        silence: Age of the newest event [s] from which on the rate is zero.
    """

    def __init__(self, window: int = 30, silence: float = 2.0) -> None:
        self._times: deque[float] = deque(maxlen=window)
        self._silence = silence

    def count(self, now: float) -> None:
        """Count an event at `now` [s]; a backward jump starts anew."""
        if self._times and now < self._times[-1]:
            self._times.clear()
        self._times.append(now)

    def age(self, now: float) -> float:
        """Return the time since the newest event [s]; infinite before the first."""
        return now - self._times[-1] if self._times else float('inf')

    def rate(self, now: float) -> float:
        """Return the rate at `now` [Hz]."""
        # One that lies as far ahead came before the clock went back.
        if len(self._times) < 2 or abs(now - self._times[-1]) > self._silence:
            return 0.0
        span = self._times[-1] - self._times[0]
        return (len(self._times) - 1) / span if span > 0.0 else 0.0


class RecentValues:
    """Quantiles of the newest values of a quantity.

    Args:
        window: Number of values to keep.
    """

    def __init__(self, window: int) -> None:
        self._values: deque[float] = deque(maxlen=window)

    def add(self, value: float) -> None:
        """Take one value."""
        self._values.append(value)

    @property
    def newest(self) -> float:
        """The value taken last; zero without values."""
        return self._values[-1] if self._values else 0.0

    def quantile(self, fraction: float) -> float:
        """Return the value below which `fraction` of them lie; zero without values."""
        if not self._values:
            return 0.0
        return float(np.quantile(np.fromiter(self._values, dtype=np.float64), fraction))
