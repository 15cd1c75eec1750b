"""Poses in any frame that transforms lead to, in the robot's base frame."""

from __future__ import annotations

from geometry_msgs.msg import PoseStamped
from mink import SE3
from rclpy.node import Node
from rclpy.time import Time
from tf2_ros import Buffer, TransformException, TransformListener

from groot_ros.teleoperation.errors import TeleoperationError
from groot_ros.teleoperation.poses import read_pose


class Frames:
    """Reads poses; listens to transforms once one is needed.

    Args:
        node: Listens, and tells names of topics.
        base_frame: Of the robot.
        device_frame: Whose axes are taken as those of the base frame; empty for none.
    """

    def __init__(self, node: Node, base_frame: str, device_frame: str) -> None:
        self._node = node
        self._base_frame = base_frame
        self._known = {'', base_frame, device_frame}
        self._buffer: Buffer | None = None
        self._listener: TransformListener | None = None

    def read(self, message: PoseStamped) -> SE3:
        """Return the pose of a message in the base frame.

        Raises:
            TeleoperationError: If it is no pose, or its frame is unknown.
        """
        point, turn = message.pose.position, message.pose.orientation
        pose = read_pose((point.x, point.y, point.z), (turn.x, turn.y, turn.z, turn.w))
        frame = message.header.frame_id
        return pose if frame in self._known else self._frame(frame) @ pose

    def close(self) -> None:
        """End listening."""
        if self._listener is not None:
            self._listener.unregister()
            self._listener = self._buffer = None

    def _frame(self, frame: str) -> SE3:
        """Return where a frame is, as of the newest transform."""
        if self._buffer is None:
            self._buffer = Buffer(node=self._node)
            self._listener = TransformListener(self._buffer, self._node)
        try:
            found = self._buffer.lookup_transform(self._base_frame, frame, Time()).transform
        except TransformException as error:
            raise TeleoperationError(
                f"no transform from frame '{frame}' to {self._base_frame} ({error}): publish one, "
                f'send poses in {self._base_frame}, or set device_frame') from None
        way, turn = found.translation, found.rotation
        return read_pose((way.x, way.y, way.z), (turn.x, turn.y, turn.z, turn.w))
