"""Watch a simulated humanoid do what it is told, in real time, through the whole graph."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import cast

import numpy as np

from groot_ros.data.instructions import Request, describe, interpret, plain
from groot_ros.embodiment import load_embodiment
from groot_ros.evaluation.episode import EpisodeResult
from groot_ros.evaluation.plan import Condition, PlannedEpisode
from groot_ros.evaluation.report import format_table
from groot_ros.model.finding import CheckpointNotFoundError, find_checkpoint
from groot_ros.msg import TaskState
from groot_ros.nodes.tools.episode_tape import FILM_HZ, EpisodeTape
from groot_ros.nodes.tools.evaluation_graphs import START_PATIENCE_S, run_episode
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import (
    Domain,
    GraphError,
    GraphProcess,
    interrupt_on_termination,
)
from groot_ros.nodes.tools.graph_rates import GraphRates
from groot_ros.simulation.errors import SimulationError
from groot_ros.simulation.film import Moment, film_episode, write_video
from groot_ros.simulation.scenario import Scenario, Task, draw_scenario
from groot_ros.simulation.world import TabletopWorld
from groot_ros.terminal import watched

FIRST_DEMO_SEED = 2_000_000
"""Neither trained on nor evaluated on."""
REPORT_PERIOD_S = 1.0


@dataclass
class Show:
    """What the demo did."""

    results: list[EpisodeResult] = field(default_factory=list)
    films: list[tuple[PlannedEpisode, list[Moment]]] = field(default_factory=list)
    rates: dict[str, float] = field(default_factory=dict)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command line as values."""
    parser = argparse.ArgumentParser(prog='demo', description=__doc__)
    parser.add_argument('--instruction', help='what to do, in your words; else each scene has one')
    parser.add_argument('--episodes', type=int, default=3)
    parser.add_argument('--seed', type=int, default=FIRST_DEMO_SEED, help='first scene')
    parser.add_argument('--checkpoint', default='g1_tabletop',
                        help='name of a shipped policy, or path of its folder')
    parser.add_argument('--json', type=Path, help='where to write results and rates')
    parser.add_argument('--video', type=Path, help='where to write the film',
                        default=Path(tempfile.gettempdir()) / 'groot_ros_demo.mp4')
    parser.add_argument('--real-time-factor', type=float, default=1.0,
                        help='simulated seconds per second')
    return parser.parse_args(arguments)


def choose_scenes(instruction: str | None, first_seed: int) -> Iterator[PlannedEpisode]:
    """Yield scenes in which the instruction, or one of their own, makes sense.

    Raises:
        SimulationError: If nobody could say whether the instruction was followed.
    """
    request = interpret(instruction) if instruction else None
    if instruction and request is None:
        raise SimulationError(
            f'cannot tell what {instruction!r} asks for: name one block (red, green, blue) and, '
            'if you like, one side (left, right) or one bin (yellow, purple)')
    for seed in count(first_seed):
        try:
            yield _planned(_scene(seed, request), instruction)
        except SimulationError:
            continue  # a scene without that block


def _scene(seed: int, request: Request | None) -> Scenario:
    if request is None:
        return draw_scenario(seed)
    return draw_scenario(
        seed, cast(Task, request.task), target_block=request.block,
        destination=request.destination)


def _planned(scenario: Scenario, instruction: str | None) -> PlannedEpisode:
    goal = Request(scenario.task, scenario.target_block, scenario.destination)
    words = instruction or describe(goal, np.random.default_rng(scenario.seed))
    return PlannedEpisode(
        Condition.ASKED, scenario.task, scenario.seed, goal.block, goal.destination, words)


