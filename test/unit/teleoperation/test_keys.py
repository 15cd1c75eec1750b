"""What the keys of a terminal mean."""

import numpy as np
import pytest

from groot_ros.teleoperation.keys import KEY_HOLD_S, Key, Keyboard, split_keys


@pytest.fixture
def asked() -> list[Key]:
    return []


@pytest.fixture
def keyboard(asked: list[Key]) -> Keyboard:
    return Keyboard(asked.append)


def test_keys_that_come_together_are_told_apart() -> None:
    assert split_keys('s\x1b[A\x1bOB g') == ['s', '\x1b[A', '\x1b[B', ' ', 'g']
    assert split_keys('\x1b') == ['\x1b']


@pytest.mark.parametrize(('typed', 'wanted'), [
    ('\r', Key.ENGAGE), (' ', Key.STOP), ('\t', Key.NEXT_HAND), ('g', Key.GRIP), ('s', Key.START),
    ('e', Key.END), ('d', Key.DISCARD), ('y', Key.SUCCESS), ('n', Key.FAILURE), ('q', Key.QUIT)])
def test_a_key_asks_for_one_thing(
    keyboard: Keyboard, asked: list[Key], typed: str, wanted: Key,
) -> None:
    keyboard.press(typed, 10.0)
    assert asked == [wanted]


@pytest.mark.parametrize(('typed', 'linear', 'angular'), [
    ('\x1b[A', (1, 0, 0), (0, 0, 0)), ('\x1b[B', (-1, 0, 0), (0, 0, 0)),
    ('\x1b[D', (0, 1, 0), (0, 0, 0)), ('\x1b[C', (0, -1, 0), (0, 0, 0)),
    ('r', (0, 0, 1), (0, 0, 0)), ('f', (0, 0, -1), (0, 0, 0)),
    ('o', (0, 0, 0), (1, 0, 0)), ('k', (0, 0, 0), (0, 1, 0)), ('j', (0, 0, 0), (0, 0, 1)),
    ('u', (0, 0, 0), (-1, 0, 0)), ('i', (0, 0, 0), (0, -1, 0)), ('l', (0, 0, 0), (0, 0, -1))])
def test_a_key_pushes_while_it_is_repeated(
    keyboard: Keyboard, asked: list[Key], typed: str, linear: tuple[int, ...],
    angular: tuple[int, ...],
) -> None:
    keyboard.press(typed, 10.0)
    push = keyboard.push(10.0 + KEY_HOLD_S)
    np.testing.assert_array_equal(push.linear, linear)
    np.testing.assert_array_equal(push.angular, angular)
    assert not np.any(keyboard.push(10.01 + KEY_HOLD_S))
    assert not asked


def test_any_other_key_ends_a_push(keyboard: Keyboard) -> None:
    keyboard.press('\x1b[A ', 10.0)
    assert not np.any(keyboard.push(10.0))


def test_unknown_keys_do_nothing(keyboard: Keyboard, asked: list[Key]) -> None:
    keyboard.press('zß\x1b[Z\x1b', 10.0)
    assert not asked
    assert not np.any(keyboard.push(10.0))
