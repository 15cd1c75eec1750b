"""System 1 beside the tick."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from groot_ros.model.policy import GoalTokens
from groot_ros.nodes.solver import ChunkSolver, SolveRequest

FloatArray = NDArray[np.float32]
PATIENCE_S = 30.0


class CountingSystem1:
    """Predicts the sum of tokens, state and noise; counts what it is asked for."""

    def __init__(self) -> None:
        self.prepared = 0
        self.gate = threading.Event()
        self.gate.set()

    def prepare(self, tokens: GoalTokens) -> float:
        self.prepared += 1
        return float(tokens.features.sum())

    def solve(self, context: float, state: FloatArray, noise: FloatArray) -> FloatArray:
        self.gate.wait(PATIENCE_S)
        if np.isnan(state).any():
            raise RuntimeError('NaN in, nothing out')
        return context + state + noise

    def draw_noise(self, rng: np.random.Generator) -> FloatArray:
        return rng.standard_normal((4, 2), np.float32)


def make_tokens(value: float = 0.0) -> GoalTokens:
    return GoalTokens(np.full((1, 1), value, np.float32), np.ones(1, bool), np.ones(1, bool))


def make_request(tokens: GoalTokens, state: float = 0.0) -> SolveRequest:
    return SolveRequest(
        tokens, np.full(2, state, np.float32), stamp=1.0, epoch=1, sequence=1, capture=0.9)


@pytest.fixture
def system1() -> CountingSystem1:
    return CountingSystem1()


@pytest.fixture
def solver(system1: CountingSystem1) -> Iterator[ChunkSolver]:
    solver = ChunkSolver(system1, seed=0)
    yield solver
    system1.gate.set()
    solver.close()


def test_a_chunk_comes_with_the_request_it_answers(solver: ChunkSolver) -> None:
    request = make_request(make_tokens(1.0), state=2.0)
    assert solver.request(request)
    solution = solver.take(PATIENCE_S)
    noise = np.random.default_rng(0).standard_normal((4, 2), np.float32)
    np.testing.assert_allclose(solution.positions, 3.0 + noise)
    assert solution.request is request


def test_tokens_are_prepared_once_however_often_they_are_used(
    solver: ChunkSolver, system1: CountingSystem1
) -> None:
    tokens = make_tokens()
    for _ in range(3):
        solver.request(make_request(tokens))
        solver.take(PATIENCE_S)
    assert system1.prepared == 1
    solver.request(make_request(make_tokens()))
    solver.take(PATIENCE_S)
    assert system1.prepared == 2


def test_the_tick_never_waits_for_a_slow_solver(
    solver: ChunkSolver, system1: CountingSystem1
) -> None:
    system1.gate.clear()
    assert solver.request(make_request(make_tokens()))
    assert solver.take() is None
    assert not solver.request(make_request(make_tokens()))
    system1.gate.set()
    assert solver.take(PATIENCE_S) is not None


def test_a_failing_runtime_is_reported_and_the_next_request_is_served(
    solver: ChunkSolver,
) -> None:
    solver.request(make_request(make_tokens(), state=float('nan')))
    assert solver.take(PATIENCE_S).error == 'NaN in, nothing out'
    solver.request(make_request(make_tokens()))
    assert not solver.take(PATIENCE_S).error


def test_a_reset_repeats_the_same_noise(solver: ChunkSolver) -> None:
    def next_chunk() -> FloatArray:
        solver.request(make_request(make_tokens()))
        return solver.take(PATIENCE_S).positions

    first = next_chunk()
    assert not np.array_equal(next_chunk(), first)
    solver.reset()
    np.testing.assert_array_equal(next_chunk(), first)
