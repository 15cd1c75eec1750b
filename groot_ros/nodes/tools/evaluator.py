"""Evaluate a policy through the whole graph: simulator, DDS, perception, planner, controller."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from groot_ros.evaluation.episode import EpisodeResult
from groot_ros.evaluation.plan import Condition, plan_episodes
from groot_ros.evaluation.report import summarize, summary_table, write_report
from groot_ros.model.finding import find_checkpoint
from groot_ros.nodes.tools.evaluation_graphs import evaluate
from groot_ros.nodes.tools.graph_process import GraphError, interrupt_on_termination
from groot_ros.simulation.scenario import FIRST_EVALUATION_SEED, TASKS
from groot_ros.terminal import watched

BAD_INPUT = 2


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command line as values."""
    parser = argparse.ArgumentParser(prog='evaluator', description=__doc__)
    parser.add_argument('--checkpoint', default='g1_tabletop',
                        help='name of a shipped policy, or path of its folder')
    parser.add_argument('--tasks', nargs='+', default=list(TASKS), choices=TASKS)
    parser.add_argument('--conditions', nargs='+', default=['train'],
                        choices=[str(each) for each in Condition if each is not Condition.ASKED])
    parser.add_argument('--episodes', type=_positive, default=100,
                        help='per task and condition')
    parser.add_argument('--first-seed', type=int, default=FIRST_EVALUATION_SEED)
    parser.add_argument('--workers', type=_positive, default=1,
                        help='graphs that run side by side')
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
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError:
        raise argparse.ArgumentTypeError(f'{value!r} of {name} is no YAML') from None


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'must be 1 or more, got {text}')
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate, print the tables and write the report; returns the exit code."""
    asked = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    try:
        checkpoint = find_checkpoint(asked.checkpoint)
        episodes = [
            episode for condition in asked.conditions for task in asked.tasks
            for episode in plan_episodes(
                Condition(condition), task, asked.episodes, asked.first_seed)]
    except ValueError as error:
        print(f'evaluator: {error}', file=sys.stderr)
        return BAD_INPUT
    interrupt_on_termination()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
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
