"""How often something may happen, and how often it did."""

import numpy as np
import pytest

from groot_ros.nodes.shared.pacing import Pacer, RateMeter, RecentValues


def test_events_at_the_allowed_rate_pass_in_spite_of_jitter() -> None:
    pacer = Pacer(10.0)
    jitter = np.random.default_rng(0).uniform(-0.02, 0.02, 100)
    assert all(pacer.allows(0.1 * i + jitter[i]) for i in range(100))


def test_faster_events_are_thinned_to_the_rate() -> None:
    pacer = Pacer(10.0)
    assert sum(pacer.allows(i / 30.0) for i in range(300)) == pytest.approx(100, abs=1)


def test_a_pause_is_not_made_up_for_by_a_burst() -> None:
    pacer = Pacer(10.0)
    assert pacer.allows(0.0)
    assert pacer.allows(5.0)
    assert not pacer.allows(5.05)


def test_a_clock_that_jumped_back_does_not_stop_the_events() -> None:
    pacer = Pacer(10.0)
    assert pacer.allows(1000.0)
    assert pacer.allows(3.0)
    assert not pacer.allows(3.05)


def test_the_rate_of_even_events_is_their_frequency() -> None:
    meter = RateMeter()
    for i in range(50):
        meter.count(i / 20.0)
    assert meter.rate(49 / 20.0) == pytest.approx(20.0)


def test_the_rate_falls_to_zero_when_nothing_comes() -> None:
    meter = RateMeter(silence=2.0)
    meter.count(0.0)
    meter.count(0.1)
    assert meter.rate(2.2) == 0.0


def test_the_rate_of_before_a_clock_went_back_is_zero() -> None:
    meter = RateMeter()
    for i in range(50):
        meter.count(100.0 + i / 20.0)
    assert meter.rate(5.0) == 0.0


def test_quantiles_are_of_the_newest_values_only() -> None:
    values = RecentValues(3)
    for value in (100.0, 1.0, 2.0, 3.0):
        values.add(value)
    assert values.quantile(0.5) == 2.0
    assert values.newest == 3.0
