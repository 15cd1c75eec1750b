"""Where the denoising of a chunk begins: noise, or the motion under way."""

import numpy as np
import pytest

from groot_ros.model.policy import Continuation, ContinuationError
from groot_ros.model.processor import GroupRange, Processor, ProcessorError, Reference
from groot_ros.model.system1.real_time_chunking import row_freedom, start_loop

HORIZON, MODEL_HORIZON, MAX_DIM = 4, 6, 5
STATE = np.array([0.3, -0.4, 0.5], np.float32)


@pytest.fixture
def processor():
    """An arm relative to its state with a wider range in later rows, and an absolute hand."""
    reach = np.arange(1, HORIZON + 1)[:, None] * np.array([0.1, 0.2])
    arm = GroupRange('arm', -np.ones(2), np.ones(2))
    hand = GroupRange('hand', np.zeros(1), np.ones(1))
    return Processor(
        embodiment_tag='robot', embodiment_id=3, images={}, state=(arm, hand),
        action=(GroupRange('arm', -reach, reach), hand), action_horizon=HORIZON,
        action_period=0.05, max_state_dim=MAX_DIM, max_action_dim=MAX_DIM,
        formalize_language=False, references={'arm': Reference('arm')},
        max_action_horizon=MODEL_HORIZON)


@pytest.fixture
def noise():
    return np.random.default_rng(0).standard_normal((MODEL_HORIZON, MAX_DIM), np.float32)


def positions(rows):
    """Targets that leave `STATE` by half of what each row of the arm can reach."""
    steps = np.arange(1, rows + 1)[:, None] * np.array([0.05, -0.1, 0.0])
    return (STATE + steps).astype(np.float32)


def test_without_a_continuation_every_row_starts_from_noise_and_is_free(processor, noise):
    start = start_loop(processor, STATE, noise, None)
    np.testing.assert_array_equal(start.values, noise)
    np.testing.assert_array_equal(start.freedom, np.ones((MODEL_HORIZON, 1)))


def test_the_overlap_is_normalised_by_row_and_seen_from_the_new_state(processor, noise):
    start = start_loop(processor, STATE, noise, Continuation(positions(3), frozen=1))
    expected = np.tile([0.5, -0.5, 0.0, 0.0, 0.0], (3, 1))  # padding is 0
    np.testing.assert_allclose(start.values[:3], expected, atol=1e-5)
    np.testing.assert_array_equal(start.values[3:], noise[3:])


def test_the_noise_of_the_caller_is_left_alone(processor, noise):
    before = noise.copy()
    start_loop(processor, STATE, noise, Continuation(positions(2), frozen=1))
    np.testing.assert_array_equal(noise, before)


@pytest.mark.parametrize('rows', [1, 3, HORIZON])
def test_what_the_loop_begins_with_is_the_motion_under_way(processor, noise, rows):
    start = start_loop(processor, STATE, noise, Continuation(positions(rows), frozen=rows))
    chunk = processor.unnormalize_actions(start.values, STATE)
    np.testing.assert_allclose(chunk[:rows], positions(rows), atol=1e-6)


def test_the_ramp_is_the_inner_part_of_an_exponential():
    end = 1 - np.exp(-6.0)
    inner = [(1 - np.exp(-6.0 * u)) / end for u in (1 / 3, 2 / 3)]
    share = row_freedom(6, overlap=4, frozen=2, ramp_rate=6.0)
    assert share.shape == (6, 1)
    np.testing.assert_allclose(share[:, 0], [0.0, 0.0, *inner, 1.0, 1.0], rtol=1e-6)


@pytest.mark.parametrize(('shape', 'options', 'message'), [
    ((3,), {'frozen': 0}, r'shape \(overlap, action_dim\).*got \(3,\)'),
    ((0, 3), {'frozen': 0}, r'at least one row, got \(0, 3\)'),
    ((2, 3), {'frozen': 3}, '0 <= frozen <= 2.*got 3'),
    ((2, 3), {'frozen': -1}, '0 <= frozen <= 2.*got -1'),
    ((2, 3), {'frozen': 1, 'ramp_rate': 0.0}, 'ramp_rate must be a positive number'),
    ((2, 3), {'frozen': 1, 'ramp_rate': float('nan')}, 'ramp_rate must be')])
def test_a_continuation_that_contradicts_itself_is_refused(shape, options, message):
    with pytest.raises(ContinuationError, match=message):
        Continuation(np.zeros(shape, np.float32), **options)


def test_a_continuation_longer_than_a_chunk_is_refused(processor, noise):
    with pytest.raises(ContinuationError, match='has 5 rows, but a chunk has 4'):
        start_loop(processor, STATE, noise, Continuation(positions(5), frozen=1))


def test_a_continuation_of_another_robot_is_refused(processor, noise):
    with pytest.raises(ProcessorError, match=r'expected 3 values \(arm 2, hand 1\), got 2'):
        start_loop(processor, STATE, noise, Continuation(positions(2)[:, :2], frozen=1))
