"""Findings in the terminal, in a file and as JSON."""

import io
import json

import pytest
from rich.console import Console

from groot_ros.diagnosis import Finding, Level
from groot_ros.diagnosis.tables import is_healthy, show, to_json

FINDINGS = [
    Finding(Level.OK, 'graph', '4 nodes'),
    Finding(Level.WARN, 'camera head', 'is [black]', 'take the cap off'),
    Finding(Level.ERROR, 'joints', 'are missing', 'start the driver')]


def printed(*, terminal: bool) -> str:
    file = io.StringIO()
    show(FINDINGS, Console(file=file, force_terminal=terminal, width=100))
    return file.getvalue()


def test_a_file_gets_one_plain_line_for_each_finding() -> None:
    assert printed(terminal=False).splitlines() == [
        'OK: graph: 4 nodes', 'WARN: camera head: is [black] -> take the cap off',
        'ERROR: joints: are missing -> start the driver',
        '1 wrong. Begin with the first, joints: the others may follow from it.']


def test_a_terminal_gets_a_table() -> None:
    assert '┃' in printed(terminal=True)
    assert 'is [black]' in printed(terminal=True)


@pytest.mark.parametrize(('findings', 'healthy'), [
    (FINDINGS, False), (FINDINGS[:2], True), ([], True)])
def test_only_errors_make_a_graph_unhealthy(findings: list[Finding], healthy: bool) -> None:
    assert is_healthy(findings) is healthy
    assert json.loads(json.dumps(to_json(findings)))['healthy'] is healthy
