"""Whatever stops the robot: it brakes in the next tick, within its limits, and goes on."""

import math

import numpy as np
import pytest

from groot_ros.control import (
    ActionChunk,
    Hold,
    HoldReason,
    Playback,
    PlaybackSettings,
    StopSettings,
    TokenOrigin,
)
from groot_ros.control.limit_check import Violations, count_violations

TICK = 0.01
SETTINGS = PlaybackSettings(approach_velocity=5.0, stops=StopSettings(
    max_state_age=0.105, max_token_age=0.505, max_observation_age=0.205, max_tracking_error=0.3,
    tracking_patience=0.05, max_disagreement=1.3, deadman_timeout=0.155))
START = np.array([-0.8, 0.3, 0.3])
DEAD = Hold(HoldReason.SOLVER_DEAD, 'it was killed')
INPUTS = frozenset({'state', 'tokens', 'observation', 'deadman', 'chunk'})


class Bench:
    """A playback on a robot that follows exactly and moves all the time."""

    def __init__(self, robot):
        self.robot = robot
        self.playback = Playback(robot, ['arm'], 'abc', SETTINGS)
        self.now = 100.0
        self.offset = np.zeros(3)
        self.epoch = 1
        self.bad_chunks = False
        self.commands = []

    def target(self, time):
        """Return where the joints of the policy shall be: never at rest for long."""
        swing = 0.5 * math.sin(2.0 * math.pi * 0.3 * time)
        return np.array([swing, 1.0 + 0.5 * swing])

    def tick(self, without=frozenset()):
        playback, now = self.playback, self.now
        if 'state' not in without:
            playback.on_state(
                (self.commands[-1].positions if self.commands else START) + self.offset, now)
        if 'tokens' not in without:
            playback.on_tokens(TokenOrigin('abc', 'robot', self.epoch, now), now)
        if 'observation' not in without:
            playback.stops.observation.stamp = now
        if 'deadman' not in without:
            playback.stops.deadman.update(True, now)
        if 'chunk' not in without:
            rows = np.array([self.target(now + 0.05 * (k + 1)) for k in range(16)])
            wrong = 1.4 * (-1) ** len(self.commands) if self.bad_chunks else 0.0
            playback.on_chunk(ActionChunk(now, 0.05, rows + wrong, self.epoch), now)
        self.commands.append(playback.tick(now))
        self.now += TICK

    def run(self, seconds, without=frozenset()):
        for _ in range(round(seconds / TICK)):
            self.tick(without)

    def run_until_it_moves(self):
        for _ in range(600):
            self.tick()
            if self.holds is None and np.abs(self.commands[-1].velocities).max() > 0.4:
                return
        raise AssertionError(f'it does not move: {self.commands[-1]}')

    @property
    def holds(self):
        hold = self.commands[-1].hold
        return hold and hold.reason.name

    def assert_within_limits(self):
        positions = np.array([START, *(command.positions for command in self.commands)])
        assert count_violations(positions, self.robot, TICK) == Violations()


@pytest.fixture
def bench(robot):
    moving = Bench(robot)
    moving.run(1.0)
    moving.run_until_it_moves()
    return moving


def engage(bench):
    bench.playback.stops.emergency.engage()


def release(bench):
    bench.playback.stops.emergency.reset()
    bench.epoch += 1
    bench.playback.stops.emergency.on_instruction('wave', bench.epoch)
    bench.playback.require_epoch(bench.epoch)


AT_ONCE = {
    'EMERGENCY_STOP': (engage, release),
    'PAUSED_BY_USER': (
        lambda b: b.playback.pause(Hold(HoldReason.PAUSED_BY_USER, '')),
        lambda b: b.playback.resume()),
    'SOLVER_DEAD': (
        lambda b: b.playback.stops.block(DEAD),
        lambda b: b.playback.stops.unblock(HoldReason.SOLVER_DEAD)),
    'DISAGREEMENT': (
        lambda b: setattr(b, 'bad_chunks', True), lambda b: setattr(b, 'bad_chunks', False))}
