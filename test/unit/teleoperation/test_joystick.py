"""What the sticks and buttons of a gamepad mean."""

import numpy as np
import pytest

from groot_ros.teleoperation.joystick import Gesture, Joystick, JoystickLayout

AXES = [0.0] * 8
BUTTONS = [0] * 11


@pytest.fixture
def joystick() -> Joystick:
    return Joystick(['left', 'right'], JoystickLayout())


def read(joystick: Joystick, *pressed: int, **axes: float) -> Gesture:
    """Return the gesture of buttons and of axes named a0, a1, ..."""
    values = [axes.get(f'a{index}', 0.0) for index in range(len(AXES))]
    return joystick.read(values, [int(index in pressed) for index in range(len(BUTTONS))])


def test_sticks_push_and_turn_the_hand(joystick: Joystick) -> None:
    gesture = read(joystick, a1=1.0, a0=-0.5, a4=0.3, a6=1.0, a7=-1.0, a3=0.2)
    np.testing.assert_allclose(gesture.linear, (1.0, -0.5, 0.3))
    np.testing.assert_allclose(gesture.angular, (1.0, -1.0, 0.2))


def test_a_stick_that_rests_beside_its_middle_pushes_nothing(joystick: Joystick) -> None:
    assert not read(joystick, a1=0.09).linear.any()


def test_the_clutch_is_engaged_while_its_button_is_held(joystick: Joystick) -> None:
    assert read(joystick, 4).engaged
    assert not read(joystick).engaged


def test_a_button_that_stays_pressed_grips_once(joystick: Joystick) -> None:
    assert [read(joystick, *pressed).grip for pressed in ((0,), (0,), (), (0,))] == [
        True, False, False, True]


def test_a_button_takes_the_hands_in_turn(joystick: Joystick) -> None:
    hands = [read(joystick, *pressed).hand for pressed in ((), (5,), (5,), (), (5,))]
    assert hands == ['right', 'left', 'left', 'left', 'right']


def test_what_a_small_device_lacks_is_at_rest(joystick: Joystick) -> None:
    gesture = joystick.read([0.0, 1.0], [1])
    np.testing.assert_array_equal(gesture.linear, (1.0, 0.0, 0.0))
    assert not gesture.engaged
