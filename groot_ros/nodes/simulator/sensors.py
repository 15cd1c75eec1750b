"""What the simulated robot publishes of itself: joints, camera, frames and description."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, JointState
from std_msgs.msg import Header, String
from tf2_msgs.msg import TFMessage

from groot_ros.nodes.messages.observations import compressed_message, image_message
from groot_ros.nodes.shared.qos import EVERY, LATCHED
from groot_ros.nodes.shared.stamps import stamp_at
from groot_ros.nodes.simulator.messages import (
    camera_info_message,
    camera_transform,
    joint_state_message,
    link_transforms,
)
from groot_ros.simulation.scene import HEAD_CAMERA
from groot_ros.simulation.urdf import robot_description

if TYPE_CHECKING:
    from rclpy.node import Node

    from groot_ros.embodiment import Embodiment
    from groot_ros.simulation.world import TabletopWorld

JPEG_QUALITY = 90


class SimulatorSensors:
    """Publishers of one simulated robot.

    Args:
        node: The simulator.
        world: What is sensed.
        embodiment: Names the topics and the camera's frame.
    """

    def __init__(self, node: Node, world: TabletopWorld, embodiment: Embodiment) -> None:
        self._world = world
        (camera,) = embodiment.cameras
        self._frame_id = camera.frame_id
        folder = camera.topic.rpartition('/')[0]
        self._image = node.create_publisher(Image, f'{folder}/image_raw', EVERY)
        self._compressed = node.create_publisher(
            CompressedImage, f'{folder}/image_raw/compressed', EVERY)
        self._info = node.create_publisher(CameraInfo, f'{folder}/camera_info', EVERY)
        self._joints = node.create_publisher(JointState, embodiment.joint_state_topic, EVERY)
        self._frames = node.create_publisher(TFMessage, 'tf', EVERY)
        self._static_frames = node.create_publisher(TFMessage, 'tf_static', LATCHED)
        self._description = node.create_publisher(String, 'robot_description', LATCHED)
        self._description.publish(String(data=robot_description()))
        self._fixed_frames_sent = False

    def publish_joints(self, time: float) -> None:
        """Publish positions and velocities at `time` [s]."""
        self._joints.publish(joint_state_message(self._world, stamp_at(time)))

    def publish_images(self, time: float, *, black: bool) -> None:
        """Publish the head camera's image captured at `time` [s] and its parameters."""
        header = Header(stamp=stamp_at(time), frame_id=self._frame_id)
        image = self._world.render(HEAD_CAMERA)
        if black:
            image = np.zeros_like(image)
        self._image.publish(image_message(image, header))
        if self._compressed.get_subscription_count():
            self._compressed.publish(compressed_message(image, header, JPEG_QUALITY))
        self._info.publish(camera_info_message(header))

    def publish_frames(self, time: float) -> None:
        """Publish the frames of the links at `time` [s], the fixed ones once."""
        stamp = stamp_at(time)
        if not self._fixed_frames_sent:
            fixed = link_transforms(self._world, stamp, moving=False)
            self._static_frames.publish(
                TFMessage(transforms=[*fixed, camera_transform(stamp)]))
            self._fixed_frames_sent = True
        if self._frames.get_subscription_count():
            self._frames.publish(
                TFMessage(transforms=link_transforms(self._world, stamp, moving=True)))
