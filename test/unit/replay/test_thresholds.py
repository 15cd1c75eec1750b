"""The thresholds of a replay: read strictly, and kept or broken."""

import re
from pathlib import Path

import numpy as np
import pytest

from groot_ros.replay import (
    MODES,
    CommandSeries,
    Comparison,
    Run,
    Solve,
    ThresholdError,
    compare,
    load_thresholds,
)
from groot_ros.replay.verdict import broken_thresholds, first_parting

FILE = """
exact:
  match_within_s: 0.001
  min_compared: 1.0
  max_missed_solves: 0.1
  max_latency_s: 0.1
  default: {max_error: 0.01, rms_error: 0.005}
  joints:
    wrist: {max_error: 0.5, rms_error: 0.5}
"""


def written(folder: Path, text: str = FILE) -> Path:
    file = folder / 'thresholds.yaml'
    file.write_text(text)
    return file


def comparison(elbow: float = 0.0, wrist: float = 0.0, *, ticks: int = 10,
               latency: float = 0.05, solves: int = 10) -> Comparison:
    def run(commands: int, errors: tuple[float, float], solved: int) -> Run:
        positions = np.zeros((commands, 2))
        positions[5:] += errors
        return Run({'arm': CommandSeries(('elbow', 'wrist'), np.arange(commands) / 10, positions)},
                   [Solve(t, t + latency) for t in np.arange(10)[:solved] / 10])
    return compare(run(10, (0.0, 0.0), 10), run(ticks, (elbow, wrist), solves),
                   match_within_s=0.001)


@pytest.mark.parametrize('mode', MODES)
def test_the_shipped_file_is_read(mode: str) -> None:
    assert 0.0 < load_thresholds(mode).default.max_error < 1.0


def test_exact_is_held_to_what_machines_round() -> None:
    assert load_thresholds('exact').default.max_error == 1e-5


@pytest.mark.parametrize(
    ('before', 'after', 'complaint'),
    [
        ('min_compared', 'min_compare', "exact: unknown key 'min_compare'.*'min_compared'"),
        ('  min_compared: 1.0\n', '', 'exact.min_compared is missing'),
        ('max_error: 0.01, ', '', 'exact.default.max_error is missing'),
        ('max_error: 0.5', 'max: 0.5', "exact.joints.wrist: unknown key 'max'"),
        ('max_error: 0.01', 'max_error: -1', 'exact.default.max_error must be a number from 0'),
        ('max_error: 0.01', 'max_error: .nan', 'must be a number'),
        ('max_error: 0.01', 'max_error: 1e-5', 'write 1.0e-5'),
        ('max_error: 0.01', 'max_error: yes', 'must be a number'),
        ('min_compared: 1.0', 'min_compared: 1.0\n  min_compared: 0.0', 'given twice'),
        ('exact:', 'exakt:', "unknown key 'exakt'.*'exact'"),
        ('exact:', 'fast:', "no mode 'exact'"),
        (FILE, '- 1', 'must hold keys and values'),
        (FILE, 'exact: {', 'thresholds.yaml'),
    ],
)
def test_a_wrong_file_is_refused_by_key(
        tmp_path: Path, before: str, after: str, complaint: str) -> None:
    assert before in FILE
    with pytest.raises(ThresholdError, match=complaint):
        load_thresholds('exact', written(tmp_path, FILE.replace(before, after, 1)))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ThresholdError, match='nowhere.yaml'):
        load_thresholds('exact', tmp_path / 'nowhere.yaml')


@pytest.mark.parametrize(
    ('changes', 'complaints'),
    [
        ({}, []),
        ({'elbow': 0.0099, 'wrist': 0.4}, ['elbow: 0.007 rad off in the mean']),
        ({'elbow': 0.02}, ['elbow: 0.02 rad off at 0.500 s, 0.01 allowed', 'elbow: .* mean']),
        ({'wrist': -0.6}, ['wrist: 0.6 rad off']),
        ({'ticks': 9}, ['arm: 90.00 %']),
        ({'ticks': 0}, ['arm: 0.00 %']),
        ({'ticks': 11}, ['arm: 90.91 %']),
        ({'solves': 9}, []),
        ({'solves': 8}, ['2 of 10 chunks are missing, 1 may']),
        ({'latency': 0.11}, ['within 0.110 s, 0.100 allowed']),
    ],
)
def test_every_threshold_is_broken_by_its_own_fault(
        tmp_path: Path, changes: dict, complaints: list[str]) -> None:
    thresholds = load_thresholds('exact', written(tmp_path))
    broken = broken_thresholds(comparison(**changes), thresholds)
    assert len(broken) == len(complaints)
    for line, complaint in zip(broken, complaints, strict=True):
        assert re.search(complaint, line)


def test_a_replay_of_which_nothing_is_compared_never_passes(tmp_path: Path) -> None:
    lenient = FILE.replace('min_compared: 1.0', 'min_compared: 0.0').replace(
        'max_missed_solves: 0.1', 'max_missed_solves: 1.0')
    thresholds = load_thresholds('exact', written(tmp_path, lenient))
    assert not broken_thresholds(comparison(ticks=1), thresholds)
    assert broken_thresholds(comparison(ticks=0), thresholds)


def test_a_threshold_for_a_joint_that_is_not_there_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, FILE.replace('wrist', 'rwist'))
    with pytest.raises(ThresholdError, match="rwist.*did you mean 'wrist'"):
        broken_thresholds(comparison(), load_thresholds('exact', file))


def test_runs_part_where_a_joint_first_goes_beyond_its_own_threshold(tmp_path: Path) -> None:
    thresholds = load_thresholds('exact', written(tmp_path))
    assert first_parting(comparison(elbow=0.02, wrist=0.4), thresholds) == (0.5, 'elbow')
    assert first_parting(comparison(wrist=0.4), thresholds) is None


def test_the_output_that_parts_first_is_named(tmp_path: Path) -> None:
    def run(*steps: int) -> Run:
        return Run({joint: CommandSeries(
            (joint,), np.arange(10.0), (np.arange(10.0) >= step)[:, None].astype(float))
            for joint, step in zip(('elbow', 'thumb', 'knee'), steps, strict=True)})

    thresholds = load_thresholds('exact', written(tmp_path))
    parted = compare(run(9, 9, 9), run(7, 5, 6), match_within_s=0.0)
    assert first_parting(parted, thresholds) == (5.0, 'thumb')
