"""The ways out of the controller: one per robot controller that takes commands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from control_msgs.action import FollowJointTrajectory
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from groot_ros.control import Command, Hold, HoldReason
from groot_ros.embodiment import CommandOutput, Embodiment
from groot_ros.nodes.messages.commands import stream_message, trajectory_message
from groot_ros.nodes.shared.driving import DrivingParams
from groot_ros.nodes.shared.goal_output import GoalOutput
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.qos import NEWEST

Send = Callable[[Command, float], None]


class Outputs:
    """Sends a command to every output of a robot; one that is not finite goes nowhere.

    Args:
        interfaces: Of the node that sends; nothing is sent while it is not active.
        embodiment: The robot.
        params: When trajectories begin and reach the command, and how often goals go out.
        on_refusal: Called when a command cannot be sent or is refused.
    """

    def __init__(
        self, interfaces: Interfaces, embodiment: Embodiment, params: DrivingParams,
        on_refusal: Callable[[Hold], None],
    ) -> None:
        self._interfaces = interfaces
        self._robot = embodiment
        self._lead = params.trajectory_lead_s
        self._stamped = params.stamped_trajectories
        self._goal_period = 1.0 / params.goal_hz
        self._on_refusal = on_refusal
        open_one = {
            'joint_trajectory': self._open_trajectory, 'float64_multi_array': self._open_stream,
            'follow_joint_trajectory': self._open_action}
        self._senders: list[Send] = [
            open_one[output.interface](output) for output in embodiment.outputs]
        self._topics = sum(
            output.interface != 'follow_joint_trajectory' for output in embodiment.outputs)

    def send(self, command: Command, now: float) -> int:
        """Send a command at `now` [s]; returns the messages that went out on topics."""
        if not (np.isfinite(command.positions).all() and np.isfinite(command.velocities).all()):
            self._on_refusal(Hold(
                HoldReason.OUTPUT_REFUSED, 'a command was not finite and was not sent: this is a '
                'bug, please report it with a bag of goal_tokens and joint_states'))
            return 0
        for send in self._senders:
            send(command, now)
        return self._topics

    def _open_stream(self, output: CommandOutput) -> Send:
        columns = self._robot.indices(output.joints)
        publisher = self._interfaces.publish(Float64MultiArray, output.topic, NEWEST)
        return lambda command, _: publisher.publish(stream_message(command.positions[columns]))

    def _open_trajectory(self, output: CommandOutput) -> Send:
        publisher = self._interfaces.publish(JointTrajectory, output.topic, NEWEST)
        make = self._trajectories(output, self._lead)
        return lambda command, now: publisher.publish(make(command, now))

    def _open_action(self, output: CommandOutput) -> Send:
        client = self._interfaces.call_action(FollowJointTrajectory, output.topic)
        # Each goal reaches its target when the next one is due: the robot need not brake between.
        make = self._trajectories(output, self._goal_period + self._lead)
        return GoalOutput(
            client, output.topic, make, period=self._goal_period,
            on_refusal=self._on_refusal).send

    def _trajectories(
        self, output: CommandOutput, lead: float
    ) -> Callable[[Command, float], JointTrajectory]:
        columns = self._robot.indices(output.joints)
        names, deceleration = list(output.joints), self._robot.max_acceleration[columns]
        return lambda command, now: trajectory_message(
            names, command.positions[columns], command.velocities[columns], deceleration, lead,
            start=now if self._stamped else 0.0)
