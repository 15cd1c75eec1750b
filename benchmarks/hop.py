"""How long goal tokens take from the planner's process to the controller's, over real DDS.

    scripts/env python benchmarks/hop.py [--rmw rmw_cyclonedds_cpp] [--repeats 50] [--json FILE]

A hop starts with tokens as an array in one process and ends with the array in another: conversion
to the message's number format, serialization, DDS on this machine, and all of it back. The
reference is a plain pipe between the same two processes that carries the message's bytes alone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.utilities import get_rmw_implementation_identifier

sys.path.append(str(Path(__file__).resolve().parent))
from measuring import Timed, describe_load, time_in_turn, write_results

from groot_ros.evaluation.report import format_table
from groot_ros.model.policy import GoalTokens as Tokens
from groot_ros.msg import GoalTokens
from groot_ros.nodes.messages.goal_tokens import read_tokens, write_tokens
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.tools.graph_process import Domain, interrupt_on_termination

RMWS = ('rmw_fastrtps_cpp', 'rmw_cyclonedds_cpp')
DTYPES = ('float32', 'bfloat16', 'int8')
MEGABYTES = (0.1, 1.0, 4.0)
WIDTH = 2048
PATIENCE_S = 30.0
SPIN_S = 0.05
DDS, PIPE, END = 'dds', 'pipe', 'end'


class HopError(RuntimeError):
    """The two processes did not find each other, or a message did not arrive."""


class Stages(NamedTuple):
    """What a hop consists of [s]."""

    encode: float
    transport: float
    decode: float


class Endpoint:
    """A node in a process of its own that waits for conditions, never for a time.

    Attributes:
        node: To open topics on.
    """

    def __init__(self, name: str) -> None:
        rclpy.init()
        self.node = Node(name)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Serve the node until `condition` holds.

        Raises:
            HopError: After `PATIENCE_S`.
        """
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise HopError(f'{os.environ["RMW_IMPLEMENTATION"]}: {what} within '
                               f'{PATIENCE_S:g} s; does a firewall block the loopback?')
            self._executor.spin_once(timeout_sec=SPIN_S)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.node.destroy_node()  # type: ignore[no-untyped-call]
        rclpy.try_shutdown()


@contextmanager
def endpoint(name: str) -> Iterator[Endpoint]:
    """Join the graph for the duration of a block."""
    opened = Endpoint(name)
    try:
        yield opened
    finally:
        opened.close()


def run_controller(control: Connection, bulk: Connection) -> None:
    """Receive what the planner announces on `control`, and answer when it was there and read.

    Linux's monotonic clock is one for all processes, so that times may be compared.
    """
    received: list[tuple[float, GoalTokens]] = []
    with endpoint('hop_controller') as graph:
        subscription = graph.node.create_subscription(
            GoalTokens, 'hop_tokens',
            lambda message: received.append((time.monotonic(), message)), NEWEST)
        graph.wait_until(lambda: subscription.get_publisher_count() == 1, 'found no publisher')
        control.send(None)
        for way in iter(control.recv, END):
            control.send(None)
            if way == PIPE:
                bulk.recv_bytes()
                arrived = time.monotonic()
            else:
                graph.wait_until(lambda: received, 'no goal tokens arrived')
                arrived, message = received.pop()
                read_tokens(message)
            control.send((arrived, time.monotonic()))


class Hops:
    """The planner's end: sends tokens one way or the other and learns when they were there."""

    def __init__(self, graph: Endpoint, control: Connection, bulk: Connection) -> None:
        self._control, self._bulk = control, bulk
        self._publisher = graph.node.create_publisher(GoalTokens, 'hop_tokens', NEWEST)
        graph.wait_until(lambda: self._publisher.get_subscription_count() == 1,
                         'found no subscription')
        self._control.recv()

    def over_dds(self, tokens: Tokens, dtype: str, stages: list[Stages]) -> Timed:
        """Return a hop as a message; it appends its stages."""
        def hop() -> float:
            self._announce(DDS)
            start = time.monotonic()
            message = GoalTokens()
            write_tokens(message, tokens, dtype)
            encoded = time.monotonic()
            self._publisher.publish(message)
            arrived, decoded = self._control.recv()
            stages.append(Stages(encoded - start, arrived - encoded, decoded - arrived))
            return decoded - start

        return hop

    def over_pipe(self, payload: bytes) -> Timed:
        """Return a hop of plain bytes."""
        def hop() -> float:
            self._announce(PIPE)
            start = time.monotonic()
            self._bulk.send_bytes(payload)
            arrived, _ = self._control.recv()
            return arrived - start

        return hop

    def _announce(self, way: str) -> None:
        """Wait until the controller waits."""
        self._control.send(way)
        self._control.recv()


