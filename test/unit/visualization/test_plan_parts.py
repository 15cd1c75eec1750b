"""Rows of a chunk by what becomes of them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from groot_ros.visualization import split_plan

PERIOD = 0.05


def rows(part):
    return list(range(part.start, part.stop))


def test_a_new_chunk_lies_ahead_behind_its_frozen_rows():
    parts = split_plan(10, 3, stamp=1.0, period=PERIOD, now=1.0)
    assert rows(parts.executed) == []
    assert rows(parts.frozen) == [0, 1, 2]
    assert rows(parts.ahead) == list(range(2, 10))


def test_rows_that_were_due_are_executed_even_if_they_were_frozen():
    parts = split_plan(10, 3, stamp=1.0, period=PERIOD, now=1.11)
    assert rows(parts.executed) == [0, 1]
    assert rows(parts.frozen) == [1, 2]
    assert rows(split_plan(10, 3, stamp=1.0, period=PERIOD, now=1.3).frozen) == []


def test_of_an_old_chunk_nothing_is_ahead():
    parts = split_plan(10, 3, stamp=1.0, period=PERIOD, now=9.0)
    assert (len(rows(parts.executed)), rows(parts.frozen), rows(parts.ahead)) == (10, [], [])


@given(horizon=st.integers(1, 50), frozen=st.integers(0, 60), late=st.floats(-1.0, 5.0))
def test_every_row_is_drawn_and_neighbours_meet(horizon, frozen, late):
    parts = split_plan(horizon, frozen, stamp=0.0, period=PERIOD, now=late)
    drawn = [rows(part) for part in parts if rows(part)]
    assert sorted({row for part in drawn for row in part}) == list(range(horizon))
    for former, latter in pairwise(drawn):
        assert former[-1] == latter[0]
