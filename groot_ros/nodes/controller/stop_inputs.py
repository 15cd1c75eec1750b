"""What people and devices bring the robot to rest with, for as long as they ask for it."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Joy
from std_srvs.srv import SetBool

from groot_ros.msg import Observation
from groot_ros.nodes.controller.control_cycle import ControlCycle
from groot_ros.nodes.controller.parameters import ControllerParams
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.stamps import now, seconds


class StopInputs:
    """The inputs that stop the robot for as long as they ask for it.

    Args:
        node: The controller.
        interfaces: What opens and closes with its configuration.
        cycle: What to stop.
        params: Of the controller.
    """

    def __init__(
        self, node: LifecycleNode, interfaces: Interfaces, cycle: ControlCycle,
        params: ControllerParams,
    ) -> None:
        self._node = node
        self._cycle = cycle
        self._button = params.deadman_button
        interfaces.serve(SetBool, '~/pause', self._on_pause)
        if params.deadman_topic:
            interfaces.subscribe(
                Joy, params.deadman_topic, self._on_joy, qos_profile_sensor_data)
        if params.max_observation_age_s:
            interfaces.subscribe(Observation, 'observation', self._on_observation, NEWEST)

    def _on_pause(
        self, request: SetBool.Request, response: SetBool.Response
    ) -> SetBool.Response:
        """Come to rest, or go on."""
        self._cycle.pause(request.data)
        response.success = True
        response.message = 'coming to rest' if request.data else 'going on'
        return response

    def _on_joy(self, message: Joy) -> None:
        """Take the deadman button; one that the device does not have is not held."""
        pressed = self._button < len(message.buttons) and bool(message.buttons[self._button])
        self._cycle.on_deadman(pressed, now(self._node))

    def _on_observation(self, message: Observation) -> None:
        """Take note of how new the images are."""
        self._cycle.on_observation(seconds(message.header.stamp))
