"""Tables and a JSON report of evaluated episodes."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from groot_ros.evaluation.episode import EpisodeResult, Outcome
from groot_ros.evaluation.intervals import Interval, clopper_pearson_interval, wilson_interval

FAILURES = tuple(outcome for outcome in Outcome if outcome is not Outcome.SUCCESS)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of the episodes of one condition and one task."""

    condition: str
    task: str
    episodes: int
    successes: int
    followed: int
    failures: dict[str, int]

    @property
    def interval(self) -> Interval:
        """95 % Wilson interval of the success rate."""
        return wilson_interval(self.successes, self.episodes)

    def as_json(self) -> dict[str, object]:
        """Return the counts, the rates and both 95 % intervals as JSON types."""
        return {
            'condition': self.condition,
            'task': self.task,
            'episodes': self.episodes,
            'successes': self.successes,
            'success_rate': self.successes / self.episodes,
            'wilson_95': list(self.interval),
            'clopper_pearson_95': list(clopper_pearson_interval(self.successes, self.episodes)),
            'followed_language': self.followed,
            'followed_language_wilson_95': list(wilson_interval(self.followed, self.episodes)),
            'failures': self.failures,
        }


def summarize(results: Iterable[EpisodeResult]) -> list[Summary]:
    """Return one summary for each condition and task, in order of first appearance."""
    groups: dict[tuple[str, str], list[EpisodeResult]] = {}
    for result in results:
        groups.setdefault((result.condition, result.task), []).append(result)
    return [_summary(*key, group) for key, group in groups.items()]


def _summary(condition: str, task: str, group: Sequence[EpisodeResult]) -> Summary:
    outcomes = Counter(result.outcome for result in group)
    return Summary(
        condition=condition,
        task=task,
        episodes=len(group),
        successes=outcomes[Outcome.SUCCESS],
        followed=sum(result.followed_language for result in group),
        failures={str(kind): outcomes[kind] for kind in FAILURES},
    )


def format_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table that reads well in a terminal and is valid Markdown."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    padded = [
        [cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in cells]
    lines = [f'| {" | ".join(row)} |' for row in padded]
    rule = '|' + '|'.join('-' * (width + 2) for width in widths) + '|'
    return '\n'.join([lines[0], rule, *lines[1:]])


def summary_table(summaries: Iterable[Summary]) -> str:
    """Return success, 95 % interval, language following and failures, one row per summary."""
    header = ('condition', 'task', 'success', 'rate', '95 % interval', 'right block',
              *(str(kind).replace('_', ' ') for kind in FAILURES))  # fmt: skip
    return format_table(header, (_row(summary) for summary in summaries))


def _row(summary: Summary) -> list[str]:
    lower, upper = summary.interval
    return [
        summary.condition,
        summary.task,
        f'{summary.successes}/{summary.episodes}',
        percent(summary.successes / summary.episodes),
        f'{percent(lower)} .. {percent(upper)}',
        f'{summary.followed}/{summary.episodes}',
        *(str(count) for count in summary.failures.values()),
    ]


def percent(rate: float) -> str:
    """Return a rate as a percentage with one decimal."""
    return f'{100.0 * rate:.1f} %'


def write_report(
    path: Path, results: Sequence[EpisodeResult], provenance: dict[str, object]
) -> None:
    """Write what was run (`provenance`), the summaries and every episode as JSON."""
    report = {
        'provenance': provenance,
        'summaries': [summary.as_json() for summary in summarize(results)],
        'episodes': [result.as_json() for result in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + '\n')
