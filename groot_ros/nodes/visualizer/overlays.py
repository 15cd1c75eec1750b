"""What one camera saw, with words and, if asked, the attention of System 2 over it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Time
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CompressedImage, Image

from groot_ros.embodiment import Camera
from groot_ros.model.policy import AttentionError
from groot_ros.nodes.messages.observations import image_message, read_pixels
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.qos import NEWEST, sensor_qos
from groot_ros.nodes.shared.stamps import NANOSECONDS
from groot_ros.nodes.visualizer.attention import AttentionInput, SeenParts
from groot_ros.observation import ImageError
from groot_ros.visualization.camera_view import CameraView
from groot_ros.visualization.heat import Heat, Picture, heated
from groot_ros.visualization.overlay import LINE_LENGTH, annotated


class CameraOverlay:
    """Shows the pictures of one camera to those who look at them.

    Args:
        node: The visualizer.
        interfaces: Of the node.
        number: Of the camera in the embodiment, so that one view fits every robot.
        camera: Of the robot.
        parts: Where attention belongs.
    """

    def __init__(
        self, node: LifecycleNode, interfaces: Interfaces, number: int, camera: Camera,
        parts: SeenParts,
    ) -> None:
        self._logger = node.get_logger()
        self._key = camera.video_key
        self._parts = parts
        self._view: CameraView[Image | CompressedImage] = CameraView()
        self._publisher = interfaces.publish(Image, f'~/overlay_{number}', NEWEST)
        self._attention = AttentionInput(
            node, f'planner/attention_{number}', self._on_attention)
        interfaces.on_close(self._attention.close)
        compressed = camera.transport == 'compressed'
        interfaces.subscribe(
            CompressedImage if compressed else Image, camera.topic + '/compressed' * compressed,
            self._on_image, sensor_qos(step_locked=False))

    def show(self, lines: Sequence[str], *, attention: bool, planned_by: str) -> None:
        """Send what there is to see, if somebody looks.

        Args:
            lines: To be written over it.
            attention: Whether to show attention.
            planned_by: Fingerprint of the checkpoint that the newest goal tokens are of.
        """
        watched = self._publisher.get_subscription_count() > 0
        self._attention.want(watched and attention)
        if not watched:
            return
        image, heat = self._view.pick() if attention else (self._view.pick_newest(), None)
        if image is None:
            return
        try:
            pixels = read_pixels(image)
        except ImageError as error:
            self._logger.error(str(error), throttle_duration_sec=5.0)
            return
        if pixels.ndim == 2:  # depth has no colours to draw over
            return
        picture = pixels.astype(np.uint8, copy=False)
        if attention:
            picture, problem = self._with_attention(picture, heat, planned_by)
            lines = [*lines, *textwrap.wrap(problem, LINE_LENGTH)]
        self._publisher.publish(image_message(annotated(picture, lines), image.header))

    def _with_attention(
        self, picture: Picture, heat: Heat | None, planned_by: str
    ) -> tuple[Picture, str]:
        """Return a picture with attention over it, or as it is and why."""
        if heat is None:
            return picture, f'no attention: {self._attention.absence}'
        try:
            part = self._parts.find(self._key, (picture.shape[1], picture.shape[0]), planned_by)
        except AttentionError as error:
            return picture, f'no attention: {error}'
        return heated(picture, heat, part), ''

    def _on_image(self, image: Image | CompressedImage) -> None:
        self._view.take_picture(
            _nanoseconds(image.header.stamp), image, waits=self._attention.is_open)

    def _on_attention(self, message: Image) -> None:
        try:
            heat = read_pixels(message)
        except ImageError as error:
            self._logger.error(f'attention: {error}', throttle_duration_sec=5.0)
            return
        if heat.ndim == 2:
            self._view.take_attention(
                _nanoseconds(message.header.stamp), heat.astype(np.float32, copy=False))


def _nanoseconds(stamp: Time) -> int:
    return stamp.sec * NANOSECONDS + stamp.nanosec
