"""Nodes as processes: how they start, refuse to start and end."""

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Graph
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.node import Node

from groot_ros.msg import PolicyStatus
from groot_ros.nodes.shared.executors import ThreadedExecutor
from groot_ros.nodes.shared.processes import called_by
from groot_ros.nodes.shared.status import REASONS

EXECUTABLES = Path(__file__).resolve().parents[2] / 'executables'
PATIENCE_S = 90.0
Start = Callable[..., subprocess.Popen[str]]


INTERRUPTED = """
import os, signal, sys, time
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import String
from groot_ros.nodes.shared.lifecycle import AUTOSTART, Interfaces, run

class Interrupted(LifecycleNode):
    def __init__(self):
        super().__init__('interrupted')
        self.declare_parameter('autostart', False)
        self.words = self.create_publisher(String, 'words', 1)
        Interfaces(self).repeat(0.01, self.report)

    def report(self):
        os.kill(os.getpid(), signal.SIGINT)
        while self.context.ok():
            time.sleep(0.001)
        self.words.publish(String())

sys.exit(run(Interrupted, []))
"""
"""A node that is interrupted while it reports."""


BUSY = """
import os, signal, sys, time
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from groot_ros.nodes.shared.processes import called_by, callbacks_untorn, run_process

def work():
    print('begun')
    for number in range(3):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
    print('ended')

def spin():
    node, executor = Node('busy'), SingleThreadedExecutor()
    node.create_timer(0.01, work)
    with called_by(executor, node), callbacks_untorn():
        executor.spin()

sys.exit(run_process(spin, []))
"""
"""A node that is interrupted while it works."""


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


@pytest.mark.parametrize(('name', 'parameters', 'said'), [
    ('planner', {'planner_hz': 1e6}, 'planner_hz'),
    ('simulator', {'camera_hz': 1e6}, 'camera_hz'),
    ('simulator', {'seed': 'three'}, 'seed'),
    ('simulator', {'task': 'juggle'}, "unknown task 'juggle'"),
    ('stand_in', {'camera_hz': 10}, 'camera_hz'),  # a whole number is no float to ROS
])
def test_a_parameter_that_cannot_be_ends_with_an_error_that_says_so(
    start: Start, name: str, parameters: dict[str, object], said: str
) -> None:
    process = start(name, **parameters)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert said in errors
    assert 'Traceback' not in errors


def test_no_callback_outlives_the_executor_that_called_it(
    make_graph: Callable[..., Graph], capfd: pytest.CaptureFixture[str]
) -> None:
    make_graph()
    begun, released, ended = threading.Event(), threading.Event(), threading.Event()

    def linger() -> None:
        begun.set()
        released.wait(PATIENCE_S)
        ended.set()

    node, executor = Node('slow', use_global_arguments=False), ThreadedExecutor()
    node.create_timer(0.01, linger)
    with called_by(executor, node):
        while not begun.is_set():
            executor.spin_once(timeout_sec=0.02)
        threading.Timer(0.2, released.set).start()
    assert ended.is_set()
    del executor
    gc.collect()
    assert 'never retrieved' not in capfd.readouterr().err


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


def test_an_interrupt_amid_a_report_is_no_error() -> None:
    done = subprocess.run(
        [sys.executable, '-c', INTERRUPTED], capture_output=True, text=True, timeout=PATIENCE_S,
        check=False)
    assert (done.returncode, done.stderr) == (0, '')


def test_an_interrupt_tears_no_callback() -> None:
    ended = subprocess.run(
        [sys.executable, '-c', BUSY], capture_output=True, text=True, timeout=PATIENCE_S,
        check=False)
    assert (ended.returncode, ended.stdout.split()) == (0, ['begun', 'ended']), ended.stderr
