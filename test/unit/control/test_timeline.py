import numpy as np
import pytest

from groot_ros.control import ActionChunk, ChunkTimeline
from groot_ros.control.curve import Motion
from groot_ros.control.seams import SEAM_MODES, SeamSettings, make_seam

PERIOD = 0.05
REST = Motion(np.zeros(1), np.zeros(1))


def chunk(stamp, rows):
    return ActionChunk(stamp, PERIOD, np.array(rows, dtype=float)[:, None], epoch=1)


def constant(stamp, value, horizon=16):
    return chunk(stamp, [value] * horizon)


def moving(position, velocity):
    return Motion(np.array([position]), np.array([velocity]))


def make(mode='overlap', overlap=0.1, weight=0.5):
    return ChunkTimeline(make_seam(SeamSettings(mode, overlap, weight)))


def speed(timeline, time, step=1e-4):
    return ((timeline.sample(time + step) - timeline.sample(time)) / step)[0]


@pytest.fixture
def timeline():
    return make()


def test_there_is_nothing_to_play_at_first(timeline):
    assert timeline.end is None
    assert timeline.sample(0.0) is None
    assert not len(timeline.rows(0.0, PERIOD))


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


@pytest.mark.parametrize('mode', SEAM_MODES)
def test_a_straight_line_is_played_as_a_straight_line(mode):
    timeline = make(mode)
    timeline.add(chunk(0.0, 0.1 * np.arange(1, 17)), 0.0, moving(0.0, 2.0))
    for time in np.arange(0.0, 0.7, 0.013):
        assert timeline.sample(time) == pytest.approx([2.0 * time], abs=1e-9)


@pytest.mark.parametrize('mode', SEAM_MODES)
def test_a_chunk_is_met_after_the_overlap(mode):
    timeline = make(mode)
    timeline.add(constant(0.0, 0.0), 0.0, REST)
    timeline.clear()
    timeline.add(constant(0.2, 1.0), 0.3, REST)
    assert timeline.sample(0.3) == pytest.approx([0.0])
    assert 0.0 < timeline.sample(0.35)[0] < 1.0
    assert timeline.sample(0.4) == pytest.approx([1.0])


def test_chunks_joined_to_a_plan_are_counted(timeline):
    for now in (0.0, 0.1, 0.2):
        timeline.add(constant(now, 0.0), now, REST)
    assert timeline.seams == 2


@pytest.mark.parametrize('mode', SEAM_MODES)
def test_a_chunk_that_ends_within_the_overlap_is_met_at_its_end(mode):
    timeline = make(mode)
    timeline.add(constant(0.0, 1.0), 0.75, REST)
    assert timeline.sample(timeline.end) == pytest.approx([1.0])


@pytest.mark.parametrize('mode', SEAM_MODES)
@pytest.mark.parametrize('horizon', [1, 2, 16])
def test_joins_break_neither_position_nor_velocity(mode, horizon):
    generator = np.random.default_rng(0)
    timeline = make(mode)
    motion = moving(0.3, -0.4)
    for now in np.arange(0.05, 3.0, 0.03):
        timeline.add(chunk(now - 0.02, generator.normal(size=horizon)), now, motion)
        assert timeline.sample(now) == pytest.approx(motion.positions)
        assert speed(timeline, now, 1e-9) == pytest.approx(motion.velocities[0], abs=1e-4)
        later = now + 0.03
        motion = moving(timeline.sample(later)[0], speed(timeline, later, -1e-7))


@pytest.mark.parametrize('mode', SEAM_MODES)
def test_no_knot_of_a_plan_breaks_its_velocity(mode):
    generator = np.random.default_rng(0)
    timeline = make(mode)
    for now in np.arange(0.05, 0.6, 0.11):
        timeline.add(chunk(now - 0.02, generator.normal(size=16)), now, moving(0.3, -0.4))
    step = 1e-6
    speeds = np.diff(timeline.rows(now, step)[:, 0]) / step
    assert np.abs(np.diff(speeds)).max() < 0.1  # a broken velocity would differ by several rad/s


