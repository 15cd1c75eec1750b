"""Graphs that run episodes one after another, each graph in a process of its own."""

from __future__ import annotations

import contextlib
import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty
from typing import Any

from groot_ros.evaluation.episode import TIME_LIMITS, EpisodeResult
from groot_ros.evaluation.episode_recorder import EpisodeRecorder
from groot_ros.evaluation.plan import PlannedEpisode
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import (
    Domain,
    GraphError,
    GraphProcess,
    interrupt_on_termination,
)

START_PATIENCE_S = 120.0
WARM_UP_S = 0.5
# Wall time an episode may take for each simulated second, on a busy machine.
SLOWEST = 20.0
WORKER_CHECK_S = 1.0


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
        for first in range(min(workers, len(episodes)))]
    for process in processes:
        process.start()
    try:
        for _ in episodes:
            result = next_result(queue, processes)
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


def next_result(
    queue: Queue[EpisodeResult | str], processes: Sequence[BaseProcess]
) -> EpisodeResult | str:
    """Return what a worker sends next.

    Raises:
        GraphError: If a worker ended before it had sent all of its results.
    """
    while True:
        codes = [process.exitcode for process in processes]
        with contextlib.suppress(Empty):  # asked after `codes`: a last result may be there
            return queue.get(timeout=WORKER_CHECK_S)
        if any(codes) or None not in codes:
            raise GraphError(f'a worker ended before its last episode (exit codes {codes}): what '
                             'it wrote above may say why')
