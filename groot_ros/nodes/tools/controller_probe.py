"""Asks a controller of the robot where its trajectories lead in from."""

from __future__ import annotations

from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node

from groot_ros.nodes.tools.graph_probe import OneCall

FROM_TARGET = ('interpolate_from_desired_state', 'open_loop_control')
"""Parameters of joint_trajectory_controller, the newer one first."""


class ControllerProbe:
    """Asks one node that takes trajectories.

    Args:
        node: The node that asks.
        name: Full name of the robot's controller.
    """

    def __init__(self, node: Node, name: str) -> None:
        client = node.create_client(GetParameters, f'{name}/get_parameters')
        # One by one: rclcpp answers all or nothing.
        self._calls = [OneCall(client, GetParameters.Request(names=[asked_for]))
                       for asked_for in FROM_TARGET]

    def ask(self) -> None:
        """Ask what can be asked already and was not."""
        for call in self._calls:
            call.ask()

    @property
    def leads_in_from_target(self) -> bool | None:
        """Whether a trajectory begins at the target before it; None if it did not say."""
        said = [value.bool_value for call in self._calls if call.answer is not None
                for value in call.answer.values
                if value.type == ParameterType.PARAMETER_BOOL]
        return any(said) if said else None
