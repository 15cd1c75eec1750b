"""How punctual the control tick is, by where System 1 runs.

    scripts/env python benchmarks/tick.py [--rounds 3] [--runtime torch] [--json FILE]

The simulator with rendering, perception and planner run all the time; beside them the controller
runs in three shapes in turn, all on the same two cores:

timer     an rclpy timer, System 1 called on the executor: the reference, as nodes are often built
thread    a tick thread, System 1 in a thread of the same process
process   a tick thread, System 1 in a process of its own: the controller as it ships
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from groot_ros.evaluation.report import format_table
from groot_ros.msg import PolicyStatus
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.ticks import WINDOW_S
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import Domain, interrupt_on_termination

HERE = Path(__file__).resolve().parent
EXECUTABLES = HERE.parent / 'executables'
BESIDE = ('simulator', 'perception', 'planner')
IN_PROCESS = HERE / 'in_process_controller.py'
SHAPES = {
    'timer': [str(IN_PROCESS), 'timer'],
    'thread': [str(IN_PROCESS), 'thread'],
    'process': [str(EXECUTABLES / 'controller')],
}
REFERENCE = 'timer'
CORES = 2
START_S, END_S = 120.0, 15.0
WARM_UP_S = 3.0
SECONDS = WINDOW_S
"""Of each turn: the controller keeps the lateness of its ticks for as long [s]."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn of one shape showed.

    Attributes:
        ticks: Due while it was measured.
        missed: Of them late by more than half a period, or skipped.
        p50: Median lateness [s].
        p99: 99 % of the ticks were no later [s].
        solves: Chunks per second.
        solve_time: Median of one [s].
        start: From the start of the process to its first plan [s].
        memory: Of the process and its children, shared pages divided [MiB].
    """

    ticks: int
    missed: int
    p50: float
    p99: float
    solves: float
    solve_time: float
    start: float
    memory: float


@contextmanager
def running(
    command: Sequence[str], parameters: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a node with parameters."""
    given = [word for name, value in parameters.items() for word in ('-p', f'{name}:={value}')]
    process = subprocess.Popen(
        [sys.executable, *command, '--ros-args', '--log-level', 'warn', *given])
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def memory_of(process: int) -> float:
    """Return the proportional memory of a process and its children [MiB]."""
    threads = Path(f'/proc/{process}/task').glob('*/children')
    children = {int(each) for path in threads for each in path.read_text().split()}
    rollup = Path(f'/proc/{process}/smaps_rollup').read_text().splitlines()
    own = next(int(line.split()[1]) for line in rollup if line.startswith('Pss:')) / 1024.0
    return own + sum(memory_of(child) for child in children)


def take_turn(
    client: GraphClient, statuses: list[PolicyStatus], shape: str, parameters: dict[str, str]
) -> Turn:
    """Measure one shape of the controller beside the running graph."""
    statuses.clear()
    started = time.monotonic()
    with running(SHAPES[shape], parameters) as process:
        client.spin_until(
            lambda: statuses and statuses[-1].state == PolicyStatus.RUNNING, START_S,
            f'the controller ({shape}) to run')
        start = time.monotonic() - started
        spin(client, WARM_UP_S)
        before = statuses[-1]
        spin(client, SECONDS)
        after = statuses[-1]
        memory = memory_of(process.pid)
    return Turn(
        after.ticks - before.ticks, after.missed_ticks - before.missed_ticks,
        after.tick_lateness_p50, after.tick_lateness_p99, after.solve_rate, after.solve_time,
        start, memory)


def spin(client: GraphClient, seconds: float) -> None:
    """Take what comes for some time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        client.spin_once()


def measure(rounds: int, checkpoint: str, runtime: str) -> dict[str, list[Turn]]:
    """Return the turns of each shape, taken in turn."""
    domain = Domain()
    os.environ |= {'ROS_DOMAIN_ID': str(domain.number),
                   'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', 'OMP_NUM_THREADS': '1'}
    turns: dict[str, list[Turn]] = {shape: [] for shape in SHAPES}
    beside = {'simulator': {}, 'perception': {'checkpoint': checkpoint},
              'planner': {'checkpoint': checkpoint, 'instruction': 'touch the red block'}}
    with ExitStack() as stack:
        for name in BESIDE:
            stack.enter_context(running([str(EXECUTABLES / name)], beside[name]))
        client = stack.enter_context(GraphClient(domain.number))
        statuses: list[PolicyStatus] = []
        client.node.create_subscription(
            PolicyStatus, 'controller/status', statuses.append, NEWEST)
        for _ in range(rounds):
            for shape, taken in turns.items():
                taken.append(take_turn(
                    client, statuses, shape, {'checkpoint': checkpoint, 'runtime': runtime}))
    return turns


def report(turns: dict[str, list[Turn]]) -> str:
    """Return a table, one row for each shape."""
    def median(shape: str, field: str) -> float:
        return statistics.median(getattr(turn, field) for turn in turns[shape])

    rows = []
    for shape, taken in turns.items():
        ticks, missed = sum(turn.ticks for turn in taken), sum(turn.missed for turn in taken)
        p99 = median(shape, 'p99')
        rows.append((
            shape, f'{100.0 * (1.0 - missed / max(ticks, 1)):.2f}',
            f'{1e3 * median(shape, "p50"):.2f}', f'{1e3 * p99:.2f}',
            f'{p99 / max(median(REFERENCE, "p99"), 1e-9):.2f}', f'{median(shape, "solves"):.1f}',
            f'{1e3 * median(shape, "solve_time"):.1f}', f'{median(shape, "start"):.1f}',
            f'{median(shape, "memory"):.0f}'))
    return format_table((
        'shape', 'on time [%]', 'p50 [ms]', 'p99 [ms]', f'p99 / {REFERENCE}', 'solves/s',
        'solve [ms]', 'start [s]', 'memory [MiB]'), rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--checkpoint', default='g1_tabletop')
    parser.add_argument('--runtime', default='auto')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--json', type=Path)
    asked = parser.parse_args()
    interrupt_on_termination()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    print(f'load {os.getloadavg()[0]:.1f} on {CORES} cores', flush=True)
    turns = measure(asked.rounds, asked.checkpoint, asked.runtime)
    print(report(turns))
    if asked.json:
        results = {shape: [asdict(turn) for turn in taken] for shape, taken in turns.items()}
        asked.json.write_text(json.dumps(results, indent=1) + '\n')


if __name__ == '__main__':
    main()
