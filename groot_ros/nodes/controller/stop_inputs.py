"""What people and devices stop the robot with."""

from __future__ import annotations

from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import DurabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import Joy
from std_msgs.msg import Bool
from std_srvs.srv import SetBool, Trigger

from groot_ros.control import EmergencyStop
from groot_ros.msg import Observation
from groot_ros.nodes.controller.control_cycle import ControlCycle
from groot_ros.nodes.controller.parameters import ControllerParams
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.qos import EVERY, LATCHED, NEWEST
from groot_ros.nodes.shared.stamps import now, seconds

SEARCH_PERIOD_S = 0.5


class EmergencyStopInputs:
    """The topic and the services of the emergency stop, open as long as the node exists.

    A device may hold its stop on a latched topic, so that a controller that starts later is
    stopped too. Only a latched subscription hears that; it is opened when there is such a device,
    because every other publisher would be warned that it does not match.

    Args:
        node: The controller.
        latch: What the inputs engage and reset.
    """

    def __init__(self, node: LifecycleNode, latch: EmergencyStop) -> None:
        self._node = node
        self._latch = latch
        self._topic = node.create_subscription(Bool, 'emergency_stop', self._on_topic, EVERY)
        self._search = node.create_timer(
            SEARCH_PERIOD_S, self._look_for_devices, clock=Clock(clock_type=ClockType.STEADY_TIME))
        node.create_service(Trigger, '~/emergency_stop', self._on_stop)
        node.create_service(Trigger, '~/reset_emergency_stop', self._on_reset)

    def _look_for_devices(self) -> None:
        """Hear what was latched before this node was there."""
        offers = self._node.get_publishers_info_by_topic(self._topic.topic_name)
        if any(offer.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
               for offer in offers):
            self._node.create_subscription(Bool, 'emergency_stop', self._on_topic, LATCHED)
            self._search.cancel()

    def _on_topic(self, message: Bool) -> None:
        """Stop on true; false ends nothing, a reset does."""
        if message.data:
            self._engage()

    def _on_stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._engage()
        response.success = True
        response.message = 'stopping; latched until reset_emergency_stop and a new instruction'
        return response

    def _on_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._latch.reset()
        response.message = (
            'reset: waiting for a new instruction' if response.success else 'nothing to reset')
        return response

    def _engage(self) -> None:
        if not self._latch.latched:
            self._node.get_logger().error('EMERGENCY STOP')
        self._latch.engage()


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
