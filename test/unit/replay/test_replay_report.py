"""The report on a replay."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from groot_ros.replay import CommandSeries, ReplayReport, Run, Solve, compare, load_thresholds
from groot_ros.replay.report import JSON_FILE, PLOT_FILE

ABOUT = {'bag': 'kitchen/episode_000000', 'mode': 'exact'}


def report(error: float = 0.0, ticks: int = 240) -> ReplayReport:
    stamps = 1.7e9 + np.arange(240) / 120

    def run(off: float, commands: int) -> Run:
        positions = np.stack([np.sin(stamps), np.cos(stamps)], axis=1)
        positions[120:, 1] += off
        series = CommandSeries(('elbow', 'wrist'), stamps[:commands], positions[:commands])
        return Run({'arm': series}, [Solve(t, t + 0.05 + off) for t in stamps[:commands:12]])

    comparison = compare(run(0.0, 240), run(error, ticks), match_within_s=0.001)
    return ReplayReport(ABOUT, comparison, load_thresholds('exact'))


def test_a_replay_that_is_equal_passes() -> None:
    text = report().text()
    assert report().passed
    assert text.endswith('passed')
    assert 'equal to the last bit' in text
    assert 'bag: kitchen/episode_000000' in text


def test_a_replay_that_is_off_fails_and_says_where() -> None:
    text = report(error=0.1).text()
    assert not report(error=0.1).passed
    assert 'they part at 1700000001.000 s, wrist first' in text
    assert 'BROKEN wrist: 0.1 rad off' in text
    assert text.endswith('failed: 2 thresholds are broken')
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in text.splitlines()]
    (row,) = (cells for cells in rows if cells[1:2] == ['wrist'])
    assert (row[0], row[-1]) == ('arm', 'x')


@pytest.mark.parametrize('given', [report(), report(error=0.1), report(ticks=0)])
def test_the_json_file_holds_the_figures_and_no_nan(given: ReplayReport, tmp_path: Path) -> None:
    given.write(tmp_path)

    def refuse(constant: str) -> None:
        raise AssertionError(f'{constant} is no JSON')

    read = json.loads((tmp_path / JSON_FILE).read_text(), parse_constant=refuse)
    assert read['passed'] == given.passed
    assert [each['joint'] for each in read['joints']] == ['elbow', 'wrist']
    assert read['solves']['expected'] == 20


@pytest.mark.parametrize('given', [report(), report(error=0.1), report(ticks=0)])
def test_the_plot_is_drawn_where_it_can_be(given: ReplayReport, tmp_path: Path) -> None:
    line = given.write(tmp_path)
    drawable = importlib.util.find_spec('matplotlib') is not None
    assert (tmp_path / PLOT_FILE).is_file() == drawable
    assert ('pip install matplotlib' in line) != drawable
