"""What the robot does when a person leads it, and when it must rest."""

from collections.abc import Callable

import mujoco
import numpy as np
import pytest
from led_robot import ROBOT, TICK, Operator, moved
from mink import SE3

from groot_ros.control import Hold, HoldReason
from groot_ros.control.limit_check import Violations, count_violations
from groot_ros.teleoperation.clutch import Clutch
from groot_ros.teleoperation.guides import JogGuide
from groot_ros.teleoperation.session import Session, SessionSettings

DEVICE = SE3.from_translation(np.array((5.0, 5.0, 1.0)))
Lead = Callable[..., Operator]


def start(operator: Operator) -> SE3:
    """Lead the right hand, standing still; returns where it is."""
    operator.pose = DEVICE
    assert operator.run(0.1) is None
    return operator.hand


def within_limits(operator: Operator) -> bool:
    return count_violations(np.array(operator.commands), ROBOT, TICK) == Violations()


def test_the_hand_follows_the_device(lead: Lead) -> None:
    operator = lead()
    hand = start(operator)
    operator.pose = moved(DEVICE, x=0.08, y=0.04, turn=0.2)
    assert operator.run(2.0) is None
    np.testing.assert_allclose(
        operator.hand.translation(), hand.translation() + (0.08, 0.04, 0.0), atol=1e-3)
    assert operator.session.short_of() is None
    assert within_limits(operator)


def test_nothing_is_sent_before_the_clutch_is_engaged(lead: Lead) -> None:
    operator = lead()
    operator.pose, operator.engaged = DEVICE, False
    assert operator.run(0.5).reason is HoldReason.DEADMAN_RELEASED
    assert not operator.commands


@pytest.mark.parametrize(('change', 'reason'), [
    ({'engaged': False}, HoldReason.DEADMAN_RELEASED),
    ({'engaged': None}, HoldReason.DEADMAN_RELEASED),
    ({'pose': None}, HoldReason.STALE_TARGET),
    ({'reporting': False}, HoldReason.STALE_STATE),
])
def test_the_robot_rests_within_its_limits_and_says_why(
    lead: Lead, change: dict[str, object], reason: HoldReason,
) -> None:
    operator = lead()
    start(operator)
    operator.pose = moved(DEVICE, x=0.14)
    operator.run(0.15)
    assert not operator.session.at_rest
    for name, value in change.items():
        setattr(operator, name, value)
    hold = operator.run(1.5)
    assert hold is not None
    assert hold.reason is reason
    assert operator.session.at_rest
    assert operator.session.stops == 1
    assert within_limits(operator)


def test_commands_end_soon_after_the_robot_rests(lead: Lead) -> None:
    operator = lead()
    start(operator)
    operator.engaged = False
    operator.run(0.4)
    sent = len(operator.commands)
    operator.run(1.0)
    assert 0 < len(operator.commands) - sent <= round(0.2 / TICK)


def test_the_robot_goes_on_from_where_it_rests_when_the_device_is_elsewhere(lead: Lead) -> None:
    operator = lead()
    hand = start(operator)
    operator.engaged = False
    operator.pose = moved(DEVICE, x=2.0, turn=1.5)
    operator.run(1.0)
    operator.engaged = True
    assert operator.run(1.0) is None
    np.testing.assert_allclose(operator.hand.translation(), hand.translation(), atol=1e-4)


def test_a_jump_of_the_device_stops_the_robot_until_the_clutch_is_engaged_anew(
    lead: Lead,
) -> None:
    operator = lead()
    start(operator)
    operator.pose = moved(DEVICE, x=0.5)
    hold = operator.run(1.0)
    assert hold is not None
    assert hold.reason is HoldReason.BAD_TARGET
    assert 'jumped by 0.50 m' in hold.text
    operator.engaged = False
    operator.run(0.2)
    operator.engaged = True
    assert operator.run(0.2) is None
    assert within_limits(operator)


def test_absolute_poses_far_from_the_hand_do_not_move_it(lead: Lead) -> None:
    operator = lead(relative=False)
    operator.pose = DEVICE
    hold = operator.run(0.5)
    assert hold is not None
    assert hold.reason is HoldReason.BAD_TARGET
    assert not operator.commands
    operator.pose = moved(operator.hand, x=0.02)
    assert operator.run(0.5) is None


