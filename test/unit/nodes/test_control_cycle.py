"""Control ticks without ROS: when tokens are used, chunks asked for and taken."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from groot_ros.control import HoldReason, Playback, TokenOrigin
from groot_ros.embodiment import Embodiment, load_embodiment
from groot_ros.model.policy import GoalTokens
from groot_ros.nodes.control_cycle import ControlCycle, ReceivedTokens
from groot_ros.nodes.instruction import Assignment, InstructionRegister
from groot_ros.nodes.replanning import Replanning
from groot_ros.nodes.solver import ChunkSolver

FloatArray = NDArray[np.float32]
TICK_S = 1.0 / 120.0
SOLVE_TICKS = 3
VISION_DELAY_S = 0.05
START_S = 100.0


class StandingSystem1:
    """Predicts that the robot stays where it is."""

    def prepare(self, tokens: GoalTokens) -> None:
        return None

    def solve(self, context: None, state: FloatArray, noise: FloatArray) -> FloatArray:
        return np.tile(state, (16, 1))

    def draw_noise(self, rng: np.random.Generator) -> FloatArray:
        return rng.standard_normal((16, 32), np.float32)


@pytest.fixture(scope='module')
def embodiment() -> Embodiment:
    return load_embodiment('unitree_g1')


@pytest.fixture
def cycle(embodiment: Embodiment) -> Iterator[ControlCycle]:
    """Return a step-locked control cycle."""
    solver = ChunkSolver(StandingSystem1(), seed=0)
    yield ControlCycle(
        embodiment, Playback(embodiment, embodiment.model.action, 'small'),
        Replanning(solver, 30.0, SOLVE_TICKS), action_period=0.05, vision_delay=VISION_DELAY_S)
    solver.close()


def make_tokens(stamp: float, epoch: int = 1) -> ReceivedTokens:
    tokens = GoalTokens(np.zeros((1, 1), np.float32), np.ones(1, bool), np.ones(1, bool))
    return ReceivedTokens(tokens, TokenOrigin('small', 'unitree_g1', epoch, stamp), sequence=1)


def run(cycle: ControlCycle, embodiment: Embodiment, ticks: range) -> list[int]:
    """Run ticks with fresh joint states; return those in which a chunk joined the plan."""
    joined = []
    for tick in ticks:
        now = START_S + tick * TICK_S
        cycle.on_state(embodiment.home, now)
        if cycle.tick(now).chunk is not None:
            joined.append(tick)
    return joined


def test_tokens_and_chunks_act_after_their_fixed_delays(
    cycle: ControlCycle, embodiment: Embodiment
) -> None:
    cycle.on_tokens(make_tokens(START_S), START_S)
    joined = run(cycle, embodiment, ticks=range(20))
    used_first = round(VISION_DELAY_S / TICK_S)  # tick 6 asks for the first chunk
    assert joined[0] == used_first + SOLVE_TICKS
    # 30 chunks a second are one in four ticks.
    assert np.diff(joined).tolist() == [4] * (len(joined) - 1)


def test_nothing_is_commanded_before_the_first_plan(
    cycle: ControlCycle, embodiment: Embodiment
) -> None:
    cycle.on_state(embodiment.home, START_S)
    assert cycle.tick(START_S).command is None
    assert cycle.hold(START_S).reason is HoldReason.NO_TOKENS
    assert not cycle.engaged


def test_without_an_instruction_that_is_the_reason(
    cycle: ControlCycle, embodiment: Embodiment
) -> None:
    cycle.on_state(embodiment.home, START_S)
    cycle.on_assignment(Assignment('', 1, 1))
    assert cycle.hold(START_S).reason is HoldReason.NO_INSTRUCTION


def test_a_reset_drops_tokens_that_still_wait_for_their_time(
    cycle: ControlCycle, embodiment: Embodiment
) -> None:
    cycle.on_tokens(make_tokens(START_S), START_S)
    cycle.reset(START_S)
    assert run(cycle, embodiment, ticks=range(1, 20)) == []
    assert cycle.hold(START_S + 20 * TICK_S).reason is HoldReason.NO_TOKENS


def test_every_new_instruction_has_a_new_id_and_epoch() -> None:
    register = InstructionRegister(first_epoch=1000)
    first, second = register.assign(' touch red '), register.assign('touch red')
    assert first == Assignment('touch red', 1, 1001)
    assert second == Assignment('touch red', 2, 1002)
    assert register.renew() == Assignment('touch red', 2, 1003)


def test_a_pose_from_before_the_reset_does_not_come_back(
    cycle: ControlCycle, embodiment: Embodiment
) -> None:
    cycle.on_tokens(make_tokens(START_S), START_S)
    run(cycle, embodiment, ticks=range(20))
    cycle.reset(START_S + 1.0)
    cycle.on_state(embodiment.home + 0.1, START_S + 0.99)
    assert cycle.hold(START_S + 1.0).reason is HoldReason.NO_STATE
    cycle.on_state(embodiment.home, START_S + 1.01)
    assert cycle.hold(START_S + 1.01).reason is not HoldReason.NO_STATE


def test_a_clock_that_went_back_after_a_reset_stops_nothing(
    cycle: ControlCycle, embodiment: Embodiment
) -> None:
    cycle.reset(START_S + 1000.0)
    run(cycle, embodiment, ticks=range(2))
    assert cycle.hold(START_S + TICK_S).reason is not HoldReason.NO_STATE
