import numpy as np
import pytest

from groot_ros.control import ActionChunk, ChunkError


def test_the_last_row_is_due_at_the_end():
    chunk = ActionChunk(stamp=10.0, period=0.05, positions=np.zeros((16, 2)), epoch=1)
    assert chunk.end == pytest.approx(10.8)


@pytest.mark.parametrize('shape', [(16,), (0, 2), (16, 0), (1, 16, 2)])
def test_positions_must_be_a_matrix(shape):
    with pytest.raises(ChunkError, match=r'shape \(action_horizon, action_dim\)'):
        ActionChunk(0.0, 0.05, np.zeros(shape), epoch=1)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_named(value):
    positions = np.zeros((16, 2), np.float32)
    positions[3, 1] = value
    with pytest.raises(ChunkError, match=r'positions\[3, 1\] is'):
        ActionChunk(0.0, 0.05, positions, epoch=1)


@pytest.mark.parametrize('period', [0.0, -0.05, np.nan])
def test_the_period_must_be_positive(period):
    with pytest.raises(ChunkError, match='period must be greater than 0'):
        ActionChunk(0.0, period, np.zeros((16, 2)), epoch=1)


def test_the_stamp_must_be_finite():
    with pytest.raises(ChunkError, match='stamp must be finite'):
        ActionChunk(np.nan, 0.05, np.zeros((16, 2)), epoch=1)
