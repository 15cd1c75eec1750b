"""The action that executes one instruction, over real topics, with a small System 2.

A peer plays the controller: it says what a controller's status says.
"""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from conftest import Graph
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from small_system1 import make_processor
from std_msgs.msg import Bool, String

from groot_ros.action import ExecuteInstruction
from groot_ros.msg import Instruction, PolicyStatus, TaskState
from groot_ros.nodes.planner.node import PlannerNode
from groot_ros.nodes.shared.qos import EVERY, LATCHED, NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.srv import SetInstruction

Result = ExecuteInstruction.Result
Feedback = ExecuteInstruction.Feedback
ACTION = 'execute_instruction'
# The one of a goal that ends soon must not be lost to the one that follows.
EVERY_ANNOUNCEMENT = QoSProfile(
    depth=10, reliability=LATCHED.reliability, durability=LATCHED.durability)


class SilentSystem2:
    """A System 2 that is never asked: these tests send no observation."""

    fingerprint = 'small'
    processor = make_processor()


class Caller:
    """A user of the action, who also hears what is in force and speaks for the controller."""

    def __init__(self, graph: Graph, planner: PlannerNode) -> None:
        self.graph, self.planner = graph, planner
        self._client = ActionClient(graph.peer, ExecuteInstruction, ACTION)
        self.announced: list[Instruction] = graph.listen(
            Instruction, 'current_instruction', EVERY_ANNOUNCEMENT)
        self.feedback: list[Feedback] = []
        self._speak = graph.speak(PolicyStatus, 'controller/status', NEWEST)

    def send(self, instruction: str = 'touch red', timeout: float = 0.0) -> ClientGoalHandle:
        """Return the goal's handle once the planner has answered."""
        self.graph.wait_until(self._client.server_is_ready, 'no action server')
        goal = ExecuteInstruction.Goal(instruction=instruction, timeout=timeout)
        answer = self._client.send_goal_async(
            goal, feedback_callback=lambda message: self.feedback.append(message.feedback))
        self.graph.wait_until(answer.done, 'the goal was not answered')
        return answer.result()

    def start(self, instruction: str = 'touch red', timeout: float = 0.0) -> ClientGoalHandle:
        """Return the handle of a goal whose instruction came in force; it may have ended."""
        before = len(self.announced)
        handle = self.send(instruction, timeout)
        assert handle.accepted
        self.graph.wait_until(
            lambda: any(each.text == instruction for each in self.announced[before:]),
            'the instruction is not in force')
        return handle

    @property
    def in_force(self) -> str | None:
        return self.announced[-1].text if self.announced else None

    def control(self, state: int, reason: int, text: str = '', epoch: int | None = None) -> None:
        """Publish what a controller that knows the newest epoch says."""
        self._speak(PolicyStatus(
            header=self.graph_header(), node='controller', state=state, reason=reason, text=text,
            epoch=self.announced[-1].epoch if epoch is None else epoch, output_rate=120.0))

    def change(self, transition: int) -> None:
        assert self.graph.call(ChangeState, 'planner/change_state', ChangeState.Request(
            transition=Transition(id=transition))).success

    def graph_header(self) -> Any:
        header = PolicyStatus().header
        header.stamp = stamp_at(now(self.graph.peer))
        return header

    def outcome(
        self, handle: ClientGoalHandle, meanwhile: Callable[[], Any] = lambda: None
    ) -> tuple[int, Result]:
        """Return status and result of a goal; `meanwhile` happens again and again until then."""
        answer = handle.get_result_async()
        self.graph.wait_until(lambda: meanwhile() or answer.done(), 'the goal does not end')
        return answer.result().status, answer.result().result

    def assert_at_rest(self) -> None:
        self.graph.wait_until(lambda: self.in_force == '', 'the instruction is still in force')


