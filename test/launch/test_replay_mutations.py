"""An exact replay fails on every planted change. One launch each: the slowest test here."""

from pathlib import Path

import pytest
from replay_launch import BAGS, TIMEOUT_S, replay
from replay_mutations import MUTATIONS

pytestmark = pytest.mark.timeout(TIMEOUT_S)


@pytest.mark.parametrize('mutation', MUTATIONS)
def test_a_planted_change_fails_the_exact_replay(mutation: str, tmp_path: Path) -> None:
    arguments = MUTATIONS[mutation](tmp_path)
    replayed = replay(tmp_path, bag=BAGS / 'unitree_g1', **arguments)
    assert replayed.report, replayed.output
    assert replayed.code == 1
    assert replayed.report['broken']
    worst = max(replayed.report['joints'], key=lambda each: each['max_error'] or 0.0)
    parting = replayed.report['first_parting']
    print(f'| {mutation} | {worst["joint"]} | {worst["max_error"]:.2g} | {parting} |')
