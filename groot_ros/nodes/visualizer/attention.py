"""System 2's attention to one camera: asked for, and put where it belongs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from rclpy.lifecycle import LifecycleNode
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image

from groot_ros.model.finding import find_checkpoint
from groot_ros.model.fingerprint import fingerprint
from groot_ros.model.policy import AttentionError
from groot_ros.model.processor import Part, load_processor
from groot_ros.nodes.shared.qos import NEWEST


class AttentionInput:
    """Subscribes only while somebody wants to see: the planner computes for subscribers.

    Args:
        node: The visualizer.
        topic: Of the attention to one camera.
        take: Called with every message.
    """

    def __init__(
        self, node: LifecycleNode, topic: str, take: Callable[[Image], None]
    ) -> None:
        self._node = node
        self._topic = topic
        self._take = take
        self._subscription: Subscription | None = None

    @property
    def is_open(self) -> bool:
        """Whether messages are asked for."""
        return self._subscription is not None

    @property
    def absence(self) -> str:
        """Why nothing has come, in words."""
        if self._node.count_publishers(self._topic):
            return f'waiting for {self._topic}; if none comes, the log of the planner says why'
        return f'nobody sends {self._topic}: no planner, or a policy server plans'

    def want(self, wanted: bool) -> None:
        """Begin or end to ask for messages."""
        if wanted and self._subscription is None:
            self._subscription = self._node.create_subscription(
                Image, self._topic, self._take, NEWEST)
        elif not wanted:
            self.close()

    def close(self) -> None:
        """Ask for no more."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            self._node.destroy_subscription(subscription)


class SeenParts:
    """Which part of each camera image System 2 sees, as its checkpoint says.

    The checkpoint is read when the first part is asked for.

    Args:
        checkpoint: As the planner's parameter.
        embodiment_tag: Of the checkpoint.
    """

    def __init__(self, checkpoint: str, embodiment_tag: str) -> None:
        self._checkpoint = checkpoint
        self._embodiment_tag = embodiment_tag

    def find(self, video_key: str, size: tuple[int, int], planned_by: str) -> Part:
        """Return the part of a camera image.

        Args:
            video_key: Of the camera.
            size: Width and height of its image [px].
            planned_by: Fingerprint of the checkpoint that the attention is of.

        Raises:
            AttentionError: If that is another checkpoint, or none can be read.
        """
        if self._problem:
            raise AttentionError(self._problem)
        if planned_by != self._fingerprint:
            raise AttentionError(
                f'it is of checkpoint {planned_by}, parameter checkpoint of the visualizer names '
                f'{self._fingerprint}')
        return self._images[video_key].seen_part(*size)

    @cached_property
    def _problem(self) -> str:
        """Read the checkpoint; return why it cannot be read, empty if it can."""
        try:
            folder = find_checkpoint(self._checkpoint)
            self._fingerprint = fingerprint(folder)
            self._images = load_processor(
                folder, self._embodiment_tag, allow_untrained=True).images
        except (OSError, ValueError) as error:
            return str(error)
        return ''
