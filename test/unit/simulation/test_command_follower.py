"""The simulated robot follows commands as joint_trajectory_controller does."""

import numpy as np
import pytest

from groot_ros.simulation.command_follower import CommandFollower, Trajectory

JOINTS = ('a', 'b', 'c')


@pytest.fixture
def follower() -> CommandFollower:
    return CommandFollower(JOINTS, np.array([0.1, 0.2, 0.3]))


def trajectory(start: float, times: list, positions: list, velocities=None) -> Trajectory:
    rates = None if velocities is None else np.array(velocities, dtype=float)
    return Trajectory(start, np.array(times), np.array(positions, dtype=float), rates)


def test_home_is_held_before_any_command(follower: CommandFollower) -> None:
    np.testing.assert_allclose(follower.targets(5.0), [0.1, 0.2, 0.3])


def test_points_without_velocities_are_joined_by_lines_from_the_present_target(follower) -> None:
    follower.follow('arm', ['c'], trajectory(1.0, [1.0], [[1.3]]), now=1.0)
    np.testing.assert_allclose(follower.targets(1.25), [0.1, 0.2, 0.55])


def test_points_with_velocities_are_joined_by_cubics(follower: CommandFollower) -> None:
    path = trajectory(0.0, [1.0], [[1.1]], [[0.0]])
    follower.follow('arm', ['a'], path, now=0.0)
    # A rest-to-rest cubic has gone 3 s^2 - 2 s^3 of its way.
    assert follower.targets(0.25)[0] == pytest.approx(0.1 + 3 / 16 - 2 / 64)
    assert follower.targets(0.5)[0] == pytest.approx(0.6)


def test_a_point_that_is_due_at_once_is_followed_and_held(follower: CommandFollower) -> None:
    follower.follow('arm', ['a'], trajectory(2.0, [0.0], [[0.6]]), now=2.0)
    assert follower.targets(2.0)[0] == pytest.approx(0.6)
    assert follower.targets(9.0)[0] == pytest.approx(0.6)


def test_the_last_point_is_held(follower: CommandFollower) -> None:
    follower.follow('arm', ['a'], trajectory(0.0, [0.5, 1.0], [[0.4], [0.6]]), now=0.0)
    assert follower.targets(9.0)[0] == pytest.approx(0.6)


def test_points_that_are_past_are_skipped(follower: CommandFollower) -> None:
    path = trajectory(0.0, [0.5, 1.0], [[9.0], [0.6]])
    follower.follow('arm', ['a'], path, now=0.6)
    assert follower.targets(0.8)[0] == pytest.approx(0.35)


def test_a_trajectory_that_starts_later_is_led_to(follower: CommandFollower) -> None:
    follower.follow('arm', ['a'], trajectory(2.0, [1.0], [[1.1]]), now=1.0)
    assert follower.targets(2.0)[0] == pytest.approx(0.6)


def test_a_new_trajectory_replaces_only_its_own_output(follower: CommandFollower) -> None:
    follower.follow('arm', ['a'], trajectory(0.0, [1.0], [[1.1]]), now=0.0)
    follower.follow('hand', ['b'], trajectory(0.0, [1.0], [[1.2]]), now=0.0)
    follower.follow('arm', ['a'], trajectory(0.5, [0.5], [[0.6]]), now=0.5)
    np.testing.assert_allclose(follower.targets(1.0), [0.6, 1.2, 0.3])


def test_velocity_goes_on_over_a_replacement(follower: CommandFollower) -> None:
    path = trajectory(0.0, [1.0], [[1.1]], [[0.0]])
    follower.follow('arm', ['a'], path, now=0.0)
    follower.follow('arm', ['a'], trajectory(0.5, [0.5], [[1.1]], [[0.0]]), now=0.5)
    before, at, after = (follower.targets(t)[0] for t in (0.5, 0.501, 0.502))
    assert at - before == pytest.approx(after - at, rel=0.02)
    assert at - before == pytest.approx(0.0015, rel=0.02)


def test_stamped_commands_make_the_motion_itself_however_late_they_come() -> None:
    follower, random, told = CommandFollower(['a'], np.zeros(1)), np.random.default_rng(0), []
    # A parabola: cubics through its points and velocities are the parabola, if times are right.
    for tick in range(120):
        made, now = 0.01 * tick, 0.01 * tick + random.uniform(0.0, 0.008)
        follower.follow('arm', ['a'], trajectory(
            made, [0.02, 0.5], [[made**2], [9.0]], [[2.0 * made], [0.0]]), now)
        told.append((now + 0.001, follower.targets(now + 0.001)[0]))
    times, targets = np.array(told[40:]).T  # what led in at first has faded
    np.testing.assert_allclose(targets, (times - 0.02)**2, atol=1e-9)


def test_a_stream_is_taken_at_once_and_ends_the_trajectory(follower: CommandFollower) -> None:
    follower.follow('arm', ['a'], trajectory(0.0, [1.0], [[1.1]]), now=0.0)
    follower.hold('arm', ['a'], np.array([0.7]))
    assert follower.targets(0.5)[0] == 0.7


def test_reset_forgets_commands(follower: CommandFollower) -> None:
    follower.follow('arm', ['a'], trajectory(0.0, [1.0], [[1.1]]), now=0.0)
    follower.reset(np.zeros(3))
    np.testing.assert_array_equal(follower.targets(1.0), np.zeros(3))


def test_a_stop_holds_the_present_targets_at_once(follower: CommandFollower) -> None:
    follower.follow('arm', ['a'], trajectory(0.0, [1.0], [[1.1]]), now=0.0)
    follower.stop('arm', 0.5)
    follower.stop('hand', 0.5)  # nothing runs there
    for now in (0.5, 2.0):
        np.testing.assert_allclose(follower.targets(now), [0.6, 0.2, 0.3])
