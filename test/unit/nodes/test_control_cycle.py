"""Control ticks without ROS: when tokens are used, chunks asked for and taken."""

import numpy as np
import pytest

from groot_ros.control import (
    Hold,
    HoldReason,
    Playback,
    PlaybackSettings,
    SeamSettings,
    StopSettings,
    TokenOrigin,
)
from groot_ros.embodiment import Embodiment, load_embodiment
from groot_ros.model.policy import GoalTokens
from groot_ros.nodes.controller.chunk_exchange import ReceivedTokens
from groot_ros.nodes.controller.control_cycle import ControlCycle
from groot_ros.nodes.controller.replanning import Replanning
from groot_ros.nodes.shared.instruction import Assignment, InstructionRegister
from groot_ros.nodes.solver.requests import Solution, SolveRequest

TICK_S = 1.0 / 120.0
SOLVE_TICKS = 3
PERIOD_S = 0.05
VISION_DELAY_S = 0.05
START_S = 100.0


class StandingSolver:
    """Predicts at once that the robot stays where it is.

    Attributes:
        requests: All that it was asked.
    """

    def __init__(self) -> None:
        self.requests: list[SolveRequest] = []
        self._solution: Solution | None = None

    def request(self, request: SolveRequest) -> bool:
        self.requests.append(request)
        self._solution = Solution(request, np.tile(request.state, (16, 1)), solve_time=0.001)
        return True

    def take(self, timeout: float = 0.0) -> Solution | None:
        solution, self._solution = self._solution, None
        return solution

    def check(self) -> Hold | None:
        return None

    def reset(self) -> None:
        self._solution = None

    def close(self) -> None:
        return


@pytest.fixture(scope='module')
def embodiment() -> Embodiment:
    return load_embodiment('unitree_g1')


@pytest.fixture
def solver() -> StandingSolver:
    return StandingSolver()


def make_cycle(
    embodiment: Embodiment, solver: StandingSolver, settings: PlaybackSettings | None = None
) -> ControlCycle:
    """Return a step-locked control cycle."""
    return ControlCycle(
        embodiment, Playback(embodiment, embodiment.model.action, 'small', settings),
        Replanning(solver, 30.0, SOLVE_TICKS), action_period=PERIOD_S,
        vision_delay=VISION_DELAY_S)


@pytest.fixture
def cycle(embodiment: Embodiment, solver: StandingSolver) -> ControlCycle:
    return make_cycle(embodiment, solver)


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


def test_a_clock_that_went_back_leaves_no_tokens_in_the_way_of_new_ones(
    cycle: ControlCycle, embodiment: Embodiment, solver: StandingSolver
) -> None:
    later = 1200  # ticks: ten seconds
    run(cycle, embodiment, ticks=range(later, later + 2))
    for stamp in (START_S + later * TICK_S, START_S):  # the first still waits for its time
        cycle.on_tokens(make_tokens(stamp), stamp)
    assert run(cycle, embodiment, ticks=range(40))
    assert all(request.stamp < START_S + 1.0 for request in solver.requests)


def test_the_delay_of_the_solver_is_counted_in_ticks(
    cycle: ControlCycle, embodiment: Embodiment
) -> None:
    cycle.on_tokens(make_tokens(START_S), START_S)
    assert cycle.delay_ticks == 0
    run(cycle, embodiment, ticks=range(40))
    assert cycle.delay_ticks == SOLVE_TICKS


def test_a_chunk_is_asked_to_continue_the_plan_only_by_real_time_chunking(
    embodiment: Embodiment, solver: StandingSolver
) -> None:
    for mode in ('real_time_chunking', 'overlap'):
        cycle = make_cycle(embodiment, solver, PlaybackSettings(SeamSettings(mode)))
        cycle.on_tokens(make_tokens(START_S), START_S)
        run(cycle, embodiment, ticks=range(40))
        first, *_, newest = solver.requests
        assert first.continuation is None  # there is no plan yet
        if mode == 'overlap':
            assert newest.continuation is None
        else:
            assert newest.continuation.frozen == 1  # 3 ticks are over before 0.05 s are
            assert newest.continuation.positions.shape == (4, len(newest.state))
        solver.requests.clear()


def test_synchronous_asks_for_the_next_chunk_when_the_plan_is_over(
    embodiment: Embodiment, solver: StandingSolver
) -> None:
    cycle = make_cycle(embodiment, solver, PlaybackSettings(
        SeamSettings('synchronous'), stops=StopSettings(max_token_age=30.0)))
    cycle.on_tokens(make_tokens(START_S), START_S)
    joined = run(cycle, embodiment, ticks=range(300))
    # 16 rows, less the tick by which a plan begins before the chunk joins; then 3 to solve.
    chunk_ticks = round(16 * PERIOD_S / TICK_S)
    assert np.diff(joined).tolist() == [chunk_ticks - 1 + SOLVE_TICKS] * (len(joined) - 1)


@pytest.mark.parametrize(('max_delay', 'reason'), [
    (0.0, None), (2 * TICK_S, HoldReason.DELAY_TOO_LONG)])
def test_chunks_that_come_later_than_allowed_are_refused(
    embodiment: Embodiment, solver: StandingSolver, max_delay: float, reason: HoldReason | None
) -> None:
    cycle = make_cycle(embodiment, solver, PlaybackSettings(SeamSettings(max_delay=max_delay)))
    cycle.on_tokens(make_tokens(START_S), START_S)
    joined = run(cycle, embodiment, ticks=range(40))
    hold = cycle.hold(START_S + 39 * TICK_S)
    assert (hold and hold.reason) is reason
    assert bool(joined) is (reason is None)
    assert len(solver.requests) > 5  # it goes on trying
