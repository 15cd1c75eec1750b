"""From a message of a recorded topic to what is written of it."""

from __future__ import annotations

import cv2
import numpy as np
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage, Image

from groot_ros.data.bags.queue import Sample
from groot_ros.nodes.messages.observations import compressed_message, read_pixels
from groot_ros.nodes.recorder.parameters import RecorderParams
from groot_ros.nodes.recorder.topics import RecordedTopic
from groot_ros.nodes.shared.status import WARNING_PERIOD_S
from groot_ros.nodes.shared.type_names import type_name
from groot_ros.observation.images import ImageError


class SampleMaker:
    """Makes samples in the thread that writes them.

    Args:
        node: The recorder.
        params: Its parameters.
    """

    def __init__(self, node: Node, params: RecorderParams) -> None:
        self._node, self._params = node, params

    def make(self, topic: RecordedTopic, cdr: bytes) -> Sample | None:
        """Return what is written of a message: of a colour image its JPEG, unless unwanted.

        Returns:
            None for an image of which no JPEG can be made.
        """
        name, kind = topic.name, topic.kind
        if kind is Image and self._params.camera_format == 'jpeg':
            try:
                jpeg = self._jpeg(deserialize_message(cdr, Image))
            except (ImageError, cv2.error) as error:
                self._node.get_logger().warning(
                    f'an image of {name} is not recorded: {error}; camera_format:=raw records '
                    'images as they come', throttle_duration_sec=WARNING_PERIOD_S)
                return None
            if jpeg is not None:
                name, kind = f'{name}/compressed', CompressedImage  # as image_transport has it
                cdr = bytes(serialize_message(jpeg))
        return Sample(
            self._node.resolve_topic_name(name), type_name(kind),
            topic.qos.reliability == ReliabilityPolicy.RELIABLE,
            topic.qos.durability == DurabilityPolicy.TRANSIENT_LOCAL, cdr)

    def _jpeg(self, image: Image) -> CompressedImage | None:
        """Return an image as JPEG; None for a depth image, which stays as it came."""
        pixels = read_pixels(image)
        if pixels.ndim == 2:
            return None
        return compressed_message(
            pixels.astype(np.uint8, copy=False), image.header, self._params.jpeg_quality)
