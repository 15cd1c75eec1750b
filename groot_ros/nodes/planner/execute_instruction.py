"""The action ExecuteInstruction: one instruction from its acceptance to its outcome."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from rclpy.action import CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from std_msgs.msg import Bool

from groot_ros.action import ExecuteInstruction
from groot_ros.msg import PolicyStatus, TaskState
from groot_ros.nodes.shared.inputs import InputMonitor
from groot_ros.nodes.shared.instruction import Assignment
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.qos import EVERY, NEWEST
from groot_ros.nodes.shared.stamps import now, seconds
from groot_ros.nodes.shared.status import REASONS, STATUS_PERIOD_S

Result = ExecuteInstruction.Result
BY_CALLER = 'cancelled by the caller'
SILENCE_S = 2.0
"""Age of the controller's status from which on it counts as gone."""


class Goal(NamedTuple):
    """A goal under way: what it put in force, when [s], and how long it may take [s]."""

    handle: ServerGoalHandle
    assignment: Assignment
    started: float
    timeout: float


class RisingSignal:
    """A signal that counts when it rises: one that stands since earlier says nothing new."""

    def __init__(self) -> None:
        self._standing = False

    def rises(self, value: bool) -> bool:
        """Return whether `value` is true and the one before was not."""
        rises = value and not self._standing
        self._standing = value
        return rises


