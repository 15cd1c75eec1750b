"""Publishers whose quality of service keeps their messages from this node."""

from __future__ import annotations

import math

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from groot_ros.diagnosis import Delivery, mismatch
from groot_ros.nodes.shared.stamps import NANOSECONDS

INFINITE_NS = 2**63 - 1
"""What DDS reports where no deadline was set; 0 where it was left to the middleware."""


def delivery_of(profile: QoSProfile) -> Delivery:
    """Return the part of a QoS profile that may keep two ends apart."""
    deadline = profile.deadline.nanoseconds
    return Delivery(
        reliable=profile.reliability == ReliabilityPolicy.RELIABLE,
        latched=profile.durability == DurabilityPolicy.TRANSIENT_LOCAL,
        deadline=deadline / NANOSECONDS if 0 < deadline < INFINITE_NS else math.inf)


class DeliveryMonitor:
    """Names the publishers whose messages cannot arrive, as long as they are there.

    The middleware tells when such a publisher appears; only then is the graph searched.

    Args:
        node: The node that subscribes.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._suspects: dict[str, QoSProfile] = {}

    def watch(self, topic: str, wanted: QoSProfile) -> SubscriptionEventCallbacks:
        """Return the callbacks to give to a subscription.

        Args:
            topic: As given to the subscription.
            wanted: Its QoS.
        """
        def suspect(_: object) -> None:
            self._suspects[self._node.resolve_topic_name(topic)] = wanted
            for problem in self.problems():
                self._node.get_logger().warning(problem)

        return SubscriptionEventCallbacks(incompatible_qos=suspect)

    def problems(self) -> list[str]:
        """Return one sentence for each publisher whose messages cannot arrive."""
        return [problem for topic, wanted in list(self._suspects.items())
                for problem in self._on_topic(topic, wanted)]

    def forget(self) -> None:
        """Forget the subscriptions, which are closed."""
        self._suspects.clear()

    def _on_topic(self, topic: str, wanted: QoSProfile) -> list[str]:
        offers = {
            f'{info.node_namespace.rstrip("/")}/{info.node_name}': mismatch(
                delivery_of(info.qos_profile), delivery_of(wanted))
            for info in self._node.get_publishers_info_by_topic(topic)}
        return [f'{problem} on {topic} (from {name}): nothing arrives'
                for name, problem in offers.items() if problem]