BY_SILENCE = {
    'STALE_STATE': ('state', 0.105), 'STALE_TOKENS': ('tokens', 0.505),
    'STALE_OBSERVATION': ('observation', 0.205), 'DEADMAN_RELEASED': ('deadman', 0.155)}


def assert_rests_soon(bench, without=frozenset()):
    """Check that it rests no later than the joint that needs longest could, at the worst."""
    robot = bench.robot
    speed = np.abs(bench.commands[-2].velocities)
    most, jerk = robot.max_acceleration, robot.max_jerk
    # At full acceleration: to zero, to full deceleration, and from there to zero again.
    gained = most**2 / (2.0 * jerk)
    braking = ((speed + gained) / most + 2.0 * most / jerk).max()
    bench.run(braking + 2.0 * TICK, without)
    np.testing.assert_allclose(bench.commands[-1].velocities, 0.0, atol=1e-9)


@pytest.mark.parametrize('cause', AT_ONCE)
def test_it_brakes_in_the_tick_after_a_cause_and_goes_on_after_it(bench, cause):
    begin, end = AT_ONCE[cause]
    begin(bench)
    bench.tick()
    assert bench.holds == cause
    assert_rests_soon(bench)
    assert bench.holds == cause
    end(bench)
    bench.run_until_it_moves()
    bench.assert_within_limits()
    assert bench.playback.stop_count == 1


@pytest.mark.parametrize('cause', BY_SILENCE)
def test_it_brakes_in_the_tick_after_a_deadline_and_goes_on_after_it(bench, cause):
    absent, deadline = BY_SILENCE[cause]
    since = bench.now - TICK  # time of the newest input
    while bench.now - since < deadline:
        bench.tick({absent})
        assert bench.holds is None
    bench.tick({absent})
    assert bench.holds == cause
    assert_rests_soon(bench, {absent})
    bench.run_until_it_moves()
    bench.assert_within_limits()
    assert bench.playback.stop_count == 1


def test_a_robot_that_is_held_back_is_tried_again_from_where_it_is(bench):
    bench.offset = np.array([0.35, 0.0, 0.0])  # something holds the shoulder
    bench.run(0.06)
    assert bench.holds == 'TRACKING_ERROR'
    assert_rests_soon(bench)
    resting = bench.commands[-1].positions + bench.offset
    bench.run(0.9)
    bench.offset = np.zeros(3)
    held = len(bench.commands)
    bench.playback.on_state(resting, bench.now)
    while bench.holds is not None:
        bench.tick(without={'state'} if len(bench.commands) < held + 9 else frozenset())
    # From the measured pose, not from the command that was never reached.
    np.testing.assert_allclose(bench.commands[-1].positions, resting, atol=0.02)


@pytest.mark.parametrize('moved', [0.03, 0.4])
def test_after_an_emergency_stop_it_goes_on_from_the_measured_pose(bench, moved):
    engage(bench)
    bench.run(1.0)
    bench.offset = np.array([-moved, 0.0, 0.0])
    bench.tick()
    resting = bench.commands[-1].positions + bench.offset
    bench.offset = np.zeros(3)
    bench.playback.on_state(resting, bench.now)
    release(bench)
    bench.playback.on_state(resting, bench.now)
    bench.tick(without={'state'})
    assert bench.holds is None
    np.testing.assert_allclose(bench.commands[-1].positions, resting, atol=0.01)


def test_two_causes_at_once_end_only_together(bench):
    engage(bench)
    bench.playback.stops.block(DEAD)
    bench.run(1.0, without={'state'})
    release(bench)
    bench.run(0.3, without={'state'})
    assert bench.holds == 'SOLVER_DEAD'
    bench.playback.stops.unblock(HoldReason.SOLVER_DEAD)
    bench.run(0.3, without={'state'})
    assert bench.holds == 'STALE_STATE'
    bench.run_until_it_moves()
    assert bench.playback.stop_count == 1
