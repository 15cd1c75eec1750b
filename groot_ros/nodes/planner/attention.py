"""Where System 2 looks, camera by camera, for those who watch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Image

from groot_ros.embodiment import Camera
from groot_ros.model.policy import System2
from groot_ros.msg import Observation
from groot_ros.nodes.messages.observations import image_message
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.qos import NEWEST


class AttentionOutput:
    """Publishes attention maps while somebody subscribes; computes nothing else.

    A map is a 32FC1 image of cells with stamp and frame of the camera image it belongs to; the
    goal tokens of the same observation say of which checkpoint, instruction and epoch it is.

    Args:
        node: The planner.
        interfaces: Of the node.
        cameras: Of the robot; topics are numbered in their order.
    """

    def __init__(
        self, node: LifecycleNode, interfaces: Interfaces, cameras: Sequence[Camera]
    ) -> None:
        self._logger = node.get_logger()
        self._publishers = {
            camera.video_key: interfaces.publish(Image, f'~/attention_{number}', NEWEST)
            for number, camera in enumerate(cameras)}

    def send(
        self, system2: System2, images: dict[str, NDArray[np.uint8]], instruction: str,
        observation: Observation,
    ) -> None:
        """Send what is asked for of an observation that goal tokens were just sent of."""
        watched = {
            key: publisher for key, publisher in self._publishers.items()
            if publisher.get_subscription_count() > 0}
        if not watched:
            return
        try:
            maps = system2.attention(images, instruction)
        except ValueError as error:
            self._logger.warning(f'no attention: {error}', throttle_duration_sec=5.0)
            return
        pictures = dict(zip(observation.image_names, observation.images, strict=True))
        for key in watched.keys() & maps.keys():
            watched[key].publish(image_message(maps[key], pictures[key].header))
