import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groot_ros.control import TrajectoryError, check_trajectory, stopping_trajectory

JOINTS = ('shoulder', 'elbow')
NOW = 50.0


def check(**changes):
    values = {
        'own_joints': JOINTS, 'joint_names': ['elbow', 'shoulder'], 'stamp': 0.0,
        'times': np.array([0.01, 0.1]), 'positions': [np.zeros(2)] * 2,
        'velocities': [np.ones(2), np.zeros(2)], 'now': NOW} | changes
    check_trajectory(**values)


def test_joints_may_come_in_any_order_and_without_velocities():
    check()
    check(velocities=[np.array([]), np.array([])])
    check(stamp=49.95)
    check(times=np.array([0.0, 0.1]))


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        ({'joint_names': ['shoulder', 'knee']}, "'knee' is not of this controller"),
        ({'joint_names': ['shoulder']}, "'elbow' is missing"),
        ({'joint_names': ['shoulder', 'elbow', 'elbow']}, 'named twice'),
        ({'times': np.array([]), 'positions': [], 'velocities': []}, 'no points'),
        ({'times': np.array([0.1, 0.1])}, 'must grow'),
        ({'times': np.array([0.2, 0.1])}, 'must grow'),
        ({'stamp': 49.0}, r'ended 0\.900 s ago'),
        ({'velocities': [np.zeros(2), np.array([0.0, 0.1])]}, 'last point has a velocity'),
        ({'positions': [np.zeros(2), np.zeros(3)]}, r'points\[1\]\.positions must hold 2'),
        ({'velocities': [np.zeros(1), np.zeros(2)]}, r'points\[0\]\.velocities must hold 2'),
        ({'positions': [np.zeros(2), np.array([0.0, np.nan])]}, 'must be finite'),
    ],
)
def test_what_the_controller_refuses_is_refused(changes, problem):
    with pytest.raises(TrajectoryError, match=problem):
        check(**changes)


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=2), st.floats(0.001, 0.1))
def test_a_stopping_trajectory_is_accepted_and_brakes_within_its_limit(velocities, lead):
    deceleration = np.array([10.0, 20.0])
    start, velocity = np.array([0.1, 0.2]), np.array(velocities)
    times, positions, rates = stopping_trajectory(start, velocity, deceleration, lead)
    check_trajectory(JOINTS, JOINTS, 0.0, times, list(positions), list(rates), NOW)
    braking = times[1] - times[0]
    assert (np.abs(velocity) / braking <= deceleration + 1e-9).all()
    # Constant deceleration: the way is half of velocity times time.
    np.testing.assert_allclose(positions[1] - positions[0], velocity * braking / 2.0, atol=1e-12)
