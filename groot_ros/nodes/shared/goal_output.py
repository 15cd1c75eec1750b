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
from groot_ros.nodes.shared.stamps import NANOSECONDS

REST = 1e-6
"""Slower than this is rest [rad/s]."""


class GoalOutput:
    """Sends a goal per period while the robot moves, and one at once when it has to stop.

    Every goal ends at rest, so the robot stops if none follows. After an emergency stop the goal
    of the point of rest is cancelled once it was played: nothing that was accepted is left.
    A goal in motion is never cancelled, because that holds the joints where they are, unbraked.

    Args:
        client: Of the action.
        name: Of the action, for messages.
        make: Returns the trajectory of a command of a time [s].
        period: Time from one goal to the next [s].
        on_refusal: Called with the reason when the server does not do what it is told.
    """

    def __init__(
        self, client: ActionClient, name: str,
        make: Callable[[Command, float], JointTrajectory], *, period: float,
        on_refusal: Callable[[Hold], None],
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
        self._duration = 0.0  # of the goal sent last [s]
        self._seen_at: float | None = None  # when the goal sent last was seen to be accepted [s]

    def send(self, command: Command, now: float) -> None:
        """Send what is due at `now` [s]."""
        if self._wanted(command, now):
            self._due = now + self._period
            self._sent = command
            self._send_goal(self._make(command, now))
        if _is_emergency(command) and _rests(command):
            self._cancel_when_played(now)

    def _wanted(self, command: Command, now: float) -> bool:
        last = self._sent
        # A clock that went back must not silence the output.
        due = not now < self._due <= now + self._period
        if last is None:
            return due
        if _is_emergency(command) != _is_emergency(last) or (
                (command.hold is None) != (last.hold is None)):
            return True
        if _rests(command):
            return not _rests(last) or (due and not np.array_equal(
                command.positions, last.positions))
        return due

    def _send_goal(self, trajectory: JointTrajectory) -> None:
        self._number += 1
        self._accepted = self._seen_at = None
        if not self._client.server_is_ready():
            self._refuse('no action server: is the robot controller active?')
            return
        end = trajectory.points[-1].time_from_start
        self._duration = end.sec + end.nanosec / NANOSECONDS
        self._client.send_goal_async(
            FollowJointTrajectory.Goal(trajectory=trajectory)
        ).add_done_callback(partial(self._on_response, self._number))

    def _cancel_when_played(self, now: float) -> None:
        """Cancel the goal sent last, whose point of rest the robot has reached by then."""
        if self._accepted is None:
            return
        if self._seen_at is None:
            self._seen_at = now
        if not 0.0 <= now - self._seen_at < self._duration:
            accepted, self._accepted = self._accepted, None
            accepted.cancel_goal_async()

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
        if number != self._number:
            return
        self._accepted = None
        if response.result().status == GoalStatus.STATUS_ABORTED:
            result = response.result().result
            self._refuse(f'a goal was aborted: {result.error_string} ({result.error_code})')

    def _refuse(self, why: str) -> None:
        self._sent = None
        self._on_refusal(Hold(HoldReason.OUTPUT_REFUSED, f'{self._name}: {why}'))


def _is_emergency(command: Command) -> bool:
    return command.hold is not None and command.hold.reason is HoldReason.EMERGENCY_STOP


def _rests(command: Command) -> bool:
    return bool(np.abs(command.velocities).max() < REST)
