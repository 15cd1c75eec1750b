"""A policy server beside the tick: neither silence nor refusal stops anything else."""

import threading

import numpy as np
import pytest

from groot_ros.control import HoldReason
from groot_ros.nodes.controller.remote_solver import RemoteSolver
from groot_ros.nodes.solver.requests import SolveRequest
from groot_ros.observation import ObservationContext
from groot_ros.serving import CancelledError, ReplyError, ServerTimeoutError

PATIENCE_S = 30.0


class ScriptedPolicy:
    """Fails with `failure`, or answers the state once `gate` is open."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.failure = None
        self.episodes = 0
        self.closed = False

    def act(self, context, state, cancelled):
        while not self.gate.wait(0.005):
            if cancelled.is_set():
                raise CancelledError('cancelled')
        if self.failure is not None:
            raise self.failure
        return state[None]

    def reset(self, cancelled):
        self.episodes += 1

    def close(self):
        self.closed = True


def request(value=0.0):
    return SolveRequest(
        ObservationContext({}, 'touch'), np.full(2, value, np.float32), stamp=1.0, epoch=1,
        sequence=1, capture=0.9)


@pytest.fixture
def policy():
    return ScriptedPolicy()


@pytest.fixture
def solver(policy):
    solver = RemoteSolver(policy)
    yield solver
    solver.close()
    assert policy.closed


def test_a_chunk_comes_with_the_request_it_answers(solver):
    asked = request(2.0)
    assert solver.request(asked)
    solution = solver.take(PATIENCE_S)
    assert solution.request is asked
    np.testing.assert_array_equal(solution.positions, [[2.0, 2.0]])
    assert not solution.error


def test_the_tick_never_waits_for_a_slow_server(solver, policy):
    policy.gate.clear()
    assert solver.take() is None
    assert solver.request(request())
    assert solver.take() is None
    assert not solver.request(request())
    policy.gate.set()
    assert solver.take(PATIENCE_S) is not None


@pytest.mark.parametrize(('failure', 'reason', 'advice'), [
    (ServerTimeoutError('no answer'), HoldReason.SERVER_UNREACHABLE, 'raise backend_timeout_s'),
    (ReplyError('malformed'), HoldReason.SOLVER_FAILED, 'malformed'),
    (ZeroDivisionError('planted'), HoldReason.SOLVER_FAILED, 'planted'),
])
def test_a_failure_is_told_and_the_next_question_is_asked(
    solver, policy, failure, reason, advice
):
    policy.failure = failure
    solver.request(request())
    solution = solver.take(PATIENCE_S)
    assert solution.reason is reason
    assert advice in solution.error
    policy.failure = None
    solver.request(request())
    assert not solver.take(PATIENCE_S).error


def test_a_reset_drops_the_question_under_way(solver, policy):
    policy.gate.clear()
    solver.request(request(1.0))
    solver.reset()
    assert solver.request(request(2.0))
    policy.gate.set()
    np.testing.assert_array_equal(solver.take(PATIENCE_S).positions, [[2.0, 2.0]])
    assert policy.episodes == 1


def test_closing_ends_the_call_under_way(policy):
    policy.gate.clear()
    solver = RemoteSolver(policy)
    solver.request(request())
    solver.close()
    assert policy.closed