@pytest.fixture
def start(make_graph: Callable[..., Graph], small_checkpoint: str) -> Callable[..., Caller]:
    def start_planner(**parameters: Any) -> Caller:
        graph = make_graph(checkpoint=small_checkpoint, **parameters)
        return Caller(graph, graph.start(PlannerNode(load=lambda *_, **__: SilentSystem2())))
    return start_planner


@pytest.fixture
def caller(start: Callable[..., Caller]) -> Caller:
    return start()


def test_a_goal_puts_its_instruction_in_force_and_tells_how_it_goes(caller: Caller) -> None:
    caller.start()
    caller.graph.wait_until(lambda: caller.feedback, 'no feedback')
    assert caller.feedback[-1].state == PolicyStatus.INACTIVE
    assert 'is the controller running?' in caller.feedback[-1].text

    def told() -> bool:
        caller.control(PolicyStatus.WAITING, PolicyStatus.NO_TOKENS, 'none yet')
        return caller.feedback[-1].reason == PolicyStatus.NO_TOKENS
    caller.graph.wait_until(told, 'the feedback does not say why the robot rests')
    last = caller.feedback[-1]
    assert (last.state, last.text, last.command_rate) == (PolicyStatus.WAITING, 'none yet', 120.0)
    assert last.elapsed > caller.feedback[0].elapsed >= 0.0


def test_cancelling_brings_the_robot_to_rest_in_a_new_epoch(caller: Caller) -> None:
    handle = caller.start()
    epoch = caller.announced[-1].epoch
    handle.cancel_goal_async()
    status, result = caller.outcome(handle)
    assert (status, result.outcome) == (GoalStatus.STATUS_CANCELED, Result.CANCELLED)
    caller.assert_at_rest()
    assert caller.announced[-1].epoch > epoch


@pytest.mark.parametrize('next_', ['goal', 'stop', 'deactivation'])
def test_a_cancelled_goal_ends_as_cancelled_whatever_comes_next(
    caller: Caller, next_: str
) -> None:
    handle = caller.start()
    answer = handle.cancel_goal_async()
    caller.graph.wait_until(answer.done, 'the cancellation was not answered')
    assert answer.result().goals_canceling
    if next_ == 'goal':
        caller.start('touch green')
    elif next_ == 'stop':
        caller.control(PolicyStatus.HOLDING, PolicyStatus.EMERGENCY_STOP)
    else:
        caller.change(Transition.TRANSITION_DEACTIVATE)
    status, result = caller.outcome(handle)
    assert (status, result.outcome) == (GoalStatus.STATUS_CANCELED, Result.CANCELLED)
    if next_ == 'goal':
        assert caller.in_force == 'touch green'
    else:
        caller.assert_at_rest()


def test_a_goal_without_success_ends_by_its_timeout(caller: Caller) -> None:
    status, result = caller.outcome(caller.start(timeout=0.3))
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Result.TIMEOUT)
    assert result.elapsed >= 0.3
    assert 'is the controller running?' in result.text
    caller.assert_at_rest()


def test_the_signal_of_the_task_is_success(caller: Caller) -> None:
    signal = caller.graph.speak(Bool, 'task_success', EVERY)
    handle = caller.start()
    values = itertools.cycle([False, True])
    status, result = caller.outcome(handle, lambda: signal(Bool(data=next(values))))
    assert (status, result.outcome) == (GoalStatus.STATUS_SUCCEEDED, Result.SUCCESS)
    caller.assert_at_rest()


def test_a_signal_that_stood_before_the_goal_is_no_success(caller: Caller) -> None:
    signal = caller.graph.speak(Bool, 'task_success', EVERY)
    caller.outcome(caller.start(), lambda: signal(Bool(data=True)))
    handle = caller.start('touch green', timeout=0.5)
    _, result = caller.outcome(handle, lambda: signal(Bool(data=True)))
    assert result.outcome == Result.TIMEOUT


@pytest.mark.parametrize(('proposed', 'outcome'), [
    ('touch red', Result.SUCCESS), ('touch green', Result.TIMEOUT)])
