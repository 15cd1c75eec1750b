"""95 % intervals of a success rate from a count of episodes."""

import math
from collections.abc import Callable
from typing import NamedTuple

Z_95 = 1.959963984540054  # two-sided 95 % quantile of the normal distribution


class Interval(NamedTuple):
    """Lower and upper end of a success rate, both within [0, 1]."""

    lower: float
    upper: float


class CountError(ValueError):
    """Successes and episodes that cannot belong together."""


def wilson_interval(successes: int, episodes: int, z: float = Z_95) -> Interval:
    """Return the Wilson score interval of a success rate.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 22 (1927), with z = 1.96 for 95 %.
    """
    _check(successes, episodes)
    if episodes == 0:
        return Interval(0.0, 1.0)
    rate = successes / episodes
    scale = 1.0 + z * z / episodes
    centre = (rate + z * z / (2 * episodes)) / scale
    spread = rate * (1.0 - rate) / episodes + z * z / (4 * episodes * episodes)
    half = z * math.sqrt(spread) / scale
    lower = 0.0 if successes == 0 else max(0.0, centre - half)
    upper = 1.0 if successes == episodes else min(1.0, centre + half)
    return Interval(lower, upper)


def clopper_pearson_interval(
    successes: int, episodes: int, confidence: float = 0.95
) -> Interval:
    """Return the exact (conservative) binomial interval of a success rate.

    Source: Clopper and Pearson, Biometrika 26 (1934): the rates at which a result at least as
    high, or at least as low, as the one seen has probability (1 - confidence) / 2.
    """
    _check(successes, episodes)
    tail = (1.0 - confidence) / 2.0
    lower, upper = 0.0, 1.0
    if successes > 0:
        lower = _rate_where(lambda p: 1.0 - binomial_cdf(successes - 1, episodes, p) < tail)
    if successes < episodes:
        upper = _rate_where(lambda p: binomial_cdf(successes, episodes, p) > tail)
    return Interval(lower, upper)


def binomial_cdf(successes: int, episodes: int, rate: float) -> float:
    """Return the probability of at most `successes` in `episodes` tries that succeed at `rate`."""
    if rate <= 0.0:
        return 1.0
    if rate >= 1.0:
        return 1.0 if successes >= episodes else 0.0
    logs = (
        math.lgamma(episodes + 1) - math.lgamma(k + 1) - math.lgamma(episodes - k + 1)
        + k * math.log(rate) + (episodes - k) * math.log1p(-rate)
        for k in range(successes + 1)
    )  # fmt: skip
    return min(1.0, math.fsum(math.exp(log) for log in logs))


def _rate_where(is_below: Callable[[float], bool], iterations: int = 60) -> float:
    """Return the rate at which `is_below` turns from true to false, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(iterations):
        middle = (low + high) / 2.0
        if is_below(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _check(successes: int, episodes: int) -> None:
    if not 0 <= successes <= episodes:
        raise CountError(
            f'expected 0 <= successes <= episodes, got {successes} of {episodes}: '
            'were two reports mixed up?')