def run_show(asked: argparse.Namespace, show: Show) -> None:
    """Start the graph, run the episodes and end the graph; `show` collects what happens.

    Raises:
        GraphError: If the graph does not come up or ends early.
    """
    simulated = asked.real_time_factor != 1.0
    arguments = {'checkpoint': str(find_checkpoint(asked.checkpoint)), 'log_level': 'warn',
                 'use_sim_time': str(simulated).lower()}
    scenes = choose_scenes(asked.instruction, asked.seed)
    episodes = [next(scenes) for _ in range(asked.episodes)]
    domain, started = Domain(), time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix='groot_ros_') as folder,
        GraphProcess(domain.number, arguments, {'real_time_factor': asked.real_time_factor},
                     Path(folder)) as graph,
        GraphClient(domain.number, graph.check) as client,
    ):
        client.wait_until_active(START_PATIENCE_S)
        print(f'perception, planner, controller and simulator are up after '
              f'{time.monotonic() - started:.1f} s (ROS_DOMAIN_ID={domain.number})', flush=True)
        run_episodes(client, episodes, show)


def run_episodes(
    client: GraphClient, episodes: Sequence[PlannedEpisode], show: Show
) -> None:
    """Run one episode after another, telling what happens."""
    (camera,) = load_embodiment('unitree_g1').cameras
    tape, rates = EpisodeTape(client.node, camera.topic), GraphRates(client.node)
    commentary = Commentary(rates)
    client.watch(tape.add)
    client.watch(commentary.tell)
    for number, planned in enumerate(episodes, start=1):
        commentary.start(planned.seed)
        print(f'\nepisode {number} of {len(episodes)}, scene {planned.seed}: '
              f'{planned.instruction!r}', flush=True)
        result = run_episode(client, planned)
        show.results.append(result)
        show.films.append((planned, tape.take(planned.seed)))
        show.rates = rates.summary()
        print(f'  {result.outcome} after {result.elapsed:.1f} s', flush=True)


class Commentary:
    """Prints a line about the running episode now and then.

    Args:
        rates: What the nodes say of themselves.
    """

    def __init__(self, rates: GraphRates) -> None:
        self._rates = rates
        self.start(-1)

    def start(self, seed: int) -> None:
        """Tell of the episode in the scene of `seed` from now on."""
        self._seed, self._next = seed, REPORT_PERIOD_S  # before, its inputs begin anew

    def tell(self, state: TaskState) -> None:
        """Print a line if it is time for one."""
        if state.seed != self._seed or state.elapsed < self._next:
            return
        self._next = state.elapsed + REPORT_PERIOD_S
        hand = f'touches {state.touched_block}' if state.touched_block else (
            f'is at {state.approached_block}' if state.approached_block else 'is on its way')
        print(f'  {state.elapsed:4.1f} s  hand {hand:14} {self._rates.line()}', flush=True)


def film(show: Show, path: Path) -> None:
    """Film every episode into one video."""
    def pictures() -> Iterator[np.ndarray]:
        with TabletopWorld() as world:
            for planned, moments in show.films:
                scenario = draw_scenario(
                    planned.seed, planned.task, target_block=planned.target_block,
                    destination=planned.destination)
                yield from film_episode(world, scenario, planned.instruction, moments)

    total = sum(len(moments) for _, moments in show.films)
    write_video(path, watched(pictures(), 'pictures', total), FILM_HZ)


def print_tables(show: Show) -> None:
    """Print success per episode and the rates had."""
    rows = [(str(result.seed), result.instruction, plain(Request(
        result.task, result.target_block, result.destination)), str(result.outcome),
        f'{result.elapsed:.1f} s') for result in show.results]
    print('\n' + format_table(('scene', 'instruction', 'meaning', 'outcome', 'time'), rows))
    succeeded = sum(result.success for result in show.results)
    print(f'\n{succeeded} of {len(show.results)} episodes succeeded\n')
    print(format_table(
        ('measured', 'value'), [(name, f'{value:.2f}') for name, value in show.rates.items()]))


def report(asked: argparse.Namespace, show: Show) -> None:
    """Print and write what was asked for, and film the episodes."""
    print_tables(show)
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps({
            'episodes': [result.as_json() for result in show.results],
            'rates': show.rates}, indent=1) + '\n')
    print(f'\nfilming to {asked.video} ...', flush=True)
    film(show, asked.video)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    asked = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    interrupt_on_termination()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    show = Show()
    try:
        run_show(asked, show)
        report(asked, show)
    except (GraphError, SimulationError, CheckpointNotFoundError, OSError) as error:
        print(f'demo: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\ninterrupted: every process of the graph has ended')
        return 130
    return 0
