"""Findings as a table in the terminal, as lines and as JSON."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from groot_ros.diagnosis.finding import Finding, Level

MARKS = {Level.OK: Text('ok', 'green'), Level.WARN: Text('odd', 'yellow'),
         Level.ERROR: Text('wrong', 'bold red')}


def show(findings: Sequence[Finding], console: Console) -> None:
    """Print a table in a terminal, and one line for each finding elsewhere."""
    if console.is_terminal:
        console.print(_table(findings))
    else:
        for each in findings:
            console.print(_line(each), soft_wrap=True, markup=False, highlight=False)
    console.print(summary(findings), soft_wrap=True, markup=False, highlight=False)


def summary(findings: Sequence[Finding]) -> str:
    """Return one sentence on all findings."""
    problems = [each for each in findings if each.level == Level.ERROR]
    if not problems:
        return 'Nothing found that keeps it from moving.'
    return (f'{len(problems)} wrong. Begin with the first, {problems[0].subject}: the others may '
            'follow from it.')


def is_healthy(findings: Sequence[Finding]) -> bool:
    """Return whether nothing keeps the robot from moving."""
    return all(each.level < Level.ERROR for each in findings)


def to_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return findings as values that JSON can hold."""
    return {
        'healthy': is_healthy(findings),
        'findings': [{'level': each.level.name, 'subject': each.subject, 'found': each.found,
                      'remedy': each.remedy} for each in findings]}


def _table(findings: Sequence[Finding]) -> Table:
    table = Table('', 'about', 'found', 'what to do', title='Why does it not move?',
                  title_justify='left')
    for each in findings:
        table.add_row(MARKS[each.level], Text(each.subject), Text(each.found), Text(each.remedy))
    return table


def _line(finding: Finding) -> str:
    what_to_do = f' -> {finding.remedy}' if finding.remedy else ''
    return f'{finding.level.name}: {finding.subject}: {finding.found}{what_to_do}'
