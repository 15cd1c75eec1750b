"""An episode is over when its success settled or its time is up, and says what happened."""

import pytest

from groot_ros.evaluation.episode import TIME_LIMITS, Outcome
from groot_ros.evaluation.episode_recorder import SETTLE_S, EpisodeRecorder
from groot_ros.evaluation.plan import Condition, PlannedEpisode

PLANNED = PlannedEpisode(Condition.TRAIN, 'place', 1_000_000, 'red', 'yellow', 'put it away')
LIMIT = TIME_LIMITS['place']


@pytest.fixture
def recorder() -> EpisodeRecorder:
    return EpisodeRecorder(PLANNED)


def observe(recorder: EpisodeRecorder, elapsed: float, **changes: object) -> None:
    state = {'height': 0.76, 'touched': '', 'approached': '', 'success': False}
    recorder.observe(elapsed=elapsed, **(state | changes))


def test_a_success_ends_the_episode_after_it_settled(recorder: EpisodeRecorder) -> None:
    observe(recorder, 2.0, success=True, approached='red')
    assert not recorder.is_over
    observe(recorder, 2.0 + SETTLE_S, success=True, approached='red')
    assert recorder.is_over
    assert recorder.result().outcome is Outcome.SUCCESS
    assert recorder.result().elapsed == 2.0


def test_time_is_up_without_success(recorder: EpisodeRecorder) -> None:
    observe(recorder, LIMIT - 0.05)
    assert not recorder.is_over
    observe(recorder, LIMIT)
    assert recorder.is_over
    assert recorder.result().outcome is Outcome.NOT_REACHED


def test_the_highest_lift_and_any_touch_are_remembered(recorder: EpisodeRecorder) -> None:
    observe(recorder, 0.0)
    observe(recorder, 3.0, height=0.86, touched='red', approached='red')
    observe(recorder, LIMIT, height=0.76, approached='red')
    result = recorder.result()
    assert result.lift == pytest.approx(0.1)
    assert result.touched
    assert result.outcome is Outcome.DROPPED


def test_touching_another_block_is_no_touch(recorder: EpisodeRecorder) -> None:
    observe(recorder, LIMIT, touched='blue', approached='blue')
    assert not recorder.result().touched
    assert recorder.result().outcome is Outcome.WRONG_BLOCK


def test_a_place_that_is_lost_again_does_not_count(recorder: EpisodeRecorder) -> None:
    observe(recorder, 2.0, success=True, touched='red', approached='red')
    observe(recorder, 2.3, touched='red', approached='red')
    observe(recorder, LIMIT, touched='red', approached='red')
    assert recorder.result().outcome is Outcome.TIMEOUT


def test_a_touch_may_end() -> None:
    touch = EpisodeRecorder(PlannedEpisode(Condition.TRAIN, 'touch', 1, 'red', '', 'touch it'))
    observe(touch, 1.0, success=True, touched='red', approached='red')
    observe(touch, 1.0 + SETTLE_S, approached='red')
    assert touch.is_over
    assert touch.result().outcome is Outcome.SUCCESS
