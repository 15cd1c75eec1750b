"""How soon a robot was at rest, and whether its commands kept the limits."""

import numpy as np
import pytest

from groot_ros.evaluation.stopping import CommandLog, JointLog

TICK = 0.01
LIMIT = {'velocity': 1.0, 'acceleration': 10.0}


def make_log() -> CommandLog:
    return CommandLog(
        lower=np.array([-1.0]), upper=np.array([1.0]), velocity=np.array([LIMIT['velocity']]),
        acceleration=np.array([LIMIT['acceleration']]), tick=TICK)


def commands(velocities: list[float], skipped: tuple[int, ...] = ()) -> CommandLog:
    """Return a log of commands that move at these velocities, without the skipped ones."""
    log, position = make_log(), 0.0
    for number, velocity in enumerate(velocities):
        position += velocity * TICK
        if number not in skipped:
            log.add(number, np.array([position]))
    return log


def test_a_motion_at_the_limits_keeps_them() -> None:
    ramp = [0.1 * i for i in range(11)]
    assert commands([0.0, *ramp, 1.0, *reversed(ramp)]).violations() == []


def test_a_lost_command_is_no_violation() -> None:
    ramp = [0.1 * i for i in range(11)]
    assert commands([0.0, *ramp, 1.0, *reversed(ramp)], skipped=(5, 6, 12)).violations() == []


@pytest.mark.parametrize(('velocities', 'broken'), [
    ([0.0, 0.1, 0.3, 0.4], 'acceleration 20.00 rad/s^2 of joint 0'),
    ([0.9, 1.0, 1.1, 1.0], 'velocity 1.100 rad/s of joint 0'),
    ([1.0] * 101, 'position 1.0100 rad of joint 0')])
def test_a_command_outside_a_limit_is_named(velocities: list[float], broken: str) -> None:
    assert commands(velocities).violations() == [broken]


@pytest.mark.parametrize('first', [0, 2])  # heard from its start, or discovered later
def test_commands_of_another_publisher_begin_anew(first: int) -> None:
    log = commands([0.0, 0.1])
    log.add(first, np.array([0.5]), publisher=1)
    log.add(first + 1, np.array([0.5]), publisher=1)
    assert log.violations() == []


def test_rest_begins_where_the_robot_stays_at_rest() -> None:
    log = JointLog()
    for i, speed in enumerate([1.0, 0.5, 0.0, 0.5, 0.2, *[0.0] * 10]):
        log.add(i * TICK, np.array([0.0, -speed]))
    assert log.speed_at(0.015) == 0.5
    assert log.rest_after(0.01) == pytest.approx(0.04)
    assert log.rest_after(0.07) == 0.0
    assert log.rest_after(0.13) == float('inf')


def test_the_joint_that_rests_last_is_known() -> None:
    log = JointLog()
    for i, speeds in enumerate([(1.0, 0.5), (0.3, 0.4), (0.2, 0.1), *[(0.0, 0.0)] * 10]):
        log.add(i * TICK, np.array(speeds))
    assert log.last_joint(0.0) == 0
    assert log.last_joint(0.05) is None


def test_messages_of_a_span_are_counted() -> None:
    log = JointLog()
    for stamp in (0.0, 0.25, 0.5, 0.75, 1.0):
        log.add(stamp, np.zeros(2))
    assert log.count_within(0.2, 0.55) == 2
    assert log.count_within(1.1, 1.0) == 0
