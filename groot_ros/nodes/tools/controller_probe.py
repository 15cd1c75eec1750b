"""Asks a controller of the robot where its trajectories lead in from."""

from __future__ import annotations

from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node

from groot_ros.nodes.shared.question import Question

FROM_TARGET = ('interpolate_from_desired_state', 'open_loop_control')
"""Parameters of joint_trajectory_controller, the newer one first."""


class ControllerProbe:
    """Asks one node that takes trajectories.

    Args:
        node: The node that asks.
        name: Full name of the robot's controller.
    """

    def __init__(self, node: Node, name: str) -> None:
        self._client = node.create_client(GetParameters, f'{name}/get_parameters')
        self._questions: list[Question] = []

    def ask(self) -> None:
        """Ask as soon as it can be asked: one by one, as rclcpp answers all or nothing."""
        if not self._questions and self._client.service_is_ready():
            self._questions = [
                Question(self._client, GetParameters.Request(names=[name]))
                for name in FROM_TARGET]

    @property
    def leads_in_from_target(self) -> bool | None:
        """Whether a trajectory begins at the target before it; None if it did not say."""
        answers = [each.answer for each in self._questions if each.is_answered()]
        said = [value.bool_value for answer in answers for value in answer.values
                if value.type == ParameterType.PARAMETER_BOOL]
        return any(said) if said else None
