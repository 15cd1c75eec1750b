"""Frames and the messages that belong to them, worked out by hand."""

import numpy as np
import pytest

from groot_ros.data.datasets.synchronising import Grid, choose, holes, make_grid, runs

MS = 10**6


def ms(*values):
    return np.array(values, np.int64) * MS


def test_nearest_takes_the_nearer_message_and_of_two_the_earlier():
    choice = choose(ms(0, 40, 80), ms(0, 19, 20, 21, 70), 'nearest', 0.1)
    assert choice.places.tolist() == [0, 0, 0, 1, 2]


def test_hold_never_takes_a_message_of_the_future():
    choice = choose(ms(10, 40, 80), ms(0, 10, 39, 40, 79), 'hold', 0.1)
    assert choice.near.tolist() == [False, True, True, True, True]
    assert choice.places[1:].tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(('match', 'near'), [
    ('nearest', [True, True, False, True, True]), ('hold', [True, True, False, False, False])])
def test_a_message_is_used_up_to_the_longest_gap_and_not_beyond(match, near):
    choice = choose(ms(0, 210), ms(0, 100, 105, 110, 209), match, 0.1)
    assert choice.near.tolist() == near


def test_a_message_stamped_a_rounding_error_after_its_frame_holds():
    assert choose(np.array([100]), np.array([99]), 'hold', 0.1).near.tolist() == [True]


def test_frames_are_at_a_constant_rate_without_drift():
    grid = make_grid(ms(*range(0, 10_001, 10)), 30.0, 0.1, 0)
    assert grid.numbers.tolist() == list(range(304))  # as far as a message may reach
    assert grid.stamps[[0, 1, 300]].tolist() == [0, 33_333_333, 10_000_000_000]


def test_a_grid_has_holes_where_its_source_has():
    grid = make_grid(ms(0, 50, 1000, 1050), 20.0, 0.1, 0)
    assert grid.numbers.tolist() == [0, 1, 2, 3, 18, 19, 20, 21, 22, 23]
    (hole,) = holes('/joint_states', grid, 0)
    assert (hole.start_s, hole.end_s) == (pytest.approx(0.2), pytest.approx(0.9))


def test_a_stamp_that_is_years_off_costs_no_memory():
    grid = make_grid(ms(0, 50, 10**12), 20.0, 0.1, 0)
    assert len(grid.numbers) == 9


def test_runs_end_at_a_hole_another_label_and_an_unusable_frame():
    numbers = np.array([0, 1, 2, 5, 6, 7, 8])
    labels = np.array([0, 0, 1, 1, 1, -1, 1])
    assert runs(numbers, labels) == [slice(0, 2), slice(2, 3), slice(3, 5), slice(6, 7)]
    assert runs(np.zeros(0, np.int64), np.zeros(0, np.int64)) == []


def test_the_time_of_a_frame_counts_from_the_origin():
    assert Grid(7, 10.0, np.array([0, 3])).stamps.tolist() == [7, 300 * MS + 7]
