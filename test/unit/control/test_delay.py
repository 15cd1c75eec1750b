import numpy as np
import pytest

from groot_ros.control import ActionChunk, HoldReason, SeamSettings
from groot_ros.control.curve import Motion
from groot_ros.control.delay import WARM_UP, WINDOW, SolverDelay
from groot_ros.control.intake import ChunkIntake

TICK = 0.01
PERIOD = 0.05
REST = Motion(np.zeros(2), np.zeros(2))


@pytest.fixture
def delay():
    counter = SolverDelay()
    for tick in range(100):
        counter.tick(tick * TICK)
    return counter


def test_the_ticks_that_were_executed_count_and_those_that_were_missed_do_not(delay):
    assert delay.measure(0.97) == 3  # 0.98, 0.99 and the one that is about to run
    delay.tick(1.5)
    assert delay.measure(0.97) == 4


def test_a_state_between_two_ticks_counts_from_the_next_one(delay):
    assert delay.measure(0.975) == 3


def test_the_first_solves_say_nothing(delay):
    for _ in range(WARM_UP):
        delay.count(90)
    assert delay.ticks == 0
    delay.count(4)
    assert delay.ticks == 4


def test_one_outlier_does_not_count_but_two_do(delay):
    for ticks in [0] * WARM_UP + [3, 4, 3, 50, 4]:
        delay.count(ticks)
    assert delay.ticks == 4
    delay.count(40)
    assert delay.ticks == 40


def test_what_was_slow_long_ago_is_forgotten(delay):
    for ticks in [0] * WARM_UP + [30, 30] + [3] * WINDOW:
        delay.count(ticks)
    assert delay.ticks == 3


def test_after_a_reset_there_is_a_warm_up_again(delay):
    for ticks in [0] * WARM_UP + [3, 3]:
        delay.count(ticks)
    delay.reset()
    delay.count(90)
    assert delay.ticks == 0


def make_intake(ticks=100, **settings):
    """Return an intake that executed some ticks up to 1 s."""
    intake = ChunkIntake(2, TICK, SeamSettings(**settings))
    for tick in range(ticks):
        intake.delay.tick(1.0 - (ticks - tick) * TICK)
    return intake


def chunk(stamp, width=2):
    return ActionChunk(stamp, PERIOD, np.zeros((16, width)), epoch=1)


@pytest.mark.parametrize(('delay', 'max_delay', 'accepted'), [
    (0.24, 0.0, True), (0.25, 0.0, False),  # 30 % of 0.8 s
    (0.1, 0.1, True), (0.11, 0.1, False), (0.5, 0.6, True)])
def test_a_chunk_may_be_so_late_and_no_later(delay, max_delay, accepted):
    hold = make_intake(max_delay=max_delay).join(chunk(1.0 - delay), 1.0, REST)
    assert (hold is None) is accepted


def test_a_refused_delay_says_what_came_and_what_to_do():
    intake = make_intake()
    hold = intake.join(chunk(0.7), 1.0, REST)
    assert hold.reason is HoldReason.DELAY_TOO_LONG
    assert '30 ticks (0.30 s)' in hold.text
    assert '0.24 s are allowed' in hold.text
    assert 'max_delay_s' in hold.text
    assert intake.problem(1.0) is hold  # nothing else is there to play


def test_a_robot_that_waits_takes_a_chunk_however_late():
    intake = make_intake(mode='synchronous')
    assert intake.join(chunk(-30.0), 1.0, REST) is None
    assert intake.problem(1.8) is None
    assert intake.problem(2.0) is None  # time to solve the next one
    assert intake.problem(2.1).reason is HoldReason.CHUNK_ENDED


def test_the_next_chunk_is_asked_for_when_the_plan_is_over_only_by_waiting():
    for mode, during in (('overlap', True), ('synchronous', False)):
        intake = make_intake(mode=mode)
        assert intake.wants_chunk(1.0)
        intake.join(chunk(1.0), 1.0, REST)
        assert intake.wants_chunk(1.5) is during
        assert intake.wants_chunk(1.8)


def test_the_rows_that_will_be_over_are_frozen():
    intake = make_intake(mode='real_time_chunking')
    for _ in range(WARM_UP + 2):
        intake.join(chunk(0.93), 1.0, REST)  # 7 ticks late
    shared = intake.shared(1.0, PERIOD)
    assert shared.frozen == 2  # 0.07 s end within the second row
    assert len(shared.positions) == 5  # and three that may leave the plan
    assert intake.shared(1.72, PERIOD) is None
    assert make_intake(mode='aggregate').shared(1.0, PERIOD) is None


def test_a_chunk_of_another_width_is_not_joined():
    hold = make_intake().join(chunk(1.0, width=3), 1.0, REST)
    assert hold.reason is HoldReason.BAD_CHUNK
    assert hold.text == 'chunks must have 2 columns, got 3'
