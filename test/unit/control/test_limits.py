import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groot_ros.control import LimitFilter
from groot_ros.embodiment import load_embodiment

TICK = 1.0 / 120.0
G1 = load_embodiment('unitree_g1')
# Sums of rounding over some thousand ticks.
ROUNDING = 1e-9


def follow(limits, targets):
    """Return the commands for a row of targets per tick, shape (num_ticks + 1, num_joints)."""
    return np.array([limits.positions.copy()] + [limits.follow(target) for target in targets])


def assert_within_limits(commands, robot, tick):
    velocities = np.diff(commands, axis=0) / tick
    accelerations = np.diff(velocities, axis=0, prepend=0.0 * velocities[:1]) / tick
    assert (commands >= robot.lower - ROUNDING).all()
    assert (commands <= robot.upper + ROUNDING).all()
    assert (np.abs(velocities) <= robot.max_velocity * (1 + 1e-6)).all()
    assert (np.abs(accelerations) <= robot.max_acceleration * (1 + 1e-6)).all()


def caught_up(robot, start, tick=TICK):
    """Return a filter that moves at full speed: it has been at its target."""
    limits = LimitFilter(robot, tick, approach_velocity=0.5)
    limits.reset(start)
    limits.follow(start)
    return limits


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(['walk', 'jumps', 'huge', 'limits']),
    st.integers(1, 60))
def test_no_limit_is_ever_broken(seed, kind, hold):
    generator = np.random.default_rng(seed)
    size = (int(np.ceil(400 / hold)), len(G1.joints))
    targets = {
        'walk': lambda: G1.home + np.cumsum(generator.normal(scale=0.05, size=size), axis=0),
        'jumps': lambda: generator.uniform(G1.lower, G1.upper, size=size),
        'huge': lambda: generator.choice([-1e300, 1e300, 1e12], size=size),
        'limits': lambda: np.where(generator.random(size) < 0.5, G1.lower, G1.upper),
    }[kind]()
    limits = caught_up(G1, generator.uniform(G1.lower, G1.upper))
    commands = follow(limits, np.repeat(targets, hold, axis=0))
    stop = [commands[-1]]
    while not limits.at_rest:
        stop.append(limits.halt().copy())
        assert len(stop) < 300
    assert_within_limits(np.vstack((commands, stop[1:])) if stop[1:] else commands, G1, TICK)


def test_a_target_within_limits_is_followed_exactly():
    limits = caught_up(G1, G1.home)
    times = TICK * np.arange(1, 600)
    # Starts at rest: acceleration 0.2 * 3^2 = 1.8 rad/s^2.
    targets = G1.home + 0.2 * (1.0 - np.cos(3.0 * times))[:, None] * np.where(
        G1.home + 0.4 > G1.upper, -1.0, 1.0)
    np.testing.assert_allclose(follow(limits, targets)[1:], targets, atol=1e-9)
    assert limits.counters.velocities == limits.counters.accelerations == 0


def test_a_jump_is_reached_fast_and_without_overshoot(robot):
    limits = caught_up(robot, np.zeros(3), tick=0.01)
    commands = follow(limits, [np.array([0.9, 0.0, 0.0])] * 200)[:, 0]
    # 0.2 s up to 2 rad/s, 0.25 s at it, 0.2 s down to rest: 0.65 s at best.
    reached = int(np.argmax(commands > 0.9 - 1e-3))
    assert 0.65 <= reached * 0.01 <= 0.75
    assert commands.max() <= 0.9 + 1e-12
    assert commands[-1] == pytest.approx(0.9, abs=1e-6)


def test_it_catches_up_slowly_after_a_reset(robot):
    limits = LimitFilter(robot, 0.01, approach_velocity=0.2)
    limits.reset(np.zeros(3))
    commands = follow(limits, [np.array([0.5, 0.5, 0.3])] * 300)
    catching_up = commands[(commands[:, 0] < 0.5 - 0.02), 0]
    assert len(catching_up) > 200
    assert np.diff(catching_up).max() <= 0.2 * 0.01 + 1e-12
    faster = follow(limits, [np.array([-0.5, 0.5, 0.3])] * 30)
    assert np.abs(np.diff(faster, axis=0)).max() > 0.015


def test_halting_keeps_the_path(robot):
    limits = caught_up(robot, np.array([0.0, 1.0, 0.0]), tick=0.01)
    follow(limits, [np.array([0.3, 1.3, 0.0]) * share + np.array([0.0, 0.7, 0.0]) * (1 - share)
                    for share in np.linspace(0.0, 1.0, 40)])
    start, direction = limits.positions.copy(), limits.velocities.copy()
    assert np.abs(direction).max() > 0.3
    while not limits.at_rest:
        moved = limits.halt() - start
        np.testing.assert_allclose(
            moved * np.linalg.norm(direction), direction * np.linalg.norm(moved), atol=1e-9)


def test_halting_near_a_limit_stays_inside(robot):
    limits = caught_up(robot, np.array([0.9, 1.0, 0.0]), tick=0.01)
    commands = follow(limits, [np.array([5.0, 1.0, 0.0])] * 8)
    while not limits.at_rest:
        commands = np.vstack((commands, limits.halt()))
    assert commands[:, 0].max() <= 1.0
    assert_within_limits(commands, robot, 0.01)


def test_a_joint_measured_outside_comes_back_in(robot):
    limits = LimitFilter(robot, 0.01, approach_velocity=0.5)
    limits.reset(np.array([1.1, 0.5, 0.0]))
    commands = follow(limits, [np.array([2.0, 0.5, 0.0])] * 100)[:, 0]
    assert commands[0] == 1.1
    assert (np.diff(commands) <= 0.0).all()
    assert commands[-1] == pytest.approx(1.0, abs=1e-6)


def test_the_counters_say_which_limit_acted(robot):
    limits = caught_up(robot, robot.home, tick=0.01)
    limits.follow(robot.home + np.array([0.0, 0.0, 1.0]))
    assert limits.counters.positions == 1
    assert limits.counters.accelerations == 1
    limits.follow(robot.home)
    assert limits.counters.positions == 1