def test_the_simulator_judges_only_the_instruction_it_proposed(
    caller: Caller, proposed: str, outcome: int
) -> None:
    tell = caller.graph.speak(TaskState, 'task_state', EVERY)
    handle = caller.start('touch red', timeout=0.0 if outcome == Result.SUCCESS else 0.5)
    values = itertools.cycle([False, True])
    _, result = caller.outcome(handle, lambda: tell(
        TaskState(instruction=proposed, succeeded=next(values))))
    assert result.outcome == outcome


@pytest.mark.parametrize('newer', ['goal', 'service', 'topic', 'parameter'])
def test_a_newer_instruction_supersedes_the_goal_wherever_it_comes_from(
    caller: Caller, newer: str
) -> None:
    handle = caller.start()
    text = f'by {newer}'
    if newer == 'goal':
        caller.start(text)
    elif newer == 'service':
        caller.graph.call(
            SetInstruction, 'set_instruction', SetInstruction.Request(instruction=text))
    elif newer == 'topic':
        caller.graph.speak(String, 'instruction')(String(data=text))
    else:
        assert caller.graph.set_parameter('planner', 'instruction', text).successful
    status, result = caller.outcome(handle)
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Result.SUPERSEDED)
    assert repr(text) in result.text
    caller.graph.wait_until(lambda: caller.in_force == text, 'the newer one is not in force')


@pytest.mark.parametrize(('state', 'reason'), [
    (PolicyStatus.HOLDING, PolicyStatus.EMERGENCY_STOP),
    (PolicyStatus.FAULT, PolicyStatus.SOLVER_DEAD)])
def test_what_needs_help_stops_the_goal_and_says_why(
    caller: Caller, state: int, reason: int
) -> None:
    handle = caller.start()
    status, result = caller.outcome(
        handle, lambda: caller.control(state, reason, 'because'))
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Result.STOPPED)
    assert result.reason == reason
    assert 'because' in result.text
    caller.assert_at_rest()


def test_a_stop_of_before_the_goal_does_not_end_it(caller: Caller) -> None:
    caller.start('touch green')
    before = caller.announced[-1].epoch
    handle = caller.start('touch red', timeout=0.5)
    _, result = caller.outcome(handle, lambda: caller.control(
        PolicyStatus.HOLDING, PolicyStatus.EMERGENCY_STOP, epoch=before))
    assert result.outcome == Result.TIMEOUT


@pytest.mark.parametrize(('instruction', 'timeout'), [
    ('  ', 0.0), ('touch red', -1.0), ('touch red', float('nan')), ('touch red', float('inf'))])
def test_a_goal_that_makes_no_sense_is_refused(
    caller: Caller, instruction: str, timeout: float
) -> None:
    assert not caller.send(instruction, timeout).accepted
    assert not caller.in_force


def test_a_deactivated_planner_fails_its_goal_and_takes_none(caller: Caller) -> None:
    handle = caller.start()
    caller.change(Transition.TRANSITION_DEACTIVATE)
    status, result = caller.outcome(handle)
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Result.FAILED)
    caller.assert_at_rest()
    assert not caller.send().accepted
    caller.change(Transition.TRANSITION_ACTIVATE)
    caller.start()


def test_a_goal_fails_when_the_clock_goes_back(start: Callable[..., Caller]) -> None:
    caller = start(use_sim_time=True)
    assert not caller.send().accepted, 'accepted without a clock'
    clock = caller.graph.speak(Clock, '/clock', 1)
    caller.graph.wait_until(
        lambda: clock(Clock(clock=stamp_at(100.0))) or now(caller.planner) == 100.0, 'no clock')
    handle = caller.start(timeout=1000.0)
    _, result = caller.outcome(handle, lambda: clock(Clock(clock=stamp_at(5.0))))
    assert result.outcome == Result.FAILED
    caller.assert_at_rest()
