"""Statistics, by numbers that a hand can check."""

import numpy as np
import pytest

from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.statistics import relative_statistics, summarize


def test_a_summary_is_over_the_first_axis():
    values = np.arange(101, dtype=np.float32)[:, None] * np.float32([1, -2])
    found = summarize(values)
    assert (found['min'], found['max'], found['mean']) == ([0, -200], [100, 0], [50, -100])
    np.testing.assert_allclose(found['q01'], [1, -198])
    np.testing.assert_allclose(found['std'], np.sqrt((101**2 - 1) / 12) * np.array([1, 2]))


def test_the_mean_of_many_small_numbers_is_exact():
    assert summarize(np.full((2_000_000, 1), 0.1, np.float32))['mean'][0] == pytest.approx(
        0.1, abs=1e-8)


def test_offsets_count_from_the_state_that_a_chunk_starts_at():
    state = np.arange(5, dtype=np.float32)[:, None]
    found = relative_statistics([(state, 10 * state)], 3)
    # Chunks start at states 0, 1, 2; row 1 has the targets 10, 20, 30.
    assert found['min'] == [[0.0], [10.0], [20.0]]
    assert found['max'] == [[18.0], [28.0], [38.0]]


def test_chunks_do_not_go_over_the_end_of_an_episode():
    short, long = (np.zeros((count, 1), np.float32) for count in (2, 3))
    found = relative_statistics([(short, short + 9), (long, long + 1)], 3)
    assert found['max'] == [[1.0]] * 3
    with pytest.raises(DatasetError, match='no episode has the 4 frames'):
        relative_statistics([(short, short), (long, long)], 4)
