"""Targets are followed exactly where the limits allow it, and no limit is ever broken."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groot_ros.control import LimitCounters, LimitFilter
from groot_ros.control.limit_check import Violations, count_violations
from groot_ros.embodiment import load_embodiment

TICK = 1.0 / 120.0
G1 = load_embodiment('unitree_g1')
SIDE = np.where(G1.home + 0.4 > G1.upper, -1.0, 1.0)
"""Where each joint of the G1 has room for 0.4 rad."""


@pytest.fixture
def robot(robot):
    """Three joints that need 20 ms to their full acceleration."""
    return with_jerk(robot, 50.0)


def with_jerk(robot, multiple):
    """Return a robot with a multiple of its accelerations as jerks."""
    return replace(robot, joints=tuple(
        replace(joint, jerk=multiple * joint.acceleration) for joint in robot.joints))


def follow(limits, targets):
    """Return the commands for a row of targets per tick, shape (num_ticks + 1, num_joints)."""
    return np.array([limits.positions] + [limits.follow(target) for target in targets])


def stop(limits):
    """Halt until at rest; returns the commands, shape (num_ticks, num_joints)."""
    commands = [limits.positions]
    while not limits.at_rest:
        commands.append(limits.halt())
        assert len(commands) < 300, 'the filter does not come to rest'
    return np.array(commands[1:]).reshape(-1, commands[0].size)


def caught_up(robot, start, tick=TICK):
    """Return a filter that moves at full speed: it has been at its target."""
    limits = LimitFilter(robot, tick, approach_velocity=0.5)
    limits.reset(start)
    limits.follow(start)
    return limits


def wave(seconds, speed, size=0.2):
    """Return targets on a smooth way there and back, at rest at its start."""
    times = TICK * np.arange(1, round(seconds / TICK))
    return G1.home + size * (1.0 - np.cos(speed * times))[:, None] * SIDE


def off_the_line(commands, direction):
    """Return how far commands leave the line through the first along a direction [rad]."""
    moved = commands - commands[0]
    along = moved @ direction / (direction @ direction)
    return float(np.abs(moved - along[:, None] * direction).max())


KINDS = {
    'walk': lambda rng, size: G1.home + np.cumsum(rng.normal(scale=0.05, size=size), axis=0),
    'jumps': lambda rng, size: rng.uniform(G1.lower, G1.upper, size=size),
    'noise': lambda rng, size: G1.home + rng.normal(scale=1e-3, size=size),
    'huge': lambda rng, size: rng.choice([-1e300, 1e300, 1e12], size=size),
    'limits': lambda rng, size: np.where(rng.random(size) < 0.5, G1.lower, G1.upper),
}


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(sorted(KINDS)),
    hold=st.integers(1, 60), jerk=st.sampled_from([5.0, 20.0, 50.0, 1000.0]))
def test_no_limit_is_ever_broken(seed, kind, hold, jerk):
    robot = with_jerk(G1, jerk)
    rng = np.random.default_rng(seed)
    targets = KINDS[kind](rng, (int(np.ceil(300 / hold)), len(G1.joints)))
    limits = caught_up(robot, rng.uniform(G1.lower, G1.upper))
    commands = [limits.positions]
    for target in np.repeat(targets, hold, axis=0):
        commands.append(limits.halt() if rng.random() < 0.02 else limits.follow(target))
    commands.extend(stop(limits))
    assert count_violations(np.array(commands), robot, TICK) == Violations()


@pytest.mark.parametrize('fault', ['velocity', 'acceleration', 'jerk', 'upper'])
def test_the_check_finds_a_limit_that_the_filter_does_not_know(fault):
    wider = {'upper': 0.01}.get(fault, 1.05)
    joints = tuple(
        replace(joint, **{fault: joint.upper + wider}) if fault == 'upper' else
        replace(joint, **{fault: wider * (joint.max_jerk if fault == 'jerk'
                                          else getattr(joint, fault))})
        for joint in G1.joints)
    limits = caught_up(replace(G1, joints=joints), G1.home)
    targets = np.repeat([robot_end(joints), G1.lower, robot_end(joints)], 150, axis=0)
    found = count_violations(follow(limits, targets), G1, TICK)
    broken = {'velocity': 'velocities', 'acceleration': 'accelerations', 'jerk': 'jerks',
              'upper': 'positions'}[fault]
    assert getattr(found, broken) > 0


def robot_end(joints):
    """Return the upper limits of joints [rad]."""
    return np.array([joint.upper for joint in joints])


def test_a_target_within_limits_is_followed_exactly():
    limits = caught_up(G1, G1.home)
    # Starts at rest: acceleration 0.2 * 3^2 = 1.8 rad/s^2.
    targets = wave(5.0, speed=3.0)
    np.testing.assert_allclose(follow(limits, targets)[1:], targets, rtol=0.0, atol=1e-12)
    assert limits.counters == LimitCounters()


def test_a_target_at_the_limits_of_its_rates_is_followed_exactly(robot):
    # The shoulder with jerk 500, acceleration 10 and velocity 2, and back to rest.
    jerks = np.concatenate([
        [500.0] * 2, [0.0] * 18, [-500.0] * 2, [0.0] * 5, [-500.0] * 2, [0.0] * 18, [500.0] * 2])
    way = 0.01**3 * np.cumsum(np.cumsum(np.cumsum(jerks)))
    targets = robot.home + way[:, None] * [1.0, 0.0, 0.0] - [0.3, 0.0, 0.0]
    limits = caught_up(robot, robot.home - [0.3, 0.0, 0.0], tick=0.01)
    np.testing.assert_allclose(follow(limits, targets)[1:], targets, rtol=0.0, atol=1e-12)


def test_a_jump_is_reached_fast_and_without_overshoot(robot):
    limits = caught_up(robot, np.zeros(3), tick=0.01)
    commands = follow(limits, [np.array([0.9, 0.0, 0.0])] * 200)[:, 0]
    # 0.2 s up to 2 rad/s, 0.25 s at it, 0.2 s down to rest, two jerks of 0.02 s: 0.67 s at best.
    reached = int(np.argmax(commands > 0.9 - 1e-3))
    assert 0.64 <= reached * 0.01 <= 0.74
    assert commands.max() <= 0.9 + 1e-12
    assert commands[-1] == pytest.approx(0.9, abs=1e-9)


def test_the_way_to_a_jump_is_straight_though_one_joint_is_slower():
    target = 0.5 * (G1.home + np.random.default_rng(0).uniform(G1.lower, G1.upper))
    commands = follow(caught_up(G1, G1.home), [target] * 200)
    np.testing.assert_allclose(commands[-1], target, rtol=0.0, atol=1e-9)
    assert off_the_line(commands, target - G1.home) < 1e-12


def test_a_joint_that_breaks_its_limit_slows_the_others_down(robot):
    limits = caught_up(robot, robot.home, tick=0.01)
    # The elbow is sent 0.9 rad at up to 3 rad/s: its limit is 1.
    way = 0.45 * (1.0 - np.cos(np.linspace(0.0, np.pi, 48)))[:, None] * [0.5, 1.0, 0.0]
    commands = follow(limits, robot.home + np.vstack((way, np.repeat(way[-1:], 200, axis=0))))
    assert off_the_line(commands, np.array([0.5, 1.0, 0.0])) < 1e-12
    np.testing.assert_allclose(commands[-1], robot.home + way[-1], rtol=0.0, atol=1e-9)


def test_a_moving_target_is_caught_up_with():
    limits = caught_up(G1, G1.home)
    targets = wave(8.0, speed=1.0, size=0.15) + 0.05 * SIDE
    commands = follow(limits, targets)[1:]
    np.testing.assert_allclose(commands[-60:], targets[-60:], rtol=0.0, atol=1e-12)


def test_it_catches_up_slowly_after_a_reset(robot):
    limits = LimitFilter(robot, 0.01, approach_velocity=0.2)
    limits.reset(np.zeros(3))
    commands = follow(limits, [np.array([0.5, 0.5, 0.3])] * 300)
    catching_up = commands[(commands[:, 0] < 0.5 - 0.02), 0]
    assert len(catching_up) > 200
    assert np.diff(catching_up).max() <= 0.2 * 0.01 * (1 + 1e-6)
    faster = follow(limits, [np.array([-0.5, 0.5, 0.3])] * 60)
    assert np.abs(np.diff(faster, axis=0)).max() > 0.015


def test_halting_keeps_a_straight_path():
    target = 0.5 * (G1.home + np.random.default_rng(0).uniform(G1.lower, G1.upper))
    for ticks in (2, 10, 25, 40):
        limits = caught_up(G1, G1.home)
        commands = np.vstack((follow(limits, [target] * ticks), stop(limits)))
        assert off_the_line(commands, target - G1.home) < 1e-12
        assert count_violations(commands, G1, TICK) == Violations()


def test_halting_leaves_a_curved_path_by_less_than_a_milliradian():
    def curve(times):
        return 0.2 * np.stack([1.0 - np.cos(2.0 * times), 1.0 - np.cos(3.0 * times)], axis=1)

    targets = np.tile(G1.home, (60, 1))
    targets[:, 4:6] += curve(TICK * np.arange(1, 61))
    limits = caught_up(G1, G1.home)
    follow(limits, targets)
    halted = stop(limits)[:, 4:6] - G1.home[4:6]
    points = curve(np.linspace(0.0, 1.5, 20_000))
    assert max(np.linalg.norm(points - place, axis=1).min() for place in halted) < 1e-3


def test_rest_is_rest():
    limits = caught_up(G1, G1.home)
    follow(limits, G1.home + 0.3 * SIDE * np.ones((20, 1)))
    place = stop(limits)[-1]
    assert not limits.velocities.any()
    assert not limits.accelerations.any()
    np.testing.assert_allclose(limits.halt(), place, rtol=0.0, atol=1e-12)


def test_halting_takes_no_longer_than_the_limits_need():
    limits = caught_up(G1, G1.home)
    follow(limits, G1.home + 0.8 * SIDE * np.ones((25, 1)))
    # Velocity over acceleration and acceleration over jerk, of the slowest joint, and rounding.
    needed = np.max(np.abs(limits.velocities) / G1.max_acceleration) + 0.04
    assert len(stop(limits)) * TICK <= needed + 4 * TICK


def test_halting_near_a_limit_stays_inside(robot):
    limits = caught_up(robot, np.array([0.9, 1.0, 0.0]), tick=0.01)
    commands = np.vstack((follow(limits, [np.array([5.0, 1.0, 0.0])] * 8), stop(limits)))
    assert commands[:, 0].max() <= 1.0 + 1e-12
    assert count_violations(commands, robot, 0.01) == Violations()


def test_a_joint_measured_outside_comes_back_in(robot):
    limits = LimitFilter(robot, 0.01, approach_velocity=0.5)
    limits.reset(np.array([1.1, 0.5, 0.0]))
    commands = follow(limits, [np.array([2.0, 0.5, 0.0])] * 100)[:, 0]
    assert commands[0] == 1.1
    assert (np.diff(commands) <= 0.0).all()
    assert commands[-1] == pytest.approx(1.0, abs=1e-6)


def test_a_target_that_is_not_a_number_brakes(robot):
    limits = caught_up(robot, np.zeros(3), tick=0.01)
    targets = np.repeat([[0.9, 0.5, 0.3], [np.nan, 0.5, 0.3]], [10, 60], axis=0)
    commands = follow(limits, targets)
    assert limits.at_rest
    assert count_violations(commands, robot, 0.01) == Violations()


def test_accelerations_are_those_of_the_commands():
    limits = caught_up(G1, G1.home)
    commands = follow(limits, wave(0.5, speed=3.0))
    velocities = np.diff(commands[-3:], axis=0) / TICK
    np.testing.assert_allclose(limits.velocities, velocities[-1], atol=1e-9)
    np.testing.assert_allclose(
        limits.accelerations, np.diff(velocities, axis=0)[0] / TICK, atol=1e-6)


def test_the_counters_say_which_limit_acted(robot):
    limits = caught_up(robot, robot.home, tick=0.01)
    limits.follow(robot.home + np.array([0.0, 0.0, 1.0]))
    assert [getattr(limits.counters, field.name) for field in fields(LimitCounters)] == [1] * 4
    # 0.0005 rad in a tick: 0.05 rad/s and 5 rad/s^2 are allowed, 500 rad/s^3 are not.
    limits = caught_up(robot, robot.home, tick=0.01)
    limits.follow(robot.home + np.array([0.0, 0.0, 0.0005]))
    assert limits.counters == LimitCounters(jerks=1)
