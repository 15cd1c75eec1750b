import numpy as np
import pytest

from groot_ros.control import ActionChunk, ChunkTimeline

PERIOD = 0.05
REST = np.zeros(1)


def chunk(stamp, rows):
    return ActionChunk(stamp, PERIOD, np.array(rows, dtype=float)[:, None], epoch=1)


def constant(stamp, value, horizon=16):
    return chunk(stamp, [value] * horizon)


@pytest.fixture
def timeline():
    return ChunkTimeline(tick=0.01, overlap=0.1)


def test_there_is_nothing_to_play_at_first(timeline):
    assert timeline.end is None
    assert timeline.sample(0.0) is None


def test_rows_are_reached_when_they_are_due(timeline):
    timeline.add(chunk(0.0, [0.0, 0.1, 0.3, 0.4, 0.4]), 0.0, REST)
    for row, value in enumerate([0.1, 0.3, 0.4, 0.4], start=1):
        time = (row + 1) * PERIOD
        if time >= 0.1:  # the overlap is over
            assert timeline.sample(time) == pytest.approx([value])


def test_the_last_row_is_held(timeline):
    timeline.add(constant(0.0, 0.7), 0.0, REST)
    assert timeline.end == pytest.approx(0.8)
    assert timeline.sample(5.0) == pytest.approx([0.7])


def test_the_plan_comes_to_rest_at_its_end(timeline):
    timeline.add(chunk(0.0, 0.1 * np.arange(1, 17)), 0.0, REST)
    last, before = timeline.sample(0.8), timeline.sample(0.79)
    assert 0.0 < (last - before)[0] / 0.01 < 1.0  # the line itself has 2 rad/s


def test_a_straight_line_is_played_as_a_straight_line(timeline):
    rows = 0.1 * np.arange(1, 17)
    timeline.add(chunk(0.0, rows), 0.0, REST)
    for time in np.arange(0.1, 0.69, 0.013):
        assert timeline.sample(time) == pytest.approx([2.0 * time], abs=1e-9)


def test_the_plan_starts_where_the_robot_is_told_to_be(timeline):
    timeline.add(constant(0.0, 1.0), 0.0, current=np.array([0.25]))
    assert timeline.sample(0.0) == pytest.approx([0.25])
    assert timeline.sample(0.1) == pytest.approx([1.0])


def test_a_new_chunk_takes_over_linearly(timeline):
    timeline.add(constant(0.0, 0.0), 0.0, REST)
    timeline.add(constant(0.2, 1.0), 0.3, REST)
    assert timeline.seams == 1
    assert timeline.sample(0.3) == pytest.approx([0.0])
    assert timeline.sample(0.35) == pytest.approx([0.5])
    assert timeline.sample(0.4) == pytest.approx([1.0])


def test_joins_never_jump():
    generator = np.random.default_rng(0)
    timeline = ChunkTimeline(tick=0.01, overlap=0.1)
    timeline.add(constant(0.0, 0.0), 0.0, REST)
    for now in np.arange(0.05, 3.0, 0.03):
        before = timeline.sample(now)
        timeline.add(chunk(now - 0.02, generator.normal(size=16)), now, REST)
        assert timeline.sample(now) == pytest.approx(before)


def test_chunks_that_agree_are_joined_without_a_trace(timeline):
    times = PERIOD * np.arange(1, 17)
    timeline.add(chunk(0.0, np.sin(times)), 0.0, REST)
    for now in np.arange(0.1, 2.0, 0.03):
        stamp = now - 0.02
        timeline.add(chunk(stamp, np.sin(stamp + times)), now, REST)
        assert timeline.sample(now + 0.005) == pytest.approx([np.sin(now + 0.005)], abs=1e-3)


def test_a_chunk_that_is_over_is_not_taken(timeline):
    assert not timeline.add(constant(0.0, 1.0), 0.8, REST)
    assert timeline.sample(0.8) is None


def test_a_plan_can_be_forgotten(timeline):
    timeline.add(constant(0.0, 1.0), 0.0, REST)
    timeline.clear()
    assert timeline.end is None
