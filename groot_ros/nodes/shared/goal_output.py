"""Joint commands as goals of a FollowJointTrajectory action, each replacing the one before."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.task import Future
from trajectory_msgs.msg import JointTrajectory

from groot_ros.control import Command, Hold, HoldReason

REST = 1e-6
"""Slower than this is rest [rad/s]."""


class GoalOutput:
    """Sends a goal per period while the robot moves, and one at once when it has to stop.

    Every goal ends at rest, so the robot stops if none follows. Once at rest after an emergency
    stop the goal is cancelled: nothing that was accepted is left.

    Args:
        client: Of the action.
        name: Of the action, for messages.
        make: Returns the trajectory of positions [rad] and velocities [rad/s].
        period: Time from one goal to the next [s].
        on_refusal: Called with the reason when the server does not do what it is told.
    """

    def __init__(
        self, client: ActionClient, name: str, make: Callable[[Command], JointTrajectory], *,
        period: float, on_refusal: Callable[[Hold], None],
    ) -> None:
        self._client = client
        self._name = name
        self._make = make
        self._period = period
        self._on_refusal = on_refusal
        self._due = float('-inf')
        self._sent: Command | None = None
        self._number = 0
        self._accepted: ClientGoalHandle | None = None

    def send(self, command: Command, now: float) -> None:
        """Send what is due at `now` [s]."""
        if self._wanted(command, now):
            self._due = now + self._period
            self._sent = command
            self._send_goal(self._make(command))
        if _is_emergency(command) and _rests(command):
            self.cancel()

    def cancel(self) -> None:
        """Cancel the goal accepted last, if it was not cancelled yet."""
        accepted, self._accepted = self._accepted, None
        if accepted is not None:
            accepted.cancel_goal_async()

    def _wanted(self, command: Command, now: float) -> bool:
        last = self._sent
        if last is None or _is_emergency(command) != _is_emergency(last) or (
                (command.hold is None) != (last.hold is None)):
            return True
        arrived = _rests(command) and np.array_equal(command.positions, last.positions)
        # A clock that went back must not silence the output.
        return not arrived and not now < self._due <= now + self._period

    def _send_goal(self, trajectory: JointTrajectory) -> None:
        if not self._client.server_is_ready():
            self._refuse('no action server: is the robot controller active?')
            return
        self._number += 1
        self._client.send_goal_async(
            FollowJointTrajectory.Goal(trajectory=trajectory)
        ).add_done_callback(partial(self._on_response, self._number))

    def _on_response(self, number: int, response: Future) -> None:
        handle: ClientGoalHandle | None = response.result()
        if handle is None or not handle.accepted:
            self._refuse('a goal was rejected: the log of the robot controller says why')
            return
        if number == self._number:
            self._accepted = handle
        handle.get_result_async().add_done_callback(partial(self._on_result, number))

    def _on_result(self, number: int, response: Future) -> None:
        # A goal that was replaced ends as aborted or cancelled: that is how replacing works.
        if number == self._number and response.result().status == GoalStatus.STATUS_ABORTED:
            self._accepted = None
            result = response.result().result
            self._refuse(f'a goal was aborted: {result.error_string} ({result.error_code})')

    def _refuse(self, why: str) -> None:
        self._sent = None
        self.cancel()
        self._on_refusal(Hold(HoldReason.OUTPUT_REFUSED, f'{self._name}: {why}'))


def _is_emergency(command: Command) -> bool:
    return command.hold is not None and command.hold.reason is HoldReason.EMERGENCY_STOP


def _rests(command: Command) -> bool:
    return bool(np.abs(command.velocities).max() < REST)
