import itertools

import numpy as np
import pytest

from groot_ros.control import EmergencyStop, Hold, HoldReason, Stops, StopSettings
from groot_ros.control.tracking import RETRY_S

NOW = 100.0
SETTINGS = StopSettings(
    max_state_age=0.1, max_token_age=1.0, max_observation_age=0.5, max_tracking_error=0.2,
    tracking_patience=0.3, max_disagreement=0.4, deadman_timeout=0.2)
PAUSE = Hold(HoldReason.PAUSED_BY_USER, 'paused')
DEAD = Hold(HoldReason.SOLVER_DEAD, 'it was killed')


@pytest.fixture
def stops(robot):
    return Stops(robot, SETTINGS)


def feed(stops, now=NOW, *, without=()):
    """Let every input come, but for those named."""
    for name in ('state', 'observation', 'tokens'):
        if name not in without:
            getattr(stops, name).stamp = now
    if 'deadman' not in without:
        stops.deadman.update(True, now)


def track(stops, error, start, seconds):
    """Measure the second joint off its command every 10 ms."""
    for k in range(round(seconds / 0.01) + 1):
        stops.tracking.update(np.zeros(3), np.array([0.0, error, 0.0]), start + k * 0.01)


def reason(stops, now=NOW):
    hold = stops.check(now)
    return hold and hold.reason.name


def test_nothing_stops_a_robot_whose_inputs_come(stops):
    feed(stops)
    assert stops.check(NOW) is None


@pytest.mark.parametrize(('absent', 'expected'), [
    ('state', 'NO_STATE'), ('observation', 'NO_OBSERVATION'), ('tokens', 'NO_TOKENS'),
    ('deadman', 'DEADMAN_RELEASED')])
def test_an_input_that_never_came_stops_until_it_comes(stops, absent, expected):
    feed(stops, without=[absent])
    assert reason(stops) == expected
    feed(stops)
    assert stops.check(NOW) is None


@pytest.mark.parametrize(('absent', 'deadline', 'expected'), [
    ('state', 0.1, 'STALE_STATE'), ('observation', 0.5, 'STALE_OBSERVATION'),
    ('tokens', 1.0, 'STALE_TOKENS'), ('deadman', 0.2, 'DEADMAN_RELEASED')])
def test_each_input_has_its_own_deadline(stops, absent, deadline, expected):
    feed(stops)
    for late in (deadline - 1e-6, deadline + 1e-6):
        feed(stops, NOW + late, without=[absent])
        assert reason(stops, NOW + late) == (expected if late > deadline else None)
    feed(stops, NOW + deadline + 0.1)
    assert stops.check(NOW + deadline + 0.1) is None


def test_a_stamp_ahead_of_the_clock_is_not_fresh_for_ever(stops):
    feed(stops)
    stops.state.stamp = NOW + 60.0
    assert reason(stops) == 'CLOCK_JUMPED'
    stops.state.stamp = NOW + 0.05  # two machines never agree to the last millisecond
    assert stops.check(NOW) is None


def test_what_is_not_asked_for_is_not_watched(robot):
    stops = Stops(robot, StopSettings())
    stops.state.stamp = stops.tokens.stamp = NOW
    track(stops, 3.0, NOW - 1.0, 1.0)
    stops.on_chunk(9.0)
    assert stops.deadman is None
    assert stops.observation is None
    assert stops.check(NOW) is None


def test_a_released_deadman_button_stops_until_it_is_pressed(stops):
    feed(stops)
    stops.deadman.update(False, NOW)
    assert reason(stops) == 'DEADMAN_RELEASED'
    stops.deadman.update(True, NOW)
    assert stops.check(NOW) is None


def test_a_block_lasts_until_its_own_reason_is_lifted(stops):
    feed(stops)
    stops.block(PAUSE)
    stops.block(DEAD)
    assert stops.unblock(HoldReason.PAUSED_BY_USER)
    assert stops.check(NOW) is DEAD
    assert not stops.unblock(HoldReason.OUTPUT_REFUSED)
    assert stops.check(NOW) is DEAD
    stops.unblock(HoldReason.SOLVER_DEAD)
    assert stops.check(NOW) is None


def test_a_block_for_a_time_ends_with_it(stops):
    stops.block(DEAD, until=NOW + 1.0)
    for now, expected in ((NOW + 0.99, 'SOLVER_DEAD'), (NOW + 1.0, None)):
        feed(stops, now)
        assert reason(stops, now) == expected


