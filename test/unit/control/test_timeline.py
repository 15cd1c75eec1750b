import numpy as np
import pytest

from groot_ros.control import ActionChunk, ChunkTimeline

PERIOD = 0.05
REST = np.zeros(1)


def chunk(stamp, rows):
    return ActionChunk(stamp, PERIOD, np.array(rows, dtype=float)[:, None], epoch=1)


def constant(stamp, value, horizon=16):
    return chunk(stamp, [value] * horizon)


def speed(timeline, time, step=1e-4):
    return ((timeline.sample(time + step) - timeline.sample(time)) / step)[0]


@pytest.fixture
def timeline():
    return ChunkTimeline(overlap=0.1)


def test_there_is_nothing_to_play_at_first(timeline):
    assert timeline.end is None
    assert timeline.sample(0.0) is None


def test_rows_are_reached_when_they_are_due(timeline):
    timeline.add(chunk(0.0, [0.0, 0.1, 0.3, 0.4, 0.4]), 0.0, REST)
    for row, value in enumerate([0.1, 0.3, 0.4, 0.4], start=1):
        assert timeline.sample((row + 1) * PERIOD) == pytest.approx([value])


def test_the_last_row_is_held(timeline):
    timeline.add(constant(0.0, 0.7), 0.0, REST)
    assert timeline.end == pytest.approx(0.8)
    assert timeline.sample(5.0) == pytest.approx([0.7])


def test_the_plan_comes_to_rest_at_its_end(timeline):
    timeline.add(chunk(0.0, 0.1 * np.arange(1, 17)), 0.0, REST)
    assert speed(timeline, 0.5) == pytest.approx(2.0)
    assert speed(timeline, 0.7999) == pytest.approx(0.0, abs=0.02)


def test_a_straight_line_is_played_as_a_straight_line(timeline):
    timeline.add(chunk(0.0, 0.1 * np.arange(1, 17)), 0.0, REST)
    for time in np.arange(0.0, 0.7, 0.013):
        assert timeline.sample(time) == pytest.approx([2.0 * time], abs=1e-9)


def test_a_new_chunk_is_met_after_the_overlap(timeline):
    timeline.add(constant(0.0, 0.0), 0.0, REST)
    timeline.add(constant(0.2, 1.0), 0.3, REST)
    assert timeline.seams == 1
    assert timeline.sample(0.3) == pytest.approx([0.0])
    assert 0.0 < timeline.sample(0.35)[0] < 1.0
    assert timeline.sample(0.4) == pytest.approx([1.0])


def test_a_chunk_that_ends_within_the_overlap_is_met_at_its_end(timeline):
    timeline.add(constant(0.0, 1.0), 0.75, REST)
    assert timeline.sample(0.8) == pytest.approx([1.0])


def test_joins_never_jump():
    generator = np.random.default_rng(0)
    timeline = ChunkTimeline(overlap=0.1)
    position = np.array([0.3])
    for now in np.arange(0.05, 3.0, 0.03):
        timeline.add(chunk(now - 0.02, generator.normal(size=16)), now, position)
        assert timeline.sample(now) == pytest.approx(position)
        position = timeline.sample(now + 0.03)


def test_a_motion_that_each_chunk_only_begins_is_carried_on():
    timeline = ChunkTimeline(overlap=0.25)
    phase = np.clip(PERIOD * np.arange(1, 17), 0.0, 1.0)
    minimum_jerk = phase**3 * (10 - 15 * phase + 6 * phase**2)
    position = REST
    for now in np.arange(0.0, 0.6, 0.03):
        timeline.add(chunk(now, minimum_jerk), now, position)  # as predicted from rest
        position = timeline.sample(now + 0.03)
    assert position[0] > 0.05


def test_chunks_that_agree_are_joined_without_a_trace(timeline):
    times = PERIOD * np.arange(1, 17)
    timeline.add(chunk(0.0, np.sin(times)), 0.0, REST)
    for now in np.arange(0.1, 2.0, 0.03):
        stamp = now - 0.02
        timeline.add(chunk(stamp, np.sin(stamp + times)), now, np.sin([now]))
        assert timeline.sample(now + 0.005) == pytest.approx([np.sin(now + 0.005)], abs=1e-3)


def test_a_chunk_that_is_over_is_not_taken(timeline):
    assert not timeline.add(constant(0.0, 1.0), 0.8, REST)
    assert timeline.sample(0.8) is None


def test_a_plan_can_be_forgotten(timeline):
    timeline.add(constant(0.0, 1.0), 0.0, REST)
    timeline.clear()
    assert timeline.end is None
