"""What leads a hand."""

import numpy as np
import pytest
from led_robot import TICK, moved
from mink import SE3, SO3

from groot_ros.control import HoldReason
from groot_ros.teleoperation.errors import TeleoperationError
from groot_ros.teleoperation.guides import LEASH_M, GuideSettings, JogGuide, PoseGuide

HAND = SE3.from_rotation_and_translation(SO3.from_y_radians(0.7), np.array((0.2, -0.3, 0.1)))
DEVICE = SE3.from_translation(np.array((5.0, 5.0, 1.0)))


def guide(**settings: float | bool) -> PoseGuide:
    made = PoseGuide('right/target_pose', GuideSettings(**settings))  # type: ignore[arg-type]
    made.update(DEVICE, 10.0)
    return made


def test_relative_motion_counts_from_where_the_clutch_engages() -> None:
    led = guide(scale=0.5)
    led.engage(HAND)
    led.update(moved(DEVICE, x=0.1, turn=0.3), 10.1)
    target = led.target(10.1, HAND)
    np.testing.assert_allclose(target.translation(), (0.25, -0.3, 0.1))
    np.testing.assert_allclose(
        target.rotation().as_matrix(),
        (SO3.from_z_radians(0.3) @ HAND.rotation()).as_matrix(), atol=1e-9)


def test_absolute_poses_are_taken_as_they_are() -> None:
    led = PoseGuide('topic', GuideSettings(relative=False))
    led.update(moved(HAND, y=0.02), 10.0)
    led.engage(HAND)
    np.testing.assert_allclose(led.target(10.0, HAND).translation(), (0.2, -0.28, 0.1))


def test_absolute_poses_must_begin_at_the_hand() -> None:
    with pytest.raises(TeleoperationError, match='move it to the hand'):
        guide(relative=False).engage(HAND)


@pytest.mark.parametrize('jump', [{'x': 0.2}, {'turn': 1.2}])
def test_a_jump_is_refused_and_what_follows_it_too(jump: dict[str, float]) -> None:
    led = guide()
    led.engage(HAND)
    for time in (10.1, 10.2):
        with pytest.raises(TeleoperationError, match='engage the clutch anew'):
            led.update(moved(DEVICE, **jump), time)
    np.testing.assert_allclose(led.target(10.2, HAND).translation(), HAND.translation())
    led.release()
    led.update(moved(DEVICE, **jump), 10.3)
    assert led.check(10.3) is None


def test_a_device_may_go_anywhere_while_the_clutch_is_released() -> None:
    led = guide()
    led.update(moved(DEVICE, x=3.0), 10.1)
    led.engage(HAND)
    np.testing.assert_allclose(led.target(10.1, HAND).translation(), HAND.translation())


def test_a_stale_pose_leads_nowhere() -> None:
    led = guide(max_age=0.2)
    assert led.check(10.19) is None
    assert (hold := led.check(10.21)) is not None
    assert hold.reason is HoldReason.STALE_TARGET
    assert 'right/target_pose' in hold.text


def test_nothing_leads_before_the_first_pose() -> None:
    led = PoseGuide('right/target_pose', GuideSettings())
    assert not led.leads
    assert (hold := led.check(10.0)) is not None
    assert hold.reason is HoldReason.NO_TARGET


def test_a_velocity_moves_the_target_for_as_long_as_it_is_repeated() -> None:
    jog = JogGuide(1.0, 1.0, TICK)
    jog.update(np.array((0.1, 0.0, 0.0)), np.zeros(3), 10.0)
    jog.engage(HAND)
    hand = HAND
    for number in range(240):
        hand = jog.target(10.0 + number * TICK, hand)
    assert hand.translation()[0] - 0.2 == pytest.approx(0.05, abs=0.002)


def test_a_velocity_turns_the_hand_about_the_axes_of_the_base() -> None:
    jog = JogGuide(1.0, 1.0, TICK)
    jog.update(np.zeros(3), np.array((0.0, 0.0, 0.5)), 10.0)
    jog.engage(HAND)
    target = jog.target(10.0, HAND)
    np.testing.assert_allclose(
        target.rotation().as_matrix(),
        (SO3.from_z_radians(0.5 * TICK) @ HAND.rotation()).as_matrix(), atol=1e-9)


def test_a_velocity_beyond_the_limit_is_slowed_down() -> None:
    jog = JogGuide(0.1, 1.0, TICK)
    jog.update(np.array((30.0, 40.0, 0.0)), np.zeros(3), 10.0)
    jog.engage(HAND)
    way = jog.target(10.0, HAND).translation() - HAND.translation()
    np.testing.assert_allclose(way, np.array((0.06, 0.08, 0.0)) * TICK)


def test_the_target_does_not_run_away_from_a_hand_that_cannot_follow() -> None:
    jog = JogGuide(1.0, 1.0, TICK)
    jog.engage(HAND)
    for number in range(240):
        jog.update(np.array((0.5, 0.0, 0.0)), np.zeros(3), 10.0 + number * TICK)
        target = jog.target(10.0 + number * TICK, HAND)
    assert np.linalg.norm(target.translation() - HAND.translation()) == pytest.approx(LEASH_M)


def test_a_velocity_that_is_not_finite_is_refused() -> None:
    with pytest.raises(TeleoperationError, match='must be finite'):
        JogGuide(1.0, 1.0, TICK).update(np.array((np.nan, 0.0, 0.0)), np.zeros(3), 10.0)
