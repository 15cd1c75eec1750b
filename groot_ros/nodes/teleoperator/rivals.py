"""Other nodes that command the same robot."""

from __future__ import annotations

from rclpy.node import Node

from groot_ros.control import Hold, HoldReason
from groot_ros.embodiment import Embodiment


def find_rival(node: Node, robot: Embodiment) -> Hold | None:
    """Return who else publishes on a command topic, None if nobody does.

    Goals of actions cannot be seen in the graph.
    """
    own = node.get_name(), node.get_namespace()
    for output in robot.outputs:
        if output.interface == 'follow_joint_trajectory':
            continue
        topic = node.resolve_topic_name(output.topic)
        for offer in node.get_publishers_info_by_topic(topic):
            if (offer.node_name, offer.node_namespace) != own:
                return Hold(
                    HoldReason.COMMANDED_ELSEWHERE,
                    f'{offer.node_namespace.rstrip("/")}/{offer.node_name} publishes on {topic}, '
                    'too: end it, a robot has one driver')
    return None