def test_a_short_tracking_error_is_forgiven(stops):
    feed(stops)
    track(stops, 0.3, NOW - 0.4, 0.2)
    track(stops, 0.1, NOW - 0.2, 0.0)
    track(stops, 0.3, NOW - 0.2, 0.2)
    assert stops.check(NOW) is None


@pytest.mark.parametrize('error', [0.3, -0.3])
def test_a_lasting_tracking_error_names_the_joint_and_is_tried_again(stops, error):
    feed(stops)
    track(stops, error, NOW - 0.31, 0.31)
    hold = stops.check(NOW)
    assert hold.reason is HoldReason.TRACKING_ERROR
    assert 'elbow' in hold.text
    assert '0.300 rad' in hold.text
    later = NOW + RETRY_S + 0.02
    feed(stops, later)
    assert stops.check(later) is None


def test_chunks_that_disagree_stop_until_two_agree(stops):
    feed(stops)
    stops.on_chunk(0.4)
    assert stops.check(NOW) is None
    for disagreement in (0.5, np.inf, np.nan):
        stops.on_chunk(disagreement)
        assert reason(stops) == 'DISAGREEMENT'
    stops.on_chunk(0.1)
    assert stops.check(NOW) is None


def test_an_emergency_stop_needs_a_reset_and_then_a_new_instruction():
    stop = EmergencyStop()
    stop.on_instruction('touch the red block', epoch=5)
    stop.engage()
    stop.on_instruction('touch the blue block', epoch=6)  # before the reset: void
    assert stop.check().reason is HoldReason.EMERGENCY_STOP
    assert stop.reset()
    assert 'new instruction' in stop.check().text
    stop.on_instruction('touch the blue block', epoch=6)  # the latched topic, once more
    stop.on_instruction('', epoch=7)
    stop.on_instruction('touch the red block', epoch=4)
    assert stop.check().reason is HoldReason.EMERGENCY_STOP
    stop.on_instruction('touch the red block', epoch=8)
    assert stop.check() is None


def test_a_reset_without_a_stop_does_nothing():
    stop = EmergencyStop()
    assert not stop.reset()
    assert stop.check() is None


def test_a_stop_during_the_reset_latches_again():
    stop = EmergencyStop()
    stop.engage()
    stop.reset()
    stop.engage()
    stop.on_instruction('touch the red block', epoch=1)
    assert stop.latched


def test_the_emergency_stop_outlives_what_is_forgotten(robot):
    emergency = EmergencyStop()
    emergency.engage()
    stops = Stops(robot, SETTINGS, emergency)
    stops.forget()
    feed(stops)
    assert reason(stops) == 'EMERGENCY_STOP'


def test_what_was_measured_is_forgotten_and_what_was_asked_for_is_not(stops):
    feed(stops)
    stops.on_chunk(9.0)
    stops.block(PAUSE)
    stops.forget()
    assert stops.check(NOW) is PAUSE
    stops.unblock(HoldReason.PAUSED_BY_USER)
    assert reason(stops) == 'DEADMAN_RELEASED'
    stops.deadman.update(True, NOW)
    assert reason(stops) == 'NO_STATE'
    feed(stops)
    assert stops.check(NOW) is None


CAUSES = {
    'EMERGENCY_STOP': lambda stops: stops.emergency.engage(),
    'PAUSED_BY_USER': lambda stops: stops.block(PAUSE),
    'DEADMAN_RELEASED': lambda stops: stops.deadman.update(False, NOW),
    'STALE_STATE': lambda stops: setattr(stops.state, 'stamp', NOW - 1.0),
    'STALE_OBSERVATION': lambda stops: setattr(stops.observation, 'stamp', NOW - 1.0),
    'STALE_TOKENS': lambda stops: setattr(stops.tokens, 'stamp', NOW - 2.0),
    'TRACKING_ERROR': lambda stops: track(stops, 0.3, NOW - 0.4, 0.4),
    'DISAGREEMENT': lambda stops: stops.on_chunk(1.0)}
SEVERITY = list(CAUSES)


@pytest.mark.parametrize('causes', [
    pair for size in (2, 3) for pair in itertools.combinations(CAUSES, size)])
def test_of_several_causes_the_most_serious_is_named(stops, causes):
    feed(stops)
    for cause in reversed(causes):
        CAUSES[cause](stops)
    assert reason(stops) == min(causes, key=SEVERITY.index)
