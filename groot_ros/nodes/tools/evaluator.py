"""Evaluate a policy through the whole graph: simulator, DDS, perception, planner, controller."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import yaml

from groot_ros.evaluation.episode import TIME_LIMITS, EpisodeResult
from groot_ros.evaluation.episode_recorder import EpisodeRecorder
from groot_ros.evaluation.plan import Condition, PlannedEpisode, plan_episodes
from groot_ros.evaluation.report import summarize, summary_table, write_report
from groot_ros.model.finding import find_checkpoint
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import (
    Domain,
    GraphError,
    GraphProcess,
    interrupt_on_termination,
)
from groot_ros.simulation.scenario import FIRST_EVALUATION_SEED, TASKS
from groot_ros.terminal import watched

START_PATIENCE_S = 120.0
WARM_UP_S = 0.5
# Wall time an episode may take for each simulated second, on a busy machine.
SLOWEST = 20.0


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command line as values."""
    parser = argparse.ArgumentParser(prog='evaluator', description=__doc__)
    parser.add_argument('--checkpoint', default='g1_tabletop',
                        help='name of a shipped policy, or path of its folder')
    parser.add_argument('--tasks', nargs='+', default=list(TASKS), choices=TASKS)
    parser.add_argument('--conditions', nargs='+', default=['train'],
                        choices=[str(each) for each in Condition if each is not Condition.ASKED])
    parser.add_argument('--episodes', type=int, default=100, help='per task and condition')
    parser.add_argument('--first-seed', type=int, default=FIRST_EVALUATION_SEED)
    parser.add_argument('--workers', type=int, default=1, help='graphs that run side by side')
    parser.add_argument('--real-time', action='store_true',
                        help='run on the wall clock instead of step-locked')
    parser.add_argument('--set', nargs='+', default=[], type=parse_setting, dest='settings',
                        metavar='NAME=VALUE',
                        help='parameters of the nodes, for example seam_mode=aggregate')
    parser.add_argument('--json', type=Path, help='where to write the report')
    return parser.parse_args(arguments)


def parse_setting(text: str) -> tuple[str, Any]:
    """Return the name and the value, as YAML has it, of NAME=VALUE."""
    name, equals, value = text.partition('=')
    if not (name and equals):
        raise argparse.ArgumentTypeError(f'expected NAME=VALUE, got {text!r}')
    return name, yaml.safe_load(value)


def run_episode(client: GraphClient, planned: PlannedEpisode) -> EpisodeResult:
    """Run one episode on a graph that is up and return its result.

    Raises:
        GraphError: If the graph ends or stands still.
    """
    recorder = EpisodeRecorder(planned)
    client.start_episode(planned)
    deadline = time.monotonic() + SLOWEST * TIME_LIMITS[planned.task]
    seen = None
    while not recorder.is_over:
        client.spin_once()
        state = client.task_state
        if state is not None and state is not seen and state.seed == planned.seed:
            seen = state
            target = state.block_names.index(planned.target_block)
            recorder.observe(
                elapsed=state.elapsed, height=state.block_poses[target].position.z,
                touched=state.touched_block, approached=state.approached_block,
                success=state.success)
        if time.monotonic() > deadline:
            raise GraphError(f'episode {planned.seed} takes too long: is the policy active?')
    client.freeze()
    return recorder.result()


def warm_up(client: GraphClient, planned: PlannedEpisode) -> None:
    """Run the begin of an episode for nothing: connections, renderer and models are lazy."""
    client.start_episode(planned)
    client.spin_until(
        lambda: client.task_state is not None and client.task_state.elapsed > WARM_UP_S,
        START_PATIENCE_S, 'the robot to move')
    client.freeze()


def run_graph(
    episodes: Sequence[PlannedEpisode], checkpoint: str, parameters: Mapping[str, Any]
) -> Iterator[EpisodeResult]:
    """Yield the results of `episodes`, run one after another on a graph of their own."""
    arguments = {
        'checkpoint': checkpoint, 'use_sim_time': str(parameters['step_locked']).lower(),
        'log_level': 'warn'}
    domain = Domain()
    with (
        tempfile.TemporaryDirectory(prefix='groot_ros_') as folder,
        GraphProcess(domain.number, arguments, parameters, Path(folder)) as graph,
        GraphClient(domain.number, graph.check) as client,
    ):
        client.wait_until_active(START_PATIENCE_S)
        warm_up(client, episodes[0])
        for planned in episodes:
            yield run_episode(client, planned)
    domain.close()


def _work(
    episodes: Sequence[PlannedEpisode], checkpoint: str, parameters: Mapping[str, Any],
    results: Queue[EpisodeResult | str],
) -> None:
    """Send every result, or the reason why there are no more, from a worker process."""
    interrupt_on_termination()
    try:
        for result in run_graph(episodes, checkpoint, parameters):
            results.put(result)
    except GraphError as error:
        results.put(str(error))
    except KeyboardInterrupt:
        pass  # the graph is down; the parent knows why


def evaluate(
    episodes: Sequence[PlannedEpisode], checkpoint: str, parameters: Mapping[str, Any],
    workers: int,
) -> Iterator[EpisodeResult]:
    """Yield the results of `episodes` as they come, from `workers` graphs.

    Args:
        episodes: What to run.
        checkpoint: Folder.
        parameters: Of every node, by name; `step_locked` among them.
        workers: Graphs that run side by side.

    Raises:
        GraphError: If a graph fails.
    """
    context = multiprocessing.get_context('spawn')
    queue: Queue[EpisodeResult | str] = context.Queue()
    processes = [
        context.Process(
            target=_work, args=(episodes[first::workers], checkpoint, parameters, queue))
        for first in range(workers)]
    for process in processes:
        process.start()
    try:
        for _ in episodes:
            result = queue.get()
            if isinstance(result, str):
                raise GraphError(result)
            yield result
    except BaseException:
        for process in processes:
            process.terminate()
        raise
    finally:
        for process in processes:
            process.join()


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate, print the tables and write the report; returns the exit code."""
    asked = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    interrupt_on_termination()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    checkpoint = find_checkpoint(asked.checkpoint)
    episodes = [
        episode
        for condition in asked.conditions for task in asked.tasks
        for episode in plan_episodes(Condition(condition), task, asked.episodes, asked.first_seed)]
    parameters = {'step_locked': not asked.real_time} | dict(asked.settings)
    results: list[EpisodeResult] = []
    code, started = 0, time.monotonic()
    try:
        for result in watched(
                evaluate(episodes, str(checkpoint), parameters, asked.workers), 'episodes',
                len(episodes)):
            results.append(result)
            print(
                f'{len(results):4}/{len(episodes)} {result.condition:9} {result.task:5} '
                f'{result.seed} {result.outcome:11} {result.elapsed:5.1f} s  '
                f'{result.instruction!r}', flush=True)
    except KeyboardInterrupt:
        print('interrupted: the tables hold what is done')
    except GraphError as error:
        print(f'evaluation failed: {error}', file=sys.stderr)
        code = 1
    if results:
        print(summary_table(summarize(results)))
    if asked.json:  # what is done is not lost, however it ended
        write_report(asked.json, results, {
            'checkpoint': checkpoint.name, 'parameters': parameters,
            'first_seed': asked.first_seed, 'wall_time_s': time.monotonic() - started,
            'planned_episodes': len(episodes)})
    return code
