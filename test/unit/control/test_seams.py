"""Streams of chunks through a playback: late ones, lost ones, ones that contradict each other."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from groot_ros.control import (
    SEAM_MODES,
    ActionChunk,
    HoldReason,
    Playback,
    PlaybackSettings,
    SeamSettings,
    TokenOrigin,
)
from groot_ros.embodiment import load_embodiment

G1 = load_embodiment('unitree_g1')
TICK = 1.0 / G1.rates.control_hz
COLUMNS = G1.group_indices(['right_arm'])
HOME = G1.home[COLUMNS]
IN_FLIGHT = ('overlap', 'aggregate', 'real_time_chunking')
HORIZON, PERIOD = 16, 0.05
LONGEST_DELAY = round(0.3 * HORIZON * PERIOD / TICK)


class Step(NamedTuple):
    """One solve.

    Attributes:
        delay: Ticks from the capture of the joint state to the use of the chunk.
        lost: The chunk never comes.
        error: How far it lies from what the others say [rad].
    """

    delay: int
    lost: bool
    error: float


def streams(error: float, lost: st.SearchStrategy[bool]) -> st.SearchStrategy[list[Step]]:
    return st.lists(st.builds(
        Step, delay=st.integers(1, LONGEST_DELAY), lost=lost, error=st.floats(-error, error)),
        min_size=2, max_size=15)


def swing(times: np.ndarray) -> np.ndarray:
    """Return where the arm should be [rad], shape (times, 7): a smooth swing from home."""
    return HOME + 0.3 * (1.0 - np.cos(2.0 * times))[:, None]


def play(mode: str, stream: list[Step], settle: float = 1.5) -> tuple[np.ndarray, Playback]:
    """Solve and play; return all commands of the arm (ticks, 7), from rest to rest."""
    playback = Playback(
        G1, ['right_arm'], 'abc',
        PlaybackSettings(SeamSettings(mode), approach_velocity=10.0))
    commands, measured = [HOME], G1.home

    def run(ticks: int, now: float) -> float:
        nonlocal measured
        for _ in range(ticks):
            playback.on_state(measured, now)
            playback.on_tokens(TokenOrigin('abc', G1.tag, 1, now), now)
            measured = playback.tick(now).positions
            commands.append(measured[COLUMNS])
            now += TICK
        return now

    now = run(1, 50.0)
    for step in stream:
        stamp = now
        now = run(step.delay, now)
        rows = swing(stamp - 50.0 + PERIOD * np.arange(1, HORIZON + 1)) + step.error
        if not step.lost:
            playback.on_chunk(ActionChunk(stamp, PERIOD, rows, epoch=1), now)
    run(round(settle / TICK), now)
    return np.array(commands), playback


def velocity_steps(commands: np.ndarray) -> np.ndarray:
    """Return the largest change of velocity of each joint [rad/s]."""
    velocities = np.diff(commands, axis=0, prepend=commands[:1]) / TICK
    return np.abs(np.diff(velocities, axis=0)).max(axis=0)


@pytest.mark.parametrize('mode', SEAM_MODES)
@settings(max_examples=25, deadline=None)
@given(streams(error=2.0, lost=st.booleans()))
@example([Step(1, False, 2.0), Step(1, False, -2.0)] * 5)
@example([Step(LONGEST_DELAY, False, 0.5)] + [Step(LONGEST_DELAY, True, 0.0)] * 5)
def test_whatever_comes_positions_and_velocities_do_not_jump(mode, stream):
    commands, _ = play(mode, stream)
    limit = G1.max_acceleration[COLUMNS] * TICK
    assert (velocity_steps(commands) <= limit * (1.0 + 1e-6)).all()
    steps = np.abs(np.diff(commands, axis=0)).max(axis=0)
    assert (steps <= G1.max_velocity[COLUMNS] * TICK * (1.0 + 1e-6)).all()


@pytest.mark.parametrize('mode', IN_FLIGHT)
@settings(max_examples=25, deadline=None)
@given(streams(error=0.02, lost=st.just(False)))
def test_chunks_that_differ_a_little_leave_nothing_to_the_limits(mode, stream):
    # Lines would break the velocity by up to 0.04 / 0.25 rad/s, 19 rad/s^2 in a tick.
    commands, playback = play(mode, stream, settle=0.1)
    assert playback.limits.counters.accelerations == 0
    assert velocity_steps(commands).max() < 12.0 * TICK


@pytest.mark.parametrize('mode', SEAM_MODES)
def test_without_chunks_the_last_one_is_played_to_its_end(mode):
    commands, playback = play(mode, [Step(3, False, 0.0), Step(3, True, 0.0)], settle=2.0)
    np.testing.assert_allclose(
        commands[-1], swing(np.array([HORIZON * PERIOD + TICK]))[0], atol=0.05)
    assert playback.hold(60.0).reason is HoldReason.STALE_STATE


@pytest.mark.parametrize('mode', IN_FLIGHT)
def test_late_chunks_follow_the_policy_as_prompt_ones_do(mode):
    for delay in (1, LONGEST_DELAY):
        stream = [Step(delay, False, 0.0)] * (120 // delay)
        commands, _ = play(mode, stream, settle=0.0)
        times = np.arange(len(commands)) * TICK
        tracked = np.abs(commands - swing(times - TICK))[len(commands) // 2:]
        assert tracked.max() < 0.05