def test_a_bad_message_is_counted_and_the_next_good_one_is_followed(lead: Lead) -> None:
    operator = lead()
    start(operator)
    operator.session.on_refused_target('right', 'a pose must be finite')
    assert operator.session.refused == 1
    assert operator.run(0.2) is None


def test_bad_messages_alone_stop_the_hand_and_are_named(lead: Lead) -> None:
    operator = lead()
    start(operator)
    operator.pose = None
    for _ in range(round(0.5 / TICK)):
        operator.session.on_refused_target('right', "frame 'moon' is unknown")
        operator.tick()
    hold = operator.session.hold(operator.now)
    assert hold == Hold(HoldReason.BAD_TARGET, "right hand: frame 'moon' is unknown")


def test_out_of_reach_is_told_while_the_hand_goes_as_near_as_it_can(lead: Lead) -> None:
    operator = lead()
    hand = start(operator)
    for number in range(120):
        operator.pose = moved(DEVICE, x=0.008 * number)
        operator.tick()
    assert operator.run(3.0) is None
    short = operator.session.short_of()
    assert short is not None
    assert short.reason is HoldReason.OUT_OF_REACH
    assert operator.hand.translation()[0] > hand.translation()[0] + 0.3
    operator.pose = moved(DEVICE, x=0.95)
    for number in range(120):
        operator.pose = moved(DEVICE, x=0.95 - 0.0075 * number)
        operator.tick()
    operator.run(3.0)
    assert operator.session.short_of() is None
    assert within_limits(operator)


def test_both_hands_are_led_once_both_devices_speak(lead: Lead) -> None:
    operator = lead()
    start(operator)
    left = operator.session.poses()['left']
    for number in range(120):
        operator.pose = moved(DEVICE, z=0.0005 * number)
        operator.send(moved(DEVICE, y=0.0005 * number), 'left')
        operator.tick()
    way = operator.session.poses()['left'].translation() - left.translation()
    np.testing.assert_allclose(way, (0.0, 0.06, 0.0), atol=0.005)


def test_the_robot_goes_on_from_where_it_was_moved_to_while_it_rested(lead: Lead) -> None:
    operator = lead()
    start(operator)
    operator.engaged = False
    operator.run(1.5)
    displaced = operator.joints = np.clip(operator.joints + 0.2, ROBOT.lower, ROBOT.upper)
    operator.run(1.0)
    sent = len(operator.commands)
    operator.engaged = True
    operator.run(0.1)
    np.testing.assert_allclose(operator.commands[sent], displaced, atol=5e-3)


def test_a_robot_moved_before_it_is_led_starts_from_where_it_is(lead: Lead) -> None:
    operator = lead()
    operator.engaged, operator.pose = False, DEVICE
    operator.run(0.1)
    displaced = operator.joints = np.clip(ROBOT.home + 0.2, ROBOT.lower, ROBOT.upper)
    operator.run(1.0)
    operator.engaged = True
    operator.run(0.1)
    np.testing.assert_allclose(operator.commands[0], displaced, atol=5e-3)


def test_a_robot_moved_while_its_device_is_too_far_away_goes_on_from_there(lead: Lead) -> None:
    operator = lead(relative=False)
    operator.pose = operator.hand if operator.session.poses() else None
    operator.run(0.1)
    operator.pose = operator.hand
    assert operator.run(0.2) is None
    operator.engaged = False
    operator.run(0.2)
    operator.pose, operator.engaged = DEVICE, True
    hold = operator.run(1.5)
    assert hold is not None
    assert hold.reason is HoldReason.BAD_TARGET
    displaced = operator.joints = np.clip(operator.joints + 0.2, ROBOT.lower, ROBOT.upper)
    operator.run(0.1)
    operator.pose = operator.hand
    sent = len(operator.commands)
    operator.run(0.1)
    np.testing.assert_allclose(operator.commands[sent], displaced, atol=5e-3)


