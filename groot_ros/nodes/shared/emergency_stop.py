"""The ways to call an emergency stop and to end it."""

from __future__ import annotations

from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import DurabilityPolicy
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from groot_ros.control import EmergencyStop
from groot_ros.nodes.shared.qos import EVERY, LATCHED

SEARCH_PERIOD_S = 0.5


class EmergencyStopInputs:
    """The topic and the services of the emergency stop, open as long as the node exists.

    A device may hold its stop on a latched topic, so that a node that starts later is
    stopped too. Only a latched subscription hears that; it is opened when there is such a device,
    because every other publisher would be warned that it does not match.

    Args:
        node: What moves the robot.
        latch: What the inputs engage and reset.
        then: What has to follow a reset before the robot moves.
    """

    def __init__(
        self, node: LifecycleNode, latch: EmergencyStop, then: str = 'a new instruction'
    ) -> None:
        self._node = node
        self._latch = latch
        self._then = then
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
        response.message = f'stopping; latched until reset_emergency_stop and {self._then}'
        return response

    def _on_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._latch.reset()
        response.message = (
            f'reset: waiting for {self._then}' if response.success else 'nothing to reset')
        return response

    def _engage(self) -> None:
        if not self._latch.latched:
            self._node.get_logger().error('EMERGENCY STOP')
        self._latch.engage()
