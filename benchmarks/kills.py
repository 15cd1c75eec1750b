"""Kills each part of the graph again and again, in real time, and watches the robot.

    scripts/env python benchmarks/kills.py [--times 20] [--victims solver camera] [--json FILE]

`kill -9` at random moments of a motion; the camera is silenced by the simulator's parameter.
Judged by the stamps of joint states and by the commands on the topics. A robot that does not go
on within three minutes is told, with what every node said last, and the graph is started anew.
Exit code 1 if it once did not go on, was not at rest in time or broke a limit.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from groot_ros.embodiment import load_embodiment
from groot_ros.evaluation.report import format_table
from groot_ros.evaluation.stopping import AT_REST
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_killing import find_process
from groot_ros.nodes.tools.graph_process import (
    Domain,
    GraphError,
    GraphProcess,
    interrupt_on_termination,
)
from groot_ros.nodes.tools.kill_trials import VICTIMS, KillTrials, Trial, launch_instruction

START_S = 120.0
CORES = 2
MAX_TOKEN_AGE_S = 0.4
"""Shorter than the default, so that the robot still moves at the deadline."""
REST_S = 0.15
LAST_MOMENT_S = 0.8
DISCOVERY = 'SUBNET'
"""With LOCALHOST rmw_fastrtps shares memory whatever the launch file asks for."""


def run(checkpoint: str, victims: list[str], times: int, seed: int) -> Iterator[Trial]:
    """Yield the trials, the victims in turn; one that fails ends its graph."""
    moments = random.Random(seed)
    plan = [(victim, moments.uniform(0.0, LAST_MOMENT_S))
            for _ in range(times) for victim in victims]
    while plan:
        with running_graph(checkpoint) as trials:
            failed = False
            while plan and not failed:
                trial = attempt(trials, *plan.pop(0))
                failed = bool(trial.failure)
                yield trial


@contextmanager
def running_graph(checkpoint: str) -> Iterator[KillTrials]:
    """Run a graph whose parts come back."""
    domain = Domain()
    arguments = {
        'checkpoint': checkpoint, 'log_level': 'warn', 'use_respawn': 'true',
        'instruction': launch_instruction()}
    with (
        tempfile.TemporaryDirectory(prefix='groot_ros_') as folder,
        GraphProcess(domain.number, arguments, {'max_token_age_s': MAX_TOKEN_AGE_S},
                     Path(folder), discovery=DISCOVERY) as graph,
        GraphClient(domain.number, graph.check) as client,
    ):
        client.wait_until_active(START_S)
        run_as_if_alone(find_process(domain.number, 'groot_ros/simulator'))
        yield KillTrials(client, domain.number, load_embodiment('unitree_g1'), MAX_TOKEN_AGE_S)
    domain.close()


def run_as_if_alone(simulator: int | None) -> None:
    """Let the simulated robot go before all else: a real one is another computer.

    On a machine that does not allow it, a late simulator makes rest come late: see the pace.
    """
    try:
        for thread in Path(f'/proc/{simulator}/task').iterdir():
            os.sched_setscheduler(int(thread.name), os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        print('the simulator has no priority: only root may give it one', flush=True)


def attempt(trials: KillTrials, victim: str, moment: float) -> Trial:
    """Return a trial; if the robot does not rest or does not go on, what is known of it."""
    try:
        return trials.run(victim, moment)
    except GraphError as error:
        return Trial(
            victim, moment, reason=None, speed=float('nan'), rest_after=float('inf'),
            last_joint='', pace=float('nan'), commands=0, violations=(), epochs=(0, 0),
            failure=f'{error}; {trials.last_words}')


def is_good(trial: Trial) -> bool:
    """Return whether the robot came to rest in time, kept every limit and went on."""
    renewed = trial.victim != 'planner' or trial.epochs[1] > trial.epochs[0]
    in_time = trial.rest_after <= REST_S
    return in_time and renewed and not trial.violations and not trial.failure


def report(trials: list[Trial]) -> str:
    """Return a table, one row for each victim."""
    rows = []
    for victim in dict.fromkeys(trial.victim for trial in trials):
        own = [trial for trial in trials if trial.victim == victim]
        rest = 1e3 * np.array([trial.rest_after for trial in own])
        rows.append((
            victim, f'{len(own)}', f'{sum(trial.speed > AT_REST for trial in own)}',
            f'{np.median(rest):.0f}', f'{rest.max():.0f}',
            f'{np.nanmin([1.0, *(trial.pace for trial in own)]):.2f}',
            f'{sum(trial.commands for trial in own)}',
            f'{sum(len(trial.violations) for trial in own)}',
            f'{sum(bool(trial.failure) for trial in own)}',
            f'{sum(map(is_good, own))}'))
    return format_table((
        'killed', 'times', 'in motion at the deadline', 'rest after it, median [ms]',
        'longest [ms]', 'lowest pace', 'commands checked', 'limits broken', 'not gone on',
        'good'), rows)


def main() -> int:
    """Run, print and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--checkpoint', default='g1_tabletop')
    parser.add_argument('--victims', nargs='+', choices=VICTIMS, default=list(VICTIMS))
    parser.add_argument('--times', type=int, default=20)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--json', type=Path)
    asked = parser.parse_args()
    interrupt_on_termination()
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = DISCOVERY
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    trials = []
    for trial in run(asked.checkpoint, asked.victims, asked.times, asked.seed):
        trials.append(trial)
        if not is_good(trial):
            print(trial, flush=True)
        if asked.json:  # after each: an interrupted run has told what it saw
            asked.json.write_text(json.dumps([asdict(each) for each in trials], indent=1) + '\n')
    print(report(trials))
    return 0 if all(map(is_good, trials)) else 1


if __name__ == '__main__':
    sys.exit(main())
