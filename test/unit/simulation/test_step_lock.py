"""Step-locked simulation waits for exactly what the policy still owes."""

import pytest

from groot_ros.simulation.step_lock import StepLock

TICK = 8_333_333


@pytest.fixture
def lock() -> StepLock:
    return StepLock(vision_delay_ticks=3)


def test_a_tick_is_done_when_reported_and_its_commands_arrived(lock: StepLock) -> None:
    lock.tick_sent(TICK)
    assert not lock.tick_is_done()
    lock.step_done(TICK, tokens_stamp=0, commands=2)
    lock.command_received()
    assert not lock.tick_is_done()
    lock.command_received()
    assert lock.tick_is_done()


def test_commands_may_arrive_before_the_report(lock: StepLock) -> None:
    lock.tick_sent(TICK)
    lock.command_received()
    lock.step_done(TICK, tokens_stamp=0, commands=1)
    assert lock.tick_is_done()


def test_a_report_of_an_earlier_tick_does_not_end_this_one(lock: StepLock) -> None:
    lock.tick_sent(TICK)
    lock.step_done(TICK, tokens_stamp=0, commands=0)
    lock.tick_sent(2 * TICK)
    lock.step_done(TICK, tokens_stamp=0, commands=0)
    assert not lock.tick_is_done()


def test_a_second_report_for_new_tokens_changes_no_command_count(lock: StepLock) -> None:
    lock.tick_sent(TICK)
    lock.step_done(TICK, tokens_stamp=0, commands=1)
    lock.step_done(TICK, tokens_stamp=5, commands=0)
    assert not lock.tick_is_done()


def test_the_tick_after_the_vision_delay_waits_for_the_tokens(lock: StepLock) -> None:
    lock.image_sent(tick=12, stamp=12 * TICK)
    assert lock.tokens_are_here(14)
    assert not lock.tokens_are_here(15)
    lock.step_done(14 * TICK, tokens_stamp=12 * TICK, commands=0)
    assert lock.tokens_are_here(15)


def test_tokens_of_an_earlier_image_are_not_enough(lock: StepLock) -> None:
    lock.image_sent(tick=12, stamp=12 * TICK)
    lock.step_done(14 * TICK, tokens_stamp=11 * TICK, commands=0)
    assert not lock.tokens_are_here(15)


def test_reset_owes_nothing(lock: StepLock) -> None:
    lock.image_sent(tick=1, stamp=TICK)
    lock.reset()
    assert lock.tokens_are_here(1000)


def test_what_is_forgiven_is_waited_for_no_more(lock: StepLock) -> None:
    lock.image_sent(tick=1, stamp=TICK)
    lock.tick_sent(TICK)
    lock.forgive()
    assert lock.tokens_are_here(1000)
    assert lock.tick_is_done()
    lock.image_sent(tick=12, stamp=12 * TICK)
    assert not lock.tokens_are_here(15)


def test_tokens_that_are_required_stop_the_next_tick_however_far_they_are_due() -> None:
    lock = StepLock(vision_delay_ticks=1000)
    lock.image_sent(tick=0, stamp=5)
    assert lock.tokens_are_here(tick=1)
    lock.require_tokens()
    assert not lock.tokens_are_here(tick=1)
    lock.step_done(TICK, tokens_stamp=5, commands=0)
    assert lock.tokens_are_here(tick=1)