class InstructionGoals:
    """Serves the action; at most one goal is under way, and its end leaves the robot at rest.

    Everything is called from the node's default callback group, so one at a time.

    Args:
        node: The planner.
        assign: Puts an instruction in force; must call `supersede` before it returns.
        token_rate: Returns the rate of goal tokens [Hz].
        on_emergency_stop: Called with the epoch that the controller stopped in.
    """

    def __init__(
        self, node: Node, assign: Callable[[str], Assignment], token_rate: Callable[[], float],
        on_emergency_stop: Callable[[int], None],
    ) -> None:
        self._node = node
        self._assign = assign
        self._token_rate = token_rate
        self._on_emergency_stop = on_emergency_stop
        self._active = False
        self._goal: Goal | None = None
        self._controller = InputMonitor('controller/status')
        self._status = PolicyStatus()
        self._success, self._task = RisingSignal(), RisingSignal()

    def open(self, opened: Interfaces) -> None:
        """Open the action and what decides about its goals."""
        opened.subscribe(PolicyStatus, 'controller/status', self._on_status, NEWEST)
        opened.subscribe(Bool, 'task_success', self._on_success, EVERY)
        opened.subscribe(TaskState, 'task_state', self._on_task_state, EVERY)
        opened.serve_goals(
            ExecuteInstruction, 'execute_instruction', check=self._check, accept=self._accept,
            cancel=self._cancel)
        opened.repeat(STATUS_PERIOD_S, self._follow)

    def activate(self) -> None:
        """Accept goals from now on."""
        self._active = True

    def deactivate(self) -> None:
        """Accept none any more and fail the one under way."""
        self._active = False
        self.fail('the planner was deactivated')

    def fail(self, text: str) -> None:
        """End the goal under way because the planner cannot go on with it."""
        self._end(Result.FAILED, text)

    def supersede(self, assignment: Assignment) -> None:
        """End the goal under way if `assignment` is newer than its instruction."""
        goal = self._goal
        if goal is not None and goal.assignment.instruction_id < assignment.instruction_id:
            self._end(
                Result.SUPERSEDED,
                f'superseded by instruction {assignment.instruction_id}: {assignment.text!r}',
                rest=False)

    def _check(self, request: ExecuteInstruction.Goal) -> GoalResponse:
        """Refuse what cannot be executed; the action's answer has no room for why."""
        problem = self._problem(request)
        if problem:
            self._node.get_logger().error(f'execute_instruction: goal refused: {problem}')
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _problem(self, request: ExecuteInstruction.Goal) -> str:
        """Return why a goal cannot be executed, empty if it can."""
        if not request.instruction.strip():
            return 'the instruction is empty; to stop, cancel the goal'
        if not math.isfinite(request.timeout) or request.timeout < 0.0:
            return f'timeout is {request.timeout}, must be 0 for none or a number of seconds'
        if not self._active:
            return 'the planner is not active: activate it first'
        if now(self._node) == 0.0:
            return 'use_sim_time is set and nobody has published /clock yet'
        return ''

    def _accept(self, handle: ServerGoalHandle) -> None:
        """Put the goal's instruction in force."""
        assignment = self._assign(handle.request.instruction)
        self._goal = Goal(
            handle, assignment, now(self._node), handle.request.timeout)
        handle.executing()

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        """Bring the robot to rest at once; the goal ends when its handle may be cancelled."""
        goal = self._goal
        if goal is None or goal.handle.goal_id != handle.goal_id:
            return CancelResponse.REJECT
        self._goal = None  # else the empty instruction would supersede it
        self._goal = goal._replace(assignment=self._assign(''))
        return CancelResponse.ACCEPT

    def _on_status(self, status: PolicyStatus) -> None:
        """Follow the controller; one that will not go on by itself ends the goal."""
        self._status = status
        self._controller.count(seconds(status.header.stamp), now(self._node))
        goal = self._goal
        stopped = status.reason == PolicyStatus.EMERGENCY_STOP
        # One of before the goal says nothing: what stopped the robot then may be over.
        if goal is not None and status.epoch >= goal.assignment.epoch and (
                stopped or status.state == PolicyStatus.FAULT):
            self._end(Result.STOPPED, self._controller_says())
        if stopped:
            self._on_emergency_stop(status.epoch)

    def _on_success(self, message: Bool) -> None:
        """Take the word of whatever judges the task that is under way."""
        if self._success.rises(message.data):
            self._end(Result.SUCCESS, 'task_success rose')

    def _on_task_state(self, state: TaskState) -> None:
        """Take the simulator's word, about the task that it proposed only."""
        goal = self._goal
        if (self._task.rises(state.succeeded) and goal is not None
                and goal.assignment.text == state.instruction):
            self._end(Result.SUCCESS, 'the simulated task is fulfilled')

    def _follow(self) -> None:
        """End the goal if it is time to, else tell its caller how it goes."""
        goal = self._goal
        if goal is None:
            return
        elapsed = now(self._node) - goal.started
        if goal.handle.is_cancel_requested:
            self._end(Result.CANCELLED, BY_CALLER)
        elif not self._active:  # deactivated between its check and its acceptance
            self.fail('the planner is not active')
        elif 0.0 < goal.timeout <= elapsed:
            self._end(
                Result.TIMEOUT, f'no success within {goal.timeout:.1f} s; '
                f'{self._controller_says()}')
        else:
            goal.handle.publish_feedback(self._feedback(elapsed))

    def _feedback(self, elapsed: float) -> ExecuteInstruction.Feedback:
        """Return how the goal goes `elapsed` [s] after its start."""
        feedback = ExecuteInstruction.Feedback(elapsed=elapsed, token_rate=self._token_rate())
        if self._controller_is_gone():
            feedback.state, feedback.text = PolicyStatus.INACTIVE, self._controller_says()
            return feedback
        status = self._status
        feedback.state, feedback.reason, feedback.text = status.state, status.reason, status.text
        feedback.chunk_rate, feedback.command_rate = status.solve_rate, status.output_rate
        return feedback

    def _controller_is_gone(self) -> bool:
        age = self._controller.age(now(self._node))
        return not 0.0 <= age <= SILENCE_S

    def _controller_says(self) -> str:
        """Return the controller's state for people."""
        if self._controller_is_gone():
            return 'nothing comes on controller/status: is the controller running?'
        status = self._status
        return f'the controller says {REASONS[status.reason]}: {status.text or "all is well"}'

    def _end(self, outcome: int, text: str, *, rest: bool = True) -> None:
        """End the goal under way, if there is one, and leave nothing in force if `rest`.

        One that is being cancelled ends as cancelled, whatever else happened since.
        """
        goal, self._goal = self._goal, None
        if goal is None:
            return
        if goal.handle.is_cancel_requested:
            outcome, text = Result.CANCELLED, BY_CALLER
        if rest and goal.assignment.text:
            self._assign('')
        result = Result(
            outcome=outcome, reason=self._status.reason, text=text,
            elapsed=now(self._node) - goal.started)
        finish: dict[int, Callable[[Any], None]] = {
            Result.SUCCESS: goal.handle.succeed, Result.CANCELLED: goal.handle.canceled}
        finish.get(outcome, goal.handle.abort)(result)
        self._node.get_logger().info(f'execute_instruction: {text}')
