"""Recorded and replayed commands laid side by side."""

import numpy as np
import pytest

from groot_ros.replay import CommandSeries, ComparisonError, Run, Solve, compare

TICK = 1.0 / 120.0
JOINTS = ('elbow', 'wrist')


def series(ticks: int = 100, joints: tuple[str, ...] = JOINTS, start: float = 1000.0
           ) -> CommandSeries:
    stamps = start + TICK * np.arange(ticks)
    return CommandSeries(joints, stamps, np.stack([np.sin(stamps), np.cos(stamps)], axis=1))


def changed(given: CommandSeries, row: int, column: int, by: float) -> CommandSeries:
    positions = given.positions.copy()
    positions[row, column] += by
    return CommandSeries(given.joints, given.stamps, positions)


def run(given: CommandSeries, *solves: Solve) -> Run:
    return Run({'arm': given}, solves)


def test_a_run_is_identical_to_itself() -> None:
    comparison = compare(run(series()), run(series()), match_within_s=0.0)
    assert comparison.identical
    assert comparison.outputs['arm'].compared == 1.0
    assert all(each.max_error == each.rms_error == 0.0 for each in comparison.joint_errors())


def test_the_error_of_one_tick_of_one_joint_is_found() -> None:
    comparison = compare(run(series()), run(changed(series(), 40, 1, -0.3)), match_within_s=0.001)
    elbow, wrist = comparison.joint_errors()
    assert elbow.max_error == 0.0
    assert wrist.max_error == pytest.approx(0.3)
    assert wrist.rms_error == pytest.approx(0.3 / np.sqrt(100))
    assert wrist.at == pytest.approx(1000.0 + 40 * TICK)
    assert not comparison.identical


def test_the_smallest_step_of_a_float_is_not_identical() -> None:
    other = changed(series(), 3, 0, np.spacing(series().positions[3, 0]))
    assert not compare(run(series()), run(other), match_within_s=0.0).identical


def test_columns_belong_together_by_joint() -> None:
    given = series()
    swapped = CommandSeries(JOINTS[::-1], given.stamps, given.positions[:, ::-1])
    assert compare(run(given), run(swapped), match_within_s=0.0).identical


@pytest.mark.parametrize('which', ['recorded', 'replayed'])
def test_a_tick_that_only_one_run_has_is_not_compared(which: str) -> None:
    given = series()
    keep = np.arange(100) != 50
    fewer = CommandSeries(JOINTS, given.stamps[keep], given.positions[keep])
    pair = (run(fewer), run(given)) if which == 'recorded' else (run(given), run(fewer))
    comparison = compare(*pair, match_within_s=TICK)
    output = comparison.outputs['arm']
    assert len(output.stamps) == 99
    assert output.compared == pytest.approx(0.99)
    assert not output.errors.any()
    assert not comparison.identical


def test_commands_too_far_apart_in_time_are_no_pair() -> None:
    late = CommandSeries(JOINTS, series().stamps + 0.004, series().positions)
    assert compare(run(series()), run(late), match_within_s=0.003).outputs['arm'].compared == 0.0
    assert compare(run(series()), run(late), match_within_s=0.005).outputs['arm'].compared == 1.0


def test_an_output_that_the_replay_leaves_silent_is_compared_in_nothing() -> None:
    comparison = compare(run(series()), Run({}), match_within_s=0.001)
    assert comparison.outputs['arm'].compared == 0.0
    assert not comparison.identical
    assert all(np.isnan(each.max_error) for each in comparison.joint_errors())


def test_an_output_that_only_the_replay_commands_is_compared_in_nothing() -> None:
    both = Run({'arm': series(), 'hand': series(joints=('thumb', 'index'))})
    assert compare(run(series()), both, match_within_s=0.001).outputs['hand'].compared == 0.0


def test_a_recording_without_commands_is_refused() -> None:
    with pytest.raises(ComparisonError, match='holds no command'):
        compare(Run({}), run(series()), match_within_s=0.001)


def test_other_joints_are_refused_by_name() -> None:
    with pytest.raises(ComparisonError, match='arm: knee'):
        compare(run(series()), run(series(joints=('elbow', 'knee'))), match_within_s=0.001)


def test_a_command_that_is_no_number_is_refused() -> None:
    with pytest.raises(ComparisonError, match='wrist at 1000.025 s is nan'):
        changed(series(), 3, 1, np.nan)


def test_a_clock_that_runs_backwards_is_refused() -> None:
    stamps = np.array([1.0, 2.0, 1.5])
    with pytest.raises(ComparisonError, match='backwards at 1.500 s'):
        CommandSeries(('elbow',), stamps, np.zeros((3, 1)))


def test_latency_counts_the_first_chunk_of_each_image() -> None:
    solves = (Solve(1.0, 1.05), Solve(1.0, 1.08), Solve(1.1, 1.17))
    np.testing.assert_allclose(run(series(), *solves).latencies, [0.05, 0.07])


def test_missed_solves_are_counted_against_the_rate() -> None:
    recorded = [Solve(t, t + 0.05) for t in np.arange(0.0, 1.0, 0.1)]
    replayed = [each for index, each in enumerate(recorded) if index not in (3, 4)]
    ours, theirs = run(series(), *recorded), run(series(), *replayed)
    by_rate = compare(ours, theirs, match_within_s=0.0, solve_hz=10.0).solves
    assert (by_rate.expected, by_rate.recorded, by_rate.replayed, by_rate.missed) == (10, 10, 8, 2)
    twice = compare(ours, theirs, match_within_s=0.0, solve_hz=20.0).solves
    assert (twice.expected, twice.missed) == (19, 11)
    assert compare(ours, theirs, match_within_s=0.0).solves.missed == 2


def test_solves_after_the_recording_do_not_make_up_for_missed_ones() -> None:
    recorded = [Solve(t, t) for t in np.arange(0.0, 1.0, 0.1)]
    late = [Solve(t, t) for t in np.arange(5.0, 6.0, 0.1)]
    solves = compare(run(series(), *recorded), run(series(), *late), match_within_s=0.0).solves
    assert (solves.replayed, solves.missed) == (0, 10)
