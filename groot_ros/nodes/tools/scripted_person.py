"""A person with a tracked hand, played by a script: poses and a clutch on topics."""

from __future__ import annotations

import time

import numpy as np
from geometry_msgs.msg import Point, PoseStamped, Quaternion
from mink import SE3, SO3
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.time import Time
from std_msgs.msg import Bool
from tf2_ros import Buffer, TransformListener

from groot_ros.nodes.shared.qos import EVERY, NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.simulation.kinematics import pitch_and_roll, tilted
from groot_ros.simulation.trajectory import HandPose, Trajectory
from groot_ros.teleoperation.poses import read_pose

WORLD = 'world'
POSE_HZ = 60.0


class ScriptedPerson:
    """Sends what a hand tracker sends; sees where the robot's right hand is.

    Args:
        node: Publishes and listens; somebody else spins it.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._engaged = node.create_publisher(Bool, 'teleoperator/engaged', EVERY)
        self._poses = node.create_publisher(
            PoseStamped, 'teleoperator/right/target_pose', qos_profile_sensor_data)
        self._hand: PoseStamped | None = None
        node.create_subscription(
            PoseStamped, 'teleoperator/right/pose', self._on_hand, NEWEST)
        self._frames = Buffer(node=node)
        self._listener = TransformListener(self._frames, node)
        self._path: Trajectory | None = None
        self._began = 0.0
        node.create_timer(1.0 / POSE_HZ, self._send)

    @property
    def is_ready(self) -> bool:
        """Whether the robot's hand can be seen, and the robot listens."""
        return (self._hand is not None and self._poses.get_subscription_count() > 0
                and self._frames.can_transform(WORLD, self._hand.header.frame_id, Time()))

    @property
    def hand(self) -> HandPose:
        """Where the robot's hand is, in the world."""
        assert self._hand is not None
        there = self._frames.lookup_transform(
            WORLD, self._hand.header.frame_id, Time()).transform
        point, turn = there.translation, there.rotation
        base = read_pose((point.x, point.y, point.z), (turn.x, turn.y, turn.z, turn.w))
        spot, turned = self._hand.pose.position, self._hand.pose.orientation
        pose = base @ read_pose(
            (spot.x, spot.y, spot.z), (turned.x, turned.y, turned.z, turned.w))
        return HandPose(
            pose.translation(), *pitch_and_roll(pose.rotation().as_matrix()))

    def forget(self) -> None:
        """Look at the hand anew."""
        self._hand = None

    def lead(self, path: Trajectory) -> None:
        """Engage the clutch and go along a path in the world."""
        self._path, self._began = path, time.monotonic()

    def let_go(self) -> None:
        """Release the clutch."""
        self._path = None

    def _on_hand(self, message: PoseStamped) -> None:
        self._hand = message

    def _send(self) -> None:
        self._engaged.publish(Bool(data=self._path is not None))
        if self._path is None:
            return
        wanted = self._path.at(time.monotonic() - self._began)
        rotation = SO3.from_matrix(tilted(wanted.pitch, wanted.roll))
        self._poses.publish(_message(
            SE3.from_rotation_and_translation(rotation, np.asarray(wanted.position)),
            now(self._node)))


def _message(pose: SE3, time_now: float) -> PoseStamped:
    message = PoseStamped()
    message.header.frame_id, message.header.stamp = WORLD, stamp_at(time_now)
    x, y, z = pose.translation().tolist()
    w, i, j, k = pose.rotation().wxyz.tolist()
    message.pose.position = Point(x=x, y=y, z=z)
    message.pose.orientation = Quaternion(w=w, x=i, y=j, z=k)
    return message
