"""FollowJointTrajectory as joint_trajectory_controller serves it, for the simulated robot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node

from groot_ros.control.trajectory import TrajectoryError
from groot_ros.embodiment import CommandOutput
from groot_ros.nodes.messages.trajectories import read_trajectory
from groot_ros.simulation.command_follower import CommandFollower

MONITOR_HZ = 20.0
"""Default action_monitor_rate of joint_trajectory_controller."""
Result = FollowJointTrajectory.Result


@dataclass(frozen=True, slots=True)
class _Running:
    """The goal under way."""

    handle: ServerGoalHandle
    end: float


class GoalServer:
    """One goal at a time, followed by a `CommandFollower`.

    The rules: a goal that the topic would refuse is rejected, a new goal replaces the running
    one and aborts it, a cancelled or aborted one is followed at once by a hold of the present
    targets, and one that is played to its end succeeds and holds its last point.

    Attributes:
        settles: Whether the robot reaches the end of a goal closely enough; else the goal stays
            open, as with a goal tolerance and goal_time 0.

    Args:
        node: The robot controller.
        output: The output served; its topic is the name of the action.
        follower: What follows the accepted goals.
        time: Returns the present time of the robot [s].
        may_move: Whether goals are taken now.
    """

    def __init__(
        self, node: Node, output: CommandOutput, follower: CommandFollower, *,
        time: Callable[[], float], may_move: Callable[[], bool],
    ) -> None:
        self._logger = node.get_logger().get_child(output.name)
        self._output = output
        self._follower = follower
        self._time = time
        self._may_move = may_move
        self.settles = True
        self._running: _Running | None = None
        self._server = ActionServer(
            node, FollowJointTrajectory, output.topic, lambda _: Result(),
            goal_callback=self._on_goal, handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel)
        self._timer = node.create_timer(1.0 / MONITOR_HZ, self._monitor)

    def abort(self, error: int, text: str) -> None:
        """End the running goal as a violated tolerance does, and hold the present targets."""
        self._hold()
        self._end('abort', Result(error_code=error, error_string=text))

    def _on_goal(self, goal: FollowJointTrajectory.Goal) -> GoalResponse:
        try:
            read_trajectory(self._output.joints, goal.trajectory, self._time())
        except TrajectoryError as error:
            self._logger.warning(f'goal rejected: {error}')
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT if self._may_move() else GoalResponse.REJECT

    def _on_accepted(self, handle: ServerGoalHandle) -> None:
        message, now = handle.request.trajectory, self._time()
        self._end('abort', Result(
            error_code=Result.INVALID_GOAL, error_string='replaced by a new goal'))
        trajectory = read_trajectory(self._output.joints, message, now)
        self._follower.follow(self._output.name, message.joint_names, trajectory, now)
        self._running = _Running(handle, trajectory.start + float(trajectory.times[-1]))

    def _on_cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        if self._running is not None and self._running.handle is handle:
            self._hold()
        return CancelResponse.ACCEPT

    def _monitor(self) -> None:
        """End the goal that was cancelled or has arrived."""
        if self._running is None:
            return
        if self._running.handle.is_cancel_requested:
            self._end('canceled', Result())
        elif self.settles and self._time() >= self._running.end:
            self._end('succeed', Result())

    def _hold(self) -> None:
        self._follower.stop(self._output.name, self._time())

    def _end(self, ending: str, result: FollowJointTrajectory.Result) -> None:
        running, self._running = self._running, None
        if running is None:
            return

        def finish(handle: ServerGoalHandle) -> FollowJointTrajectory.Result:
            getattr(handle, ending)()
            return result

        running.handle.execute(finish)
