"""Delivery of the policy's own topics."""

from rclpy.qos import (
    DurabilityPolicy,
    QoSProfile,
    ReliabilityPolicy,
    qos_profile_sensor_data,
)

NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
LATCHED = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
EVERY = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)


def sensor_qos(step_locked: bool) -> QoSProfile:
    """Return the delivery of sensor inputs: best effort, or every one of a waiting simulator."""
    return EVERY if step_locked else qos_profile_sensor_data
