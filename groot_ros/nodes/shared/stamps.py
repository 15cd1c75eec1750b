"""Times of messages and clocks as seconds."""

from collections.abc import Callable

from builtin_interfaces.msg import Time
from rclpy.clock import JumpHandle, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node

NANOSECONDS = 1_000_000_000


def seconds(stamp: Time) -> float:
    """Return a message's stamp [s]."""
    return stamp.sec + stamp.nanosec / NANOSECONDS


def stamp_at(time: float) -> Time:
    """Return the stamp of `time` [s], to the nanosecond where a float still holds it."""
    nanoseconds = round(time * NANOSECONDS)
    return Time(sec=nanoseconds // NANOSECONDS, nanosec=nanoseconds % NANOSECONDS)


def now(node: Node) -> float:
    """Return the time of the node's clock [s]."""
    return node.get_clock().now().nanoseconds / NANOSECONDS


def on_backward_jump(node: Node, forget: Callable[[], None]) -> JumpHandle:
    """Call `forget` whenever the node's clock goes backward.

    Returns:
        The registration; it lasts as long as it is kept.
    """
    def after(jump: TimeJump) -> None:
        node.get_logger().warning('the clock went backward: everything older is dropped')
        forget()

    threshold = JumpThreshold(
        min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=False)
    return node.get_clock().create_jump_callback(threshold, post_callback=after)
