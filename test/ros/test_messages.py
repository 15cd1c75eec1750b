"""Values to messages and back."""

import numpy as np
import pytest

from groot_ros.control import check_trajectory
from groot_ros.model.policy import GoalTokens as Tokens
from groot_ros.msg import GoalTokens
from groot_ros.nodes.messages.commands import stream_message, trajectory_message
from groot_ros.nodes.messages.goal_tokens import TokenMessageError, read_tokens, write_tokens
from groot_ros.nodes.shared.stamps import seconds, stamp_at

TOLERANCES = {'float32': 0.0, 'float16': 2**-10, 'bfloat16': 2**-7, 'int8': 1 / 127}
"""Largest relative error of each number format; for int8 relative to the row's maximum."""


def make_tokens() -> Tokens:
    features = np.random.default_rng(0).uniform(-3.0, 3.0, (5, 8)).astype(np.float32)
    return Tokens(features, np.arange(5) < 4, np.arange(5) < 2)


@pytest.mark.parametrize('dtype', list(TOLERANCES))
def test_tokens_survive_every_number_format(dtype: str) -> None:
    tokens, message = make_tokens(), GoalTokens()
    write_tokens(message, tokens, dtype)
    again = read_tokens(message)
    largest = np.abs(tokens.features).max(axis=1, keepdims=True)
    assert (np.abs(again.features - tokens.features) <= TOLERANCES[dtype] * largest).all()
    np.testing.assert_array_equal(again.attention_mask, tokens.attention_mask)
    np.testing.assert_array_equal(again.image_mask, tokens.image_mask)


def test_bfloat16_rounds_to_the_nearest() -> None:
    message = GoalTokens()
    one_and_more = np.array([[1.0, 1.0 + 2**-8 + 2**-10]], np.float32)
    write_tokens(message, Tokens(one_and_more, np.ones(1, bool), np.ones(1, bool)), 'bfloat16')
    np.testing.assert_array_equal(read_tokens(message).features, [[1.0, 1.0 + 2**-7]])


@pytest.mark.parametrize(('field', 'value', 'said'), [
    ('tokens', 6, '6 x 8 tokens take 192 bytes, got 160'),
    ('dtype', 9, 'dtype is 9'),
    ('image_mask', [True], 'image_mask has 1 entries for 5 tokens'),
])
def test_tokens_whose_sizes_disagree_are_refused(field: str, value: object, said: str) -> None:
    message = GoalTokens()
    write_tokens(message, make_tokens(), 'float32')
    setattr(message, field, value)
    with pytest.raises(TokenMessageError, match=said):
        read_tokens(message)


def test_tokens_that_are_not_finite_are_refused() -> None:
    message = GoalTokens()
    tokens = make_tokens()
    tokens.features[1, 1] = np.inf
    write_tokens(message, tokens, 'float32')
    with pytest.raises(TokenMessageError, match='not finite'):
        read_tokens(message)


def test_a_trajectory_message_is_one_that_controllers_take() -> None:
    joints = ['a', 'b']
    message = trajectory_message(
        joints, np.array([0.1, 0.2]), np.array([1.0, -0.5]), np.array([10.0, 10.0]), lead=0.02)
    times = [p.time_from_start.sec + 1e-9 * p.time_from_start.nanosec for p in message.points]
    check_trajectory(
        joints, message.joint_names, seconds(message.header.stamp), np.array(times),
        [np.asarray(p.positions) for p in message.points],
        [np.asarray(p.velocities) for p in message.points], now=100.0)
    # Braking from 1 rad/s at 10 rad/s^2 takes 0.1 s and 0.05 rad.
    assert times == pytest.approx([0.02, 0.12])
    assert message.points[1].positions[0] == pytest.approx(0.15)


def test_a_stream_message_holds_the_positions() -> None:
    assert list(stream_message(np.array([0.25, -1.0])).data) == [0.25, -1.0]


def test_simulated_stamps_are_exact_to_the_nanosecond() -> None:
    for tick in (1, 7, 119, 12_345_678):
        stamp = stamp_at(tick / 120)
        assert stamp_at(seconds(stamp)) == stamp
