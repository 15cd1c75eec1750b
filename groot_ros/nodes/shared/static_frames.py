"""Static frames of several publishers, as tf2 has them."""

from geometry_msgs.msg import TransformStamped
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message
from tf2_msgs.msg import TFMessage

# Every publisher offers its newest message: a depth of 1 would keep that of one of them.
STATIC_FRAMES = QoSProfile(
    depth=100, reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL)


class StaticFrames:
    """The newest transform to every frame, whoever published it."""

    def __init__(self) -> None:
        self._transforms: dict[str, TransformStamped] = {}

    def merge(self, cdr: bytes) -> bytes:
        """Take a serialized message of static frames and return one of all frames so far."""
        for transform in deserialize_message(cdr, TFMessage).transforms:
            self._transforms[transform.child_frame_id] = transform
        return bytes(serialize_message(TFMessage(transforms=list(self._transforms.values()))))