def test_an_emergency_stop_lasts_until_reset_and_a_new_engagement(lead: Lead) -> None:
    operator = lead()
    start(operator)
    operator.clutch.emergency.engage()
    assert operator.run(1.0).reason is HoldReason.EMERGENCY_STOP
    operator.clutch.emergency.reset()
    hold = operator.run(0.5)
    assert hold.reason is HoldReason.EMERGENCY_STOP
    assert 'release the clutch' in hold.text
    operator.engaged = False
    operator.run(0.2)
    operator.engaged = True
    assert operator.run(0.2) is None


def test_a_block_holds_the_robot_until_it_ends(lead: Lead) -> None:
    operator = lead()
    start(operator)
    rival = Hold(HoldReason.COMMANDED_ELSEWHERE, 'controller publishes, too')
    operator.session.block(rival)
    assert operator.run(0.2) == rival
    operator.session.unblock(HoldReason.COMMANDED_ELSEWHERE)
    assert operator.run(0.2) is None


def test_a_clock_that_went_back_drops_what_came_before(lead: Lead) -> None:
    operator = lead()
    start(operator)
    operator.now -= 50.0
    assert operator.run(0.2) is None
    assert within_limits(operator)


def test_after_a_reset_the_pose_is_measured_anew(lead: Lead) -> None:
    operator = lead()
    start(operator)
    operator.session.reset(operator.now)
    operator.joints = ROBOT.home.copy()
    sent = len(operator.commands)
    assert operator.run(0.2) is None
    np.testing.assert_allclose(operator.commands[sent], ROBOT.home, atol=1e-3)


def test_without_a_description_nothing_moves() -> None:
    guides = {hand.name: JogGuide(0.2, 1.0, TICK) for hand in ROBOT.hands}
    session = Session(ROBOT, guides, Clutch(0.5, 'x'), SessionSettings())
    assert session.hold(0.0).reason is HoldReason.NO_DESCRIPTION
    session.on_no_model("link 'x' is not in robot_description")
    assert "link 'x'" in session.hold(0.0).text


def test_joint_states_that_are_not_finite_stop_the_robot(lead: Lead) -> None:
    operator = lead()
    start(operator)
    operator.joints = np.full_like(operator.joints, np.nan)
    operator.session.on_state(operator.joints, operator.now + TICK)
    assert operator.session.hold(operator.now).reason is HoldReason.BAD_STATE


def test_a_jogged_hand_moves_while_the_velocity_lasts_and_then_stands(jog: Operator) -> None:
    assert jog.run(0.1) is None
    before = jog.hand.translation()
    guide = jog.guides['right']
    assert isinstance(guide, JogGuide)
    for _ in range(120):
        jog.session.guide('right', lambda: guide.update(
            np.array((0.0, 0.1, 0.0)), np.zeros(3), jog.now))
        jog.tick()
    jog.run(1.0)
    way = jog.hand.translation() - before
    assert 0.1 < way[1] < 0.16
    assert np.abs(way[[0, 2]]).max() < 0.005
    arrived = jog.hand.translation()
    jog.run(0.5)
    np.testing.assert_allclose(jog.hand.translation(), arrived, atol=1e-4)
    assert within_limits(jog)


def test_a_grip_closes_the_fingers_and_a_second_opens_them(jog: Operator) -> None:
    columns = ROBOT.group_indices(['right_hand'])
    (hand,) = (each for each in ROBOT.hands if each.name == 'right')
    jog.run(0.1)
    for pose in (hand.closed, hand.opened):
        jog.session.on_grip('right', None)
        jog.run(2.0)
        np.testing.assert_allclose(jog.joints[columns], pose, atol=1e-3)
    assert within_limits(jog)
    jog.session.on_grip('right', float('nan'))
    assert jog.session.refused == 1


def test_the_model_may_come_late(model: mujoco.MjModel, jog: Operator) -> None:
    jog.session = Session(ROBOT, jog.guides, jog.clutch, SessionSettings())
    assert jog.run(0.2).reason is HoldReason.NO_DESCRIPTION
    jog.session.on_model(model)
    assert jog.run(0.2) is None
