"""When the control tick runs."""

import threading
from collections.abc import Callable

import pytest
from conftest import Graph

from groot_ros.nodes.shared.ticks import TickStatistics, WallTicks

PATIENCE_S = 60.0


def test_a_tick_late_by_more_than_half_a_period_is_missed() -> None:
    statistics = TickStatistics(0.01)
    for lateness in (0.0, 0.004, 0.006):
        assert statistics.count(lateness) == 0
    assert (statistics.ticks, statistics.missed) == (3, 1)


def test_ticks_that_cannot_be_made_up_for_are_skipped_and_missed() -> None:
    statistics = TickStatistics(0.01)
    assert statistics.count(0.032) == 3
    assert (statistics.ticks, statistics.missed) == (4, 3)


def test_lateness_is_reported_as_quantiles() -> None:
    statistics = TickStatistics(0.01)
    for i in range(101):
        statistics.count(i * 1e-5)
    assert statistics.lateness(0.5) == pytest.approx(50e-5)
    assert statistics.lateness(0.99) == pytest.approx(99e-5)


def test_a_tick_that_fails_is_not_lost(make_graph: Callable[..., Graph]) -> None:
    failed = threading.Event()

    def fail(_: float) -> None:
        failed.set()
        raise ValueError('a bug')

    ticks = WallTicks(make_graph().peer, 100.0, fail)
    assert failed.wait(PATIENCE_S)
    ticks.close()
    with pytest.raises(ValueError, match='a bug'):
        ticks.check()
