"""What a node logs about the reasons that keep the robot from moving."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Graph

from groot_ros.nodes.shared import status
from groot_ros.nodes.shared.status import Complaints, make_status


@pytest.mark.parametrize(('reason', 'level', 'times'), [
    ('STALE_IMAGE', 'WARN', 3), ('NO_INSTRUCTION', 'INFO', 1), ('PAUSED_BY_USER', 'INFO', 1)])
def test_only_what_nobody_wants_is_warned_of_again_and_again(
    make_graph: Callable[..., Graph], monkeypatch, capfd, reason: str, level: str, times: int
) -> None:
    monkeypatch.setattr(status, 'WARNING_PERIOD_S', 0.0)
    node = make_graph().peer
    complaints = Complaints(node)
    for _ in range(3):
        complaints.tell(make_status(node, 0, reason, 'words'))
    complaints.tell(make_status(node, 0, 'NONE', ''))
    said = capfd.readouterr().err
    told = [line for line in said.splitlines() if f'{reason}: words' in line]
    assert len(told) == times
    assert all(f'[{level}]' in line for line in told)
    assert f'{reason} is over' in said
