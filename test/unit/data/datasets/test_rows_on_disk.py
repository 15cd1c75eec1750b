"""Numbers that are in a file: the same as in memory, but for the memory."""

import numpy as np
import pytest

from groot_ros.data.datasets.rows_on_disk import BLOCK, make_rows, release, walk


def resident_mb():
    """Return how much of files this process has in memory [MB]."""
    with open('/proc/self/status') as status:
        lines = dict(line.split(':', 1) for line in status)
    return int(lines['RssFile'].split()[0]) / 1024


def test_new_rows_are_unknown():
    values = make_rows(3, 2)
    assert (values.shape, values.dtype) == ((3, 2), np.float32)
    assert np.isnan(values).all()


def test_numbers_outlive_the_memory_and_other_arrays_of_the_file():
    values = make_rows(5000, 7)
    wanted = np.random.default_rng(0).normal(size=values.shape).astype(np.float32)
    values[:] = wanted
    part = values[100:200, 2:4]
    release(part)
    np.testing.assert_array_equal(values, wanted)
    del values
    release(part)
    np.testing.assert_array_equal(part, wanted[100:200, 2:4])


def test_a_walk_holds_one_block_at_a_time():
    before = resident_mb()
    values = make_rows(100 * BLOCK, 32)  # 50 MB
    assert resident_mb() < before + 10.0
    for rows in walk(values):
        values[rows] = 1.0
        assert resident_mb() < before + 10.0
    assert sum(float(values[rows].sum()) for rows in walk(values)) == values.size
    assert resident_mb() < before + 10.0


@pytest.mark.parametrize('count', [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_a_walk_comes_to_every_row_once(count):
    rows = np.concatenate([np.arange(count)[each] for each in walk(np.zeros((count, 2)))])
    np.testing.assert_array_equal(rows, np.arange(count))


def test_arrays_in_memory_stay_as_they_are():
    values = np.arange(3.0)
    release(values)
    release(np.frombuffer(b'1234', np.uint8))
    np.testing.assert_array_equal(values, [0.0, 1.0, 2.0])
