"""What a camera sees, for who looks, with words over it where somebody draws them."""

from __future__ import annotations

import threading
import time

import numpy as np
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from groot_ros.embodiment import Camera
from groot_ros.nodes.messages.observations import compressed_message, read_pixels
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.observation import ImageError
from groot_ros.operator_page import Picture

LOOKING_S = 3.0
"""How long somebody counts as looking who has asked for a picture."""
QUALITY = 80
JPEG = b'\xff\xd8'
NO_EVENTS = SubscriptionEventCallbacks(use_default_callbacks=False)
"""An executor of several threads does not bear events of a subscription that is closed."""


class CameraFeed:
    """The newest picture of one camera; subscribed to only while somebody looks.

    Args:
        node: The page's node.
        camera: Which one.
        number: Its place among the cameras of the embodiment.
    """

    def __init__(self, node: LifecycleNode, camera: Camera, number: int) -> None:
        self._node = node
        self._raw = _topic(camera)
        self._overlay: tuple[type, str, QoSProfile] = (
            Image, f'visualizer/overlay_{number}', NEWEST)
        self._asked = -LOOKING_S
        self._source: tuple[type, str, QoSProfile] | None = None
        self._subscription: Subscription | None = None
        self._count = 0
        self._newest: tuple[int, Image | CompressedImage] | None = None
        self._picture: Picture | None = None
        self._drawing = threading.Lock()

    def follow(self) -> None:
        """Open what is looked at, close what is not; called by the executor, now and then."""
        wanted = self._wanted()
        if wanted == self._source:
            return
        self.close()
        if wanted is not None:
            self._subscription = self._node.create_subscription(
                wanted[0], wanted[1], self._on_image, wanted[2], event_callbacks=NO_EVENTS)
        self._source = wanted

    def close(self) -> None:
        """Forget what was seen."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
        self._subscription = self._source = self._newest = self._picture = None

    def picture(self, known: int) -> Picture | None:
        """Return the newest picture if its number is not `known`; takes its time.

        A page that was open before this node started may know a higher number than any here.
        Called by threads of the server.
        """
        self._asked = time.monotonic()
        with self._drawing:
            newest = self._newest
            if newest is None or newest[0] == known:
                return None
            if self._picture is None or self._picture.number != newest[0]:
                self._picture = self._draw(*newest)
            return self._picture

    def _wanted(self) -> tuple[type, str, QoSProfile] | None:
        if time.monotonic() - self._asked > LOOKING_S:
            return None
        return self._overlay if self._node.count_publishers(self._overlay[1]) else self._raw

    def _on_image(self, message: Image | CompressedImage) -> None:
        self._count += 1
        self._newest = self._count, message

    def _draw(self, number: int, message: Image | CompressedImage) -> Picture | None:
        """Return a message as browsers read it, None if that cannot be."""
        if isinstance(message, CompressedImage) and bytes(message.data[:2]) == JPEG:
            return Picture(number, bytes(message.data))
        try:
            pixels = read_pixels(message)
        except ImageError as error:
            self._node.get_logger().error(str(error), throttle_duration_sec=5.0)
            return None
        if pixels.ndim < 3:  # depth has no colours
            return None
        colours = pixels.astype(np.uint8, copy=False)
        return Picture(number, bytes(compressed_message(colours, Header(), QUALITY).data))


def _topic(camera: Camera) -> tuple[type, str, QoSProfile]:
    if camera.transport == 'compressed':
        return CompressedImage, f'{camera.topic}/compressed', qos_profile_sensor_data
    return Image, camera.topic, qos_profile_sensor_data
