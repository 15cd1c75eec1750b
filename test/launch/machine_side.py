"""One of two machines: the planner, or the robot that is told what to do by it.

Run as `python3 machine_side.py planner|robot --folder FOLDER [--token-dtype int8]`; the robot's
side ends with exit code 0 once the named block is touched, the planner's when it is interrupted.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from groot_ros.data.instructions import Request, plain
from groot_ros.evaluation.plan import Condition, PlannedEpisode
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import GraphProcess, interrupt_on_termination
from groot_ros.simulation.scenario import draw_scenario

DOMAIN = 77
START_S, EPISODE_S = 120.0, 240.0
SEED = 1_000_000


def run_planner(folder: Path, token_dtype: str) -> None:
    """Plan until interrupted."""
    parameters = {'step_locked': True, 'token_dtype': token_dtype}
    with (
        GraphProcess(DOMAIN, {'use_sim_time': 'true'}, parameters, folder,
                     'planner.launch.py', 'SUBNET') as process,
        GraphClient(DOMAIN, process.check) as client,
    ):
        while True:
            client.spin_once()


def run_robot(folder: Path) -> None:
    """Have the simulated humanoid touch a block."""
    arguments = {'nodes': 'perception,controller', 'use_sim_time': 'true'}
    parameters = {'step_locked': True, 'patience_s': 5.0}
    colour = draw_scenario(SEED, 'touch').blocks[0].colour
    with (
        GraphProcess(DOMAIN, arguments, parameters, folder, discovery='SUBNET') as process,
        GraphClient(DOMAIN, process.check) as client,
    ):
        client.wait_until_active(START_S)
        client.start_episode(PlannedEpisode(
            Condition.TRAIN, 'touch', SEED, colour, '', plain(Request('touch', colour))))
        client.spin_until(
            lambda: client.task_state is not None and client.task_state.touched_block == colour,
            EPISODE_S, f'the {colour} block to be touched')


def main() -> int:
    """Run one side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('side', choices=('planner', 'robot'))
    parser.add_argument('--folder', type=Path, required=True, help='for parameters and logs')
    parser.add_argument('--token-dtype', default='float32', help='of the goal tokens')
    arguments = parser.parse_args()
    interrupt_on_termination()
    try:
        if arguments.side == 'robot':
            run_robot(arguments.folder)
        else:
            run_planner(arguments.folder, arguments.token_dtype)
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == '__main__':
    sys.exit(main())
