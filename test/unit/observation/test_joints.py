import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groot_ros.observation import JointAssembler, JointSnapshot, Refusal, RefusalReason

NAMES = ('shoulder', 'elbow', 'wrist')


@pytest.fixture
def joints():
    return JointAssembler(NAMES)


def refused(result, reason, text):
    return (isinstance(result, Refusal) and result.reason is RefusalReason[reason]
            and text in result.text)


@given(st.permutations([*NAMES, 'left_knee']))
def test_any_order_comes_out_in_the_embodiments_order(order):
    values = dict(zip((*NAMES, 'left_knee'), (0.1, 0.2, 0.3, 9.0), strict=True))
    joints = JointAssembler(NAMES)
    positions = [values[name] for name in order]
    assert joints.update(order, positions, [10 * p for p in positions], 1.0) is None
    snapshot = joints.snapshot()
    assert isinstance(snapshot, JointSnapshot)
    np.testing.assert_allclose(snapshot.positions, [0.1, 0.2, 0.3])
    np.testing.assert_allclose(snapshot.velocities, [1.0, 2.0, 3.0])


def test_joints_may_come_in_several_messages_each_with_its_own_age(joints):
    joints.update(['wrist'], [0.3], [], 1.0)
    joints.update(['elbow', 'shoulder'], [0.2, 0.1], [2.0, 1.0], 1.5)
    snapshot = joints.snapshot()
    np.testing.assert_allclose(snapshot.ages(2.0), [0.5, 0.5, 1.0])
    assert snapshot.stamp == 1.0
    np.testing.assert_array_equal(snapshot.velocities, [1.0, 2.0, np.nan])


def test_joints_that_never_came_are_named(joints):
    joints.update(['elbow'], [0.2], [], 1.0)
    assert joints.missing == ('shoulder', 'wrist')
    assert refused(joints.snapshot(), 'NO_STATE', 'shoulder, wrist')


def test_newer_values_replace_older_ones_and_late_ones_are_passed_over(joints):
    joints.update(NAMES, [1.0, 1.0, 1.0], [], 1.0)
    joints.update(['elbow'], [2.0], [], 1.2)
    assert joints.update(['elbow', 'wrist'], [3.0, 3.0], [], 1.1) is None
    np.testing.assert_array_equal(joints.snapshot().positions, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ('names', 'positions', 'velocities', 'text'),
    [
        (NAMES, [0.0, 0.0], [], '3 names, 2 positions'),
        (NAMES, [0.0, 0.0, 0.0], [0.0], '1 velocities'),
        (NAMES, [0.0, np.nan, 0.0], [], "joint 'elbow' is nan"),
        (NAMES, [0.0, 0.0, -np.inf], [], "joint 'wrist' is -inf"),
        (('elbow', 'wrist', 'elbow'), [0.0, 0.0, 0.0], [], "'elbow' is named twice"),
    ],
)
def test_wrong_messages_are_dropped(joints, names, positions, velocities, text):
    joints.update(NAMES, [1.0, 1.0, 1.0], [], 1.0)
    assert refused(joints.update(names, positions, velocities, 1.1), 'BAD_STATE', text)
    np.testing.assert_array_equal(joints.snapshot().positions, [1.0, 1.0, 1.0])
    assert joints.snapshot().stamp == 1.0


def test_joints_of_others_may_be_anything(joints):
    assert joints.update(
        ('lidar', *NAMES, 'lidar'), [np.nan, 1.0, 1.0, 1.0, np.nan], [], 1.0) is None


def test_the_clock_of_those_who_report_other_joints_does_not_matter(joints):
    joints.update(NAMES, [1.0, 1.0, 1.0], [], 100.0)
    assert joints.update(['wheel'], [2.0], [], 0.0) is None
    assert joints.missing == ()
    assert joints.snapshot().stamp == 100.0


def test_a_clock_that_goes_back_drops_what_is_older(joints):
    joints.update(NAMES, [1.0, 1.0, 1.0], [], 100.0)
    assert refused(joints.update(['elbow'], [2.0], [], 1.0), 'CLOCK_JUMPED', 'back to 1.00 s')
    assert joints.missing == ('shoulder', 'wrist')


def test_a_snapshot_stays_as_it_was(joints):
    joints.update(NAMES, [1.0, 1.0, 1.0], [], 1.0)
    snapshot = joints.snapshot()
    joints.update(NAMES, [2.0, 2.0, 2.0], [], 2.0)
    np.testing.assert_array_equal(snapshot.positions, [1.0, 1.0, 1.0])
