import numpy as np
import pytest

from groot_ros.observation import (
    Imu,
    Observed,
    Refusal,
    RefusalReason,
    StampedImage,
    Synchronizer,
)

JOINTS = ('shoulder', 'elbow')
NOW = 10.0


@pytest.fixture
def inputs():
    return Synchronizer(('head', 'wrist'), JOINTS, max_skew=0.05, max_age=0.5)


def picture(stamp, value=0):
    return StampedImage(np.full((1, 1, 3), value, np.uint8), stamp)


def fill(inputs, stamp=NOW):
    inputs.on_image('head', picture(stamp))
    inputs.on_image('wrist', picture(stamp))
    inputs.on_joints(JOINTS, [0.1, 0.2], [], stamp)


def refusal(inputs, now):
    result = inputs.observe(now)
    assert isinstance(result, Refusal), result
    return result.reason, result.text


def test_images_and_joints_of_one_moment_are_an_observation(inputs):
    fill(inputs)
    observed = inputs.observe(NOW + 0.02)
    assert isinstance(observed, Observed)
    assert set(observed.images) == {'head', 'wrist'}
    assert observed.stamp == NOW
    assert observed.imu is None


def test_the_newest_image_counts(inputs):
    fill(inputs)
    inputs.on_image('head', picture(NOW + 0.04, 4))
    inputs.on_image('head', picture(NOW + 0.02, 2))  # came late
    observed = inputs.observe(NOW + 0.05)
    assert observed.images['head'].pixels[0, 0, 0] == 4
    assert observed.stamp == NOW + 0.04


def test_late_is_what_came_after_a_newer_image_but_not_of_another_time(inputs):
    assert not inputs.is_late('head', 0.0)
    fill(inputs)
    late = {stamp: inputs.is_late('head', stamp) for stamp in (NOW - 2.0, NOW - 0.1, NOW)}
    assert late == {NOW - 2.0: False, NOW - 0.1: True, NOW: False}
    assert not inputs.is_late('hand', NOW - 0.1)


def test_joints_of_the_moment_of_the_image_are_taken_not_the_newest(inputs):
    fill(inputs)
    for tick in range(1, 20):
        inputs.on_joints(JOINTS, [tick, tick], [], NOW + 0.01 * tick)
    inputs.on_image('head', picture(NOW + 0.05))
    inputs.on_image('wrist', picture(NOW + 0.05))
    observed = inputs.observe(NOW + 0.2)
    np.testing.assert_array_equal(observed.joints.positions, [5, 5])


def test_the_imu_is_carried(inputs):
    fill(inputs)
    inputs.on_imu(Imu(NOW, np.array([0, 0, 0, 1.0]), np.zeros(3), np.array([0, 0, 9.81])))
    assert inputs.observe(NOW).imu.linear_acceleration[2] == 9.81


def test_a_missing_camera_is_named(inputs):
    inputs.on_image('head', picture(NOW))
    inputs.on_joints(JOINTS, [0.1, 0.2], [], NOW)
    reason, text = refusal(inputs, NOW)
    assert reason is RefusalReason.NO_IMAGE
    assert 'wrist' in text


def test_a_camera_that_stopped_is_named(inputs):
    fill(inputs)
    inputs.on_image('head', picture(NOW + 0.6))
    reason, text = refusal(inputs, NOW + 0.6)
    assert reason is RefusalReason.STALE_IMAGE
    assert 'wrist is 0.60 s old' in text


def test_a_camera_that_does_not_stamp_is_told_to(inputs):
    inputs.on_image('head', picture(0.0))
    reason, text = refusal(inputs, NOW)
    assert reason is RefusalReason.STALE_IMAGE
    assert 'head' in text
    assert 'its stamp is 0' in text


def test_joints_that_are_not_stamped_are_told_so(inputs):
    inputs.on_image('head', picture(NOW))
    inputs.on_image('wrist', picture(NOW))
    inputs.on_joints(JOINTS, [0.1, 0.2], [], 0.0)
    reason, text = refusal(inputs, NOW)
    assert reason is RefusalReason.STALE_STATE
    assert 'its stamp is 0' in text


def test_joints_that_never_came_are_named(inputs):
    fill(Synchronizer(('head',), JOINTS, max_skew=1.0, max_age=1.0))
    inputs.on_image('head', picture(NOW))
    inputs.on_image('wrist', picture(NOW))
    inputs.on_joints(['elbow'], [0.2], [], NOW)
    reason, text = refusal(inputs, NOW)
    assert reason is RefusalReason.NO_STATE
    assert 'shoulder' in text


def test_one_joint_that_stopped_is_named(inputs):
    fill(inputs)
    for stamp in (NOW + 0.3, NOW + 0.6):
        inputs.on_image('head', picture(stamp))
        inputs.on_image('wrist', picture(stamp))
        inputs.on_joints(['shoulder'], [0.1], [], stamp)
    reason, text = refusal(inputs, NOW + 0.6)
    assert reason is RefusalReason.STALE_STATE
    assert "'elbow' is 0.60 s old" in text


def test_cameras_that_lie_apart_are_refused(inputs):
    fill(inputs)
    inputs.on_image('wrist', picture(NOW + 0.1))
    inputs.on_joints(JOINTS, [0.1, 0.2], [], NOW + 0.1)
    reason, text = refusal(inputs, NOW + 0.1)
    assert reason is RefusalReason.SKEWED_INPUTS
    assert 'head is 0.100 s older than wrist' in text


def test_joints_that_lie_apart_from_the_image_are_refused(inputs):
    fill(inputs)
    inputs.on_image('head', picture(NOW + 0.1))
    inputs.on_image('wrist', picture(NOW + 0.1))
    reason, text = refusal(inputs, NOW + 0.1)
    assert reason is RefusalReason.SKEWED_INPUTS
    assert 'joint states is 0.100 s older' in text


def test_it_is_known_whether_joints_of_the_moment_have_come(inputs):
    assert not inputs.joints_cover_images
    fill(inputs)
    assert inputs.joints_cover_images
    inputs.on_image('head', picture(NOW + 0.01))
    assert not inputs.joints_cover_images
    inputs.on_joints(JOINTS, [0.1, 0.2], [], NOW + 0.01)
    assert inputs.joints_cover_images


@pytest.mark.parametrize('first', ['image', 'joints'])
def test_a_clock_that_goes_back_drops_everything_older(inputs, first):
    fill(inputs)
    if first == 'image':
        jumped = inputs.on_image('head', picture(1.0))
    else:
        jumped = inputs.on_joints(JOINTS, [0.1, 0.2], [], 1.0)
    assert jumped.reason is RefusalReason.CLOCK_JUMPED
    reason, _ = refusal(inputs, 1.0)
    assert reason is RefusalReason.NO_IMAGE
    fill(inputs, 1.1)
    assert isinstance(inputs.observe(1.1), Observed)


def test_wrong_joint_states_change_nothing(inputs):
    fill(inputs)
    refused = inputs.on_joints(JOINTS, [np.nan, 0.0], [], NOW + 0.01)
    assert refused.reason is RefusalReason.BAD_STATE
    assert isinstance(inputs.observe(NOW + 0.01), Observed)