def test_a_motion_that_each_chunk_only_begins_is_carried_on():
    timeline = make(overlap=0.25)
    phase = np.clip(PERIOD * np.arange(1, 17), 0.0, 1.0)
    minimum_jerk = phase**3 * (10 - 15 * phase + 6 * phase**2)
    motion = REST
    for now in np.arange(0.0, 0.6, 0.03):
        timeline.add(chunk(now, minimum_jerk), now, motion)  # as predicted from rest
        motion = moving(timeline.sample(now + 0.03)[0], speed(timeline, now + 0.03))
    assert motion.positions[0] > 0.05


@pytest.mark.parametrize('mode', ['overlap', 'aggregate', 'real_time_chunking'])
def test_chunks_that_agree_are_joined_without_a_trace(mode):
    timeline = make(mode)
    times = PERIOD * np.arange(1, 17)
    timeline.add(chunk(0.0, np.sin(times)), 0.0, moving(0.0, 1.0))
    for now in np.arange(0.1, 2.0, 0.03):
        stamp = now - 0.02
        timeline.add(chunk(stamp, np.sin(stamp + times)), now, moving(np.sin(now), np.cos(now)))
        assert timeline.disagreement == pytest.approx(0.0, abs=0.01)
        assert timeline.sample(now + 0.03) == pytest.approx([np.sin(now + 0.03)], abs=1e-3)


def test_a_chunk_that_is_over_is_not_taken(timeline):
    assert not timeline.add(constant(0.0, 1.0), 0.8, REST)
    assert timeline.sample(0.8) is None


def test_a_chunk_that_the_robot_waited_for_begins_when_it_comes():
    timeline = make('synchronous')
    timeline.add(chunk(0.0, 0.1 * np.arange(1, 17)), 5.0, REST)
    assert timeline.end == pytest.approx(5.8)
    assert timeline.sample(5.2) == pytest.approx([0.4])


def test_a_plan_can_be_forgotten(timeline):
    timeline.add(constant(0.0, 1.0), 0.0, REST)
    timeline.clear()
    assert timeline.end is None


def test_the_rows_of_the_plan_are_those_that_are_still_due():
    timeline = make('real_time_chunking')
    timeline.add(chunk(0.0, 0.1 * np.arange(1, 17)), 0.0, moving(0.0, 2.0))
    rows = timeline.rows(0.4 + PERIOD, PERIOD)
    assert rows[:, 0] == pytest.approx(0.1 * np.arange(9, 17))
    assert not len(timeline.rows(0.9, PERIOD))


@pytest.mark.parametrize(('second', 'distance'), [
    ([0.0] * 16, 0.0), ([0.3] * 16, 0.3), ([0.0] * 8 + [-0.2] * 8, 0.2),
    ([0.0] * 14 + [9.0] * 2, 0.0)])  # the plan ends before its last two rows
def test_disagreement_is_the_distance_over_the_time_that_both_speak_of(second, distance):
    timeline = make('aggregate')
    timeline.add(constant(0.0, 0.0), 0.0, REST)
    timeline.add(chunk(0.1, second), 0.12, REST)
    assert timeline.disagreement == pytest.approx(distance)


def test_the_newest_chunk_weighs_what_it_is_told_to():
    timeline = make('aggregate', weight=0.25)
    timeline.add(constant(0.0, 0.0, horizon=16), 0.0, REST)
    timeline.add(constant(0.0, 1.0, horizon=16), 0.0, REST)
    assert timeline.sample(0.4) == pytest.approx([1.0 - 0.75 * 0.5])  # half of the plan is left
    assert timeline.sample(0.8) == pytest.approx([1.0])


@pytest.mark.parametrize(('mode', 'weight', 'message'), [
    ('lerp', 0.5, "seam mode 'lerp' is unknown; choose one of"),
    ('aggregate', 0.0, 'aggregation weight must be above 0'),
    ('aggregate', 1.5, 'at most 1, got 1.5')])
def test_what_is_no_way_to_join_is_refused(mode, weight, message):
    with pytest.raises(ValueError, match=message):
        make_seam(SeamSettings(mode, 0.1, weight))
