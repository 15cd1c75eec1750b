"""Parts of the graph are killed at random moments: the robot comes to rest, and goes on.

Time is step-locked: a busy machine makes the test slow, not the stop late.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from groot_ros.embodiment import load_embodiment
from groot_ros.msg import PolicyStatus
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import Domain, GraphProcess
from groot_ros.nodes.tools.kill_trials import VICTIMS, KillTrials, launch_instruction

CHECKPOINT = os.environ.get('GROOT_ROS_TEST_CHECKPOINT', 'g1_tabletop')
START_S = 120.0
MAX_TOKEN_AGE_S = 0.4
REST_S = 0.15
REASONS = {
    'perception': PolicyStatus.STALE_TOKENS, 'planner': PolicyStatus.STALE_TOKENS,
    'camera': PolicyStatus.STALE_TOKENS, 'solver': PolicyStatus.SOLVER_DEAD, 'controller': None}


@pytest.fixture
def trials(tmp_path: Path) -> Iterator[KillTrials]:
    """A step-locked graph whose parts come back."""
    domain = Domain()
    arguments = {
        'checkpoint': CHECKPOINT, 'use_sim_time': 'true', 'use_respawn': 'true',
        'instruction': launch_instruction()}
    parameters = {
        'step_locked': True, 'patience_s': 0.5, 'max_token_age_s': MAX_TOKEN_AGE_S}
    with (
        GraphProcess(domain.number, arguments, parameters, tmp_path) as process,
        GraphClient(domain.number, process.check) as client,
    ):
        client.wait_until_active(START_S)
        yield KillTrials(
            client, domain.number, load_embodiment('unitree_g1'), MAX_TOKEN_AGE_S, detain=True)
    domain.close()


@pytest.mark.parametrize('victim', VICTIMS)
def test_the_robot_rests_without_any_of_its_parts_and_goes_on(
    trials: KillTrials, victim: str
) -> None:
    moments = random.Random(victim)
    for _ in range(2):
        trial = trials.run(victim, moments.uniform(0.05, 0.3))
        assert trial.rest_after <= REST_S, trial
        assert not trial.violations, trial
        assert trial.commands > 10
        assert trial.reason == REASONS[victim]
        if victim == 'planner':
            assert trial.epochs[1] > trial.epochs[0]
