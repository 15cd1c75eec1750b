"""The whole graph with a policy server as the policy, each as real processes.

Time is step-locked: the simulated robot waits for the policy, so a slow machine changes nothing.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groot_ros.data.instructions import Request, plain
from groot_ros.evaluation.plan import Condition, PlannedEpisode
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import Domain, GraphProcess
from groot_ros.simulation.scenario import draw_scenario

CHECKPOINT = os.environ.get('GROOT_ROS_TEST_CHECKPOINT', 'g1_tabletop')
SERVER = Path(__file__).resolve().parents[2] / 'executables' / 'policy_server'
START_S, EPISODE_S = 120.0, 120.0
SEED = 1_000_000


@pytest.fixture
def address() -> Iterator[str]:
    """Serve the checkpoint on a free port."""
    process = subprocess.Popen(
        [sys.executable, str(SERVER), '--checkpoint', CHECKPOINT, '--embodiment-tag',
         'unitree_g1', '--port', '0'], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    log = ''
    try:
        for line in process.stderr:
            log += line
            if found := re.search(r'tcp://(127\.0\.0\.1:\d+)', line):
                yield f'zmq://{found[1]}'
                return
        raise AssertionError(f'the server did not start: {log}')
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def graph(address: str, tmp_path: Path) -> Iterator[GraphClient]:
    """A step-locked graph without a model that is up."""
    arguments = {'backend': address, 'action_period_s': '0.05', 'checkpoint': 'none',
                 'use_sim_time': 'true'}
    domain = Domain()
    with (
        GraphProcess(domain.number, arguments, {'step_locked': True}, tmp_path) as process,
        GraphClient(domain.number, process.check) as client,
    ):
        client.wait_until_active(START_S)
        yield client
    domain.close()


def test_the_humanoid_touches_the_named_block(graph: GraphClient) -> None:
    colour = draw_scenario(SEED, 'touch').blocks[-1].colour
    words = plain(Request('touch', colour))
    graph.start_episode(PlannedEpisode(Condition.TRAIN, 'touch', SEED, colour, '', words))
    graph.spin_until(
        lambda: graph.task_state and graph.task_state.touched_block == colour,
        EPISODE_S, f'the {colour} block to be touched')
