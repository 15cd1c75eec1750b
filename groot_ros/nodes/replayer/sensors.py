"""The sensors of a recorded robot, published again."""

from __future__ import annotations

import array

from builtin_interfaces.msg import Time
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.serialization import deserialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image, Imu, JointState
from std_msgs.msg import Header

from groot_ros.nodes.messages.observations import image_message, read_pixels
from groot_ros.nodes.replayer.errors import ReplayError
from groot_ros.nodes.shared.qos import EVERY, NEWEST
from groot_ros.replay.driving import Tick
from groot_ros.replay.recording import Recording, Sensed

CLOCKS, JOINT_READERS, IMAGE_READERS = 3, 2, 1
"""Subscriptions of the policy: all follow the clock, perception and controller the joints."""
SECOND = 10**9


class ReplayedSensors:
    """Publishers of clock, joint states, images and inertial measurements.

    Args:
        node: The replayer.
        recording: What the robot saw.
        patience: Longest wait for an image to arrive [s].
    """

    def __init__(self, node: Node, recording: Recording, patience: float) -> None:
        self._recording = recording
        self._patience = Duration(nanoseconds=round(patience * SECOND))
        robot = recording.robot
        self._names = list(robot.joint_names)
        self._clock = node.create_publisher(Clock, '/clock', NEWEST)
        self._joints = node.create_publisher(JointState, robot.joint_state_topic, EVERY)
        self._others: dict[str, Publisher] = {}
        self._decoded: set[str] = set()  # topics of JPEG images for a policy that takes raw ones
        for camera in robot.cameras:
            topic = recording.images[camera.name]
            compressed = camera.transport == 'compressed'
            kind, name = (CompressedImage, f'{camera.topic}/compressed') if compressed else (
                Image, camera.topic)
            self._others[topic] = node.create_publisher(kind, name, EVERY)
            if not compressed and topic.endswith('/compressed'):
                self._decoded.add(topic)
        if robot.imu_topic is not None and recording.has(robot.imu_topic):
            topic = recording.topic(robot.imu_topic)
            self._others[topic] = node.create_publisher(Imu, robot.imu_topic, EVERY)

    @property
    def topics(self) -> list[str]:
        """What is played of the bag."""
        return [self._recording.joint_states, *self._others]

    def are_heard(self) -> bool:
        """Return whether the policy listens to all that it needs."""
        images = [self._others[topic] for topic in self._recording.images.values()]
        return (self._clock.get_subscription_count() >= CLOCKS
                and self._joints.get_subscription_count() >= JOINT_READERS
                and all(each.get_subscription_count() >= IMAGE_READERS for each in images))

    def send_time(self, stamp_ns: int) -> None:
        """Set the clock [ns]."""
        self._clock.publish(Clock(clock=_time(stamp_ns)))

    def send(self, sensed: Sensed) -> None:
        """Publish a message as it was recorded; of a JPEG the pixels, if the policy wants them."""
        if sensed.topic == self._recording.joint_states:
            self._joints.publish(sensed.cdr)
        elif sensed.topic in self._decoded:
            image = deserialize_message(sensed.cdr, CompressedImage)
            self._others[sensed.topic].publish(image_message(read_pixels(image), image.header))
        else:
            self._others[sensed.topic].publish(sensed.cdr)

    def send_and_wait(self, sensed: Sensed) -> None:
        """Publish a message and return when it has arrived: what follows cannot overtake it.

        Raises:
            ReplayError: If nobody takes it.
        """
        self.send(sensed)
        if not self._others[sensed.topic].wait_for_all_acked(self._patience):
            raise ReplayError(f'nobody takes the messages of {sensed.topic}: is perception alive?')

    def send_joints(self, tick: Tick) -> None:
        """Publish the joint states of a tick."""
        self._joints.publish(JointState(
            header=Header(stamp=_time(tick.stamp_ns)), name=self._names,
            position=array.array('d', tick.positions.tobytes()),
            velocity=array.array('d', tick.velocities.tobytes())))


def _time(stamp_ns: int) -> Time:
    return Time(sec=stamp_ns // SECOND, nanosec=stamp_ns % SECOND)
