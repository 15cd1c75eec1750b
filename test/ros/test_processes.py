"""Nodes as processes: how they start, refuse to start and end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Graph
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState

from groot_ros.msg import PolicyStatus
from groot_ros.nodes.shared.status import REASONS

EXECUTABLES = Path(__file__).resolve().parents[2] / 'executables'
PATIENCE_S = 90.0
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start executables; what a test leaves running is ended."""
    processes: list[subprocess.Popen[str]] = []

    def start_executable(
        name: str, domain: int = 0, **parameters: object
    ) -> subprocess.Popen[str]:
        arguments = [
            word for key, value in parameters.items() for word in ('-p', f'{key}:={value}')]
        processes.append(subprocess.Popen(
            [sys.executable, str(EXECUTABLES / name), '--ros-args', *arguments],
            env={**os.environ, 'ROS_DOMAIN_ID': str(domain)}, text=True,
            stderr=subprocess.PIPE))
        return processes[-1]

    yield start_executable
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize('name', ['perception', 'planner', 'controller'])
@pytest.mark.parametrize(('parameters', 'said'), [
    ({'embodiment': 'unitree_g2'}, "did you mean 'unitree_g1'?"),
    ({'checkpoint': 'nothing'}, "checkpoint 'nothing' is neither a folder"),
])
def test_a_wrong_configuration_ends_with_an_error_that_says_so(
    start: Start, name: str, parameters: dict[str, str], said: str
) -> None:
    process = start(name, **parameters)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert said in errors
    assert 'Traceback' not in errors


def test_a_parameter_out_of_range_ends_with_an_error_that_says_so(start: Start) -> None:
    process = start('planner', planner_hz=1e6)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert 'planner_hz' in errors


@pytest.mark.parametrize('ending', [signal.SIGINT, signal.SIGTERM])
def test_a_node_without_autostart_waits_and_ends_cleanly(
    make_graph: Callable[..., Graph], start: Start, ending: signal.Signals
) -> None:
    graph = make_graph()
    process = start('planner', domain=graph.domain, autostart=False)
    answer = graph.call(GetState, 'planner/get_state', GetState.Request())
    assert answer.current_state.id == State.PRIMARY_STATE_UNCONFIGURED
    process.send_signal(ending)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    assert 'Traceback' not in errors


def test_reasons_have_the_numbers_of_the_message() -> None:
    assert [getattr(PolicyStatus, name) for name in REASONS] == list(range(len(REASONS)))
