"""System 1 beside the tick, in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sum_system1 import SumSystem1, end_at_once, load_once, refuse

from groot_ros.control import HoldReason
from groot_ros.model.policy import Continuation, GoalTokens
from groot_ros.nodes.solver.child import SolverError
from groot_ros.nodes.solver.process import SolverProcess
from groot_ros.nodes.solver.requests import Solution, SolveRequest

FloatArray = NDArray[np.float32]
PATIENCE_S = 60.0


def make_tokens(value: float = 0.0, width: int = 1) -> GoalTokens:
    return GoalTokens(np.full((1, width), value, np.float32), np.ones(1, bool), np.ones(1, bool))


def make_request(tokens: GoalTokens, state: float = 0.0, **more: Any) -> SolveRequest:
    return SolveRequest(
        tokens, np.full(2, state, np.float32), stamp=1.0, epoch=1, sequence=1, capture=0.9, **more)


def solve(solver: SolverProcess, request: SolveRequest) -> Solution:
    """Return the solution of a request, asked for as soon as somebody serves."""
    wait_until(lambda: solver.request(request))
    solution = solver.take(PATIENCE_S)
    assert solution is not None
    return solution


def process_of(solver: SolverProcess) -> int:
    return int(solve(solver, make_request(make_tokens())).positions[-1, 1])


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def noise(rows: int = 4) -> FloatArray:
    return np.random.default_rng(0).standard_normal((rows, 2), np.float32)


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """No chunk is finished while this file is there."""
    return tmp_path / 'gate'


@pytest.fixture
def solver(gate: Path) -> Iterator[SolverProcess]:
    solver = SolverProcess(partial(SumSystem1, gate), seed=0)
    yield solver
    solver.close()


def test_a_chunk_comes_with_the_request_it_answers(solver: SolverProcess) -> None:
    request = make_request(make_tokens(1.0), state=2.0)
    solution = solve(solver, request)
    np.testing.assert_array_equal(solution.positions[:-1], 3.0 + noise())
    assert solution.request is request
    assert process_of(solver) != os.getpid()


def test_a_continuation_and_goal_tokens_of_any_size_reach_system_1(solver: SolverProcess) -> None:
    continuation = Continuation(np.full((3, 2), 0.5, np.float32), frozen=2)
    for width in (10, 1_000_000, 100):
        solver.reset()
        solution = solve(
            solver, make_request(make_tokens(1.0, width), continuation=continuation))
        np.testing.assert_allclose(solution.positions[:-1] - noise(), width + 5.0)


def test_tokens_are_prepared_once_however_often_they_are_used(solver: SolverProcess) -> None:
    tokens = make_tokens()
    prepared = [solve(solver, make_request(each)).positions[-1, 0]
                for each in (tokens, tokens, tokens, make_tokens())]
    assert prepared == [1, 1, 1, 2]


def test_the_tick_never_waits_for_a_slow_solver(solver: SolverProcess, gate: Path) -> None:
    gate.touch()
    assert solver.request(make_request(make_tokens()))
    assert solver.take() is None
    assert not solver.request(make_request(make_tokens()))
    gate.unlink()
    assert solver.take(PATIENCE_S) is not None


def test_a_failing_runtime_is_reported_and_the_next_request_is_served(
    solver: SolverProcess,
) -> None:
    failed = solve(solver, make_request(make_tokens(), state=float('nan')))
    assert failed.error == 'System 1 failed: RuntimeError: NaN in, nothing out'
    assert not solve(solver, make_request(make_tokens())).error


def test_a_reset_repeats_the_same_noise(solver: SolverProcess) -> None:
    def next_chunk() -> FloatArray:
        return solve(solver, make_request(make_tokens())).positions[:-1]

    first = next_chunk()
    assert not np.array_equal(next_chunk(), first)
    solver.reset()
    np.testing.assert_array_equal(next_chunk(), first)


def test_what_was_asked_before_a_reset_is_not_answered_after_it(
    solver: SolverProcess, gate: Path
) -> None:
    gate.touch()
    assert solver.request(make_request(make_tokens(7.0)))
    solver.reset()
    request = make_request(make_tokens(1.0))
    assert solver.request(request)
    gate.unlink()
    solution = solver.take(PATIENCE_S)
    assert solution.request is request
    np.testing.assert_array_equal(solution.positions[:-1], 1.0 + noise())


def test_a_killed_process_is_told_of_and_replaced(solver: SolverProcess, gate: Path) -> None:
    number = process_of(solver)
    gate.touch()
    assert solver.request(make_request(make_tokens()))
    os.kill(number, signal.SIGKILL)
    holds = []

    def code_is_told() -> bool:  # first it is only known that it ended
        holds.append(solver.check())
        return bool(holds[-1]) and 'code -9' in holds[-1].text

    wait_until(code_is_told)
    assert {hold.reason for hold in holds if hold} == {HoldReason.SOLVER_DEAD}
    assert solver.take().reason is HoldReason.SOLVER_DEAD
    gate.unlink()
    solution = solve(solver, make_request(make_tokens()))
    assert solver.check() is None
    assert solution.positions[-1, 1] != number
    np.testing.assert_array_equal(solution.positions[:-1], noise())


def test_a_process_that_cannot_be_replaced_is_given_up(tmp_path: Path) -> None:
    solver = SolverProcess(partial(load_once, tmp_path / 'mark'), seed=0)
    try:
        os.kill(process_of(solver), signal.SIGKILL)
        wait_until(lambda: solver.check() and 'in a row' in solver.check().text)
        assert not solver.request(make_request(make_tokens()))
    finally:
        solver.close()


@pytest.mark.parametrize(('error', 'text'), [
    (ValueError('no such embodiment'), '^no such embodiment$'),
    (RuntimeError('no such kernel'), '^RuntimeError: no such kernel$')])
def test_a_model_that_cannot_be_loaded_says_why(error: Exception, text: str) -> None:
    with pytest.raises(SolverError, match=text):
        SolverProcess(partial(refuse, error), seed=0)


def test_a_process_that_ends_while_loading_is_noticed() -> None:
    with pytest.raises(SolverError, match='ended with code 3 while it was loading'):
        SolverProcess(end_at_once, seed=0)


def test_the_process_ends_with_its_parent_however_that_ends(gate: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, '-c', PARENT, str(gate)], stdout=subprocess.PIPE, text=True,
        env=os.environ | {'PYTHONPATH': os.pathsep.join(sys.path)})
    child = int(parent.stdout.readline())
    gate.touch()  # it computes, and reads no pipe
    parent.kill()
    parent.communicate()
    wait_until(lambda: not is_alive(child))


def test_an_interrupt_of_every_process_is_for_the_parent_alone(gate: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, '-c', PARENT, str(gate)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {'PYTHONPATH': os.pathsep.join(sys.path)})
    child = int(parent.stdout.readline())
    os.killpg(parent.pid, signal.SIGINT)
    _, errors = parent.communicate(timeout=PATIENCE_S)
    assert errors.count('Traceback') == errors.count('KeyboardInterrupt') == 1
    wait_until(lambda: not is_alive(child))


def is_alive(process: int) -> bool:
    """Return whether a process runs; one that nobody has collected yet does not."""
    try:
        return ') Z ' not in Path(f'/proc/{process}/stat').read_text()
    except OSError:
        return False


PARENT = """
import signal, sys, time
from functools import partial
from pathlib import Path
import numpy as np
from groot_ros.model.policy import GoalTokens
from groot_ros.nodes.solver.requests import SolveRequest
from groot_ros.nodes.solver.process import SolverProcess
from sum_system1 import SumSystem1

# A shell starts what runs in the background with interrupts ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
gate = Path(sys.argv[1])
solver = SolverProcess(partial(SumSystem1, gate), seed=0)
tokens = GoalTokens(np.ones((1, 1), np.float32), np.ones(1, bool), np.ones(1, bool))
request = SolveRequest(tokens, np.zeros(2, np.float32), 1.0, 1, 1, 0.9)
solver.request(request)
print(int(solver.take(60.0).positions[-1, 1]), flush=True)
while not gate.exists():
    time.sleep(0.002)
solver.request(request)
time.sleep(600.0)
"""
"""Starts a solver, tells its process id, and asks for a chunk once the gate is shut."""