def run_planner(megabytes: tuple[float, ...], repeats: int, answer: Connection) -> None:
    """Start the controller's process, time all hops in turn and send the results."""
    context = multiprocessing.get_context('spawn')
    control, theirs = context.Pipe()
    reading, bulk = context.Pipe(duplex=False)
    controller = context.Process(target=run_controller, args=(theirs, reading), daemon=True)
    controller.start()
    # Closed here so that the end of the controller ends the pipes.
    theirs.close()
    reading.close()
    with endpoint('hop_planner') as graph:
        hops = Hops(graph, control, bulk)
        answer.send([time_case(hops, size, dtype, repeats)
                     for size in megabytes for dtype in DTYPES])
        control.send(END)
    controller.join()


def time_case(hops: Hops, megabytes: float, dtype: str, repeats: int) -> dict[str, Any]:
    """Time tokens of so many bytes in float32 as a message of `dtype`, and its bytes alone."""
    tokens = make_tokens(megabytes)
    message = GoalTokens()
    write_tokens(message, tokens, dtype)
    payload = message.data.tobytes()
    stages: list[Stages] = []
    measured = time_in_turn({DDS: hops.over_dds(tokens, dtype, stages),
                             PIPE: hops.over_pipe(payload)}, repeats)
    dds, pipe = measured[DDS], measured[PIPE]
    medians = np.median(stages[-repeats:], axis=0)
    return {'rmw': get_rmw_implementation_identifier(), 'megabytes': megabytes, 'dtype': dtype,
            'bytes': len(payload), 'median_s': dds.median, 'p95_s': dds.p95,
            'pipe_median_s': pipe.median, 'pipe_p95_s': pipe.p95,
            'ratio': dds.median / pipe.median,
            **{f'{name}_s': float(value)
               for name, value in zip(Stages._fields, medians, strict=True)}}


def make_tokens(megabytes: float) -> Tokens:
    """Draw goal tokens whose features take about that much in float32 [MB]."""
    rows = max(1, round(megabytes * 1e6 / (4 * WIDTH)))
    features = np.random.default_rng(0).standard_normal((rows, WIDTH), np.float32)
    mask = np.ones(rows, dtype=np.bool_)
    return Tokens(features, mask, mask)


def measure(rmw: str, repeats: int) -> list[dict[str, Any]]:
    """Run planner and controller as processes with one middleware.

    Raises:
        HopError: If they did not come to an end.
    """
    domain = Domain()
    # Read by rclpy at its start, which is why no process can have both.
    os.environ |= {'RMW_IMPLEMENTATION': rmw, 'ROS_DOMAIN_ID': str(domain.number),
                   'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
    context = multiprocessing.get_context('spawn')
    receive, send = context.Pipe(duplex=False)
    planner = context.Process(target=run_planner, args=(MEGABYTES, repeats, send))
    planner.start()
    send.close()
    try:
        rows: list[dict[str, Any]] = receive.recv()
        planner.join()
    except EOFError:
        raise HopError(f'{rmw}: the processes ended early; what they said stands above') from None
    finally:
        planner.terminate()  # does nothing unless this process was interrupted
        domain.close()
    return rows


def report(rows: list[dict[str, Any]]) -> str:
    """Return the results as a table."""
    header = ('middleware', 'tokens [MB]', 'sent as', 'sent [MB]', 'median [ms]', 'p95 [ms]',
              'encode', 'transport', 'decode', 'pipe [ms]', 'pipe p95', 'x pipe')
    keys = ('median_s', 'p95_s', 'encode_s', 'transport_s', 'decode_s', 'pipe_median_s',
            'pipe_p95_s')
    return format_table(header, [
        (row['rmw'], f'{row["megabytes"]:g}', row['dtype'], f'{row["bytes"] / 1e6:.2f}',
         *(f'{1e3 * row[key]:.2f}' for key in keys), f'{row["ratio"]:.1f}') for row in rows])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rmw', nargs='+', choices=RMWS, default=RMWS)
    parser.add_argument('--repeats', type=int, default=50)
    parser.add_argument('--json', type=Path)
    asked = parser.parse_args()
    interrupt_on_termination()
    try:
        rows = [row for rmw in asked.rmw for row in measure(rmw, asked.repeats)]
    except HopError as error:
        parser.exit(1, f'{error}\n')
    conditions = {'repeats': asked.repeats, 'machine': describe_load()}
    print(', '.join(f'{name} {value}' for name, value in conditions.items()))
    print(report(rows))
    write_results(asked.json, conditions, rows)


if __name__ == '__main__':
    main()
