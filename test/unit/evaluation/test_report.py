"""Outcomes, summaries, tables and the JSON report."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from groot_ros.evaluation.episode import EpisodeResult, Outcome
from groot_ros.evaluation.report import format_table, summarize, summary_table, write_report

DONE = EpisodeResult(
    task='place', seed=1_000_000, condition='train', instruction='put the red block away',
    target_block='red', destination='yellow', approached_block='red', touched=True, lift=0.2,
    success=True, elapsed=6.0)  # fmt: skip


@pytest.mark.parametrize(
    ('changes', 'outcome'),
    [
        ({}, Outcome.SUCCESS),
        ({'success': False}, Outcome.DROPPED),
        ({'success': False, 'lift': 0.0}, Outcome.TIMEOUT),
        ({'success': False, 'lift': 0.0, 'task': 'push'}, Outcome.TIMEOUT),
        ({'success': False, 'touched': False, 'lift': 0.0}, Outcome.NOT_REACHED),
        ({'success': False, 'approached_block': 'blue'}, Outcome.WRONG_BLOCK),
        ({'success': False, 'approached_block': '', 'touched': False}, Outcome.NOT_REACHED),
    ],
)
def test_an_episode_names_how_it_ended(changes: dict, outcome: Outcome) -> None:
    assert replace(DONE, **changes).outcome is outcome


def test_summaries_count_by_condition_and_task() -> None:
    wrong = replace(DONE, success=False, approached_block='green')
    summaries = summarize([DONE, wrong, replace(DONE, condition='held-out')])
    first, second = summaries
    assert (first.condition, first.episodes, first.successes, first.followed) == ('train', 2, 1, 1)
    assert first.failures['wrong_block'] == 1
    assert (second.condition, second.successes) == ('held-out', 1)


def test_a_table_is_aligned_markdown() -> None:
    assert format_table(('a', 'long'), [('12', 'x')]).splitlines() == [
        '| a  | long |',
        '|----|------|',
        '| 12 | x    |',
    ]


def test_the_summary_table_shows_counts_and_interval() -> None:
    table = summary_table(summarize([DONE, replace(DONE, success=False)]))
    assert '1/2' in table
    assert '50.0 %' in table
    assert '9.5 % .. 90.5 %' in table


def test_the_report_holds_provenance_summaries_and_episodes(tmp_path: Path) -> None:
    path = tmp_path / 'new' / 'report.json'
    write_report(path, [DONE], {'checkpoint': 'abc'})
    report = json.loads(path.read_text())
    assert report['provenance'] == {'checkpoint': 'abc'}
    assert report['summaries'][0]['success_rate'] == 1.0
    assert report['episodes'][0]['outcome'] == 'success'
