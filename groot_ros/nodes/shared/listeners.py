"""Subscriptions that only measure what comes: how often, how old, and what is in it."""

from __future__ import annotations

import math
import statistics
import time
from functools import partial
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image, JointState, Joy

from groot_ros.diagnosis import ClockFacts, Heard, HeardCamera, HeardJoints, HeardJoy
from groot_ros.nodes.messages.observations import read_pixels
from groot_ros.nodes.shared.stamps import now, seconds
from groot_ros.observation import ImageError

# Best effort gets what any publisher offers.
ANY = QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)
FEW = QoSProfile(depth=2, reliability=ReliabilityPolicy.BEST_EFFORT)


class ClockListener:
    """Listens to the clock of a robot: its own, as simulated ones have it, else /clock.

    Args:
        node: The node that subscribes.
        namespace: Of the robot, '' or as `/robot1`.
    """

    def __init__(self, node: Node, namespace: str) -> None:
        self.newest = math.nan
        self._first = math.nan
        self._count = 0
        self._own, self._heard = f'{namespace}/clock', ''
        for topic in dict.fromkeys((self._own, '/clock')):
            node.create_subscription(Clock, topic, partial(self._on_clock, topic), ANY)

    def facts(self) -> ClockFacts:
        """Return what came."""
        return ClockFacts(self._count, moves=self.newest > self._first)

    def _on_clock(self, topic: str, message: Clock) -> None:
        if self._heard == self._own != topic:
            return
        self.newest = seconds(message.clock)
        if self._heard != topic:
            self._heard, self._first, self._count = topic, self.newest, 0
        self._count += 1


class Listener:
    """Listens to one stamped topic.

    Args:
        node: The node that subscribes.
        clock: For the ages, where the policy follows simulated time.
        kind: Message type.
        topic: Full name.
        qos: Of the subscription.
    """

    def __init__(
        self, node: Node, clock: ClockListener, kind: type, topic: str, qos: QoSProfile
    ) -> None:
        self._node, self._clock = node, clock
        self._arrivals: list[float] = []
        self._ages: dict[bool, list[float]] = {False: [], True: []}
        self._started = time.monotonic()
        node.create_subscription(kind, topic, self._on_message, qos)

    def heard(self, simulated: bool) -> Heard:
        """Return what came, with ages on simulated or real time."""
        count, end = len(self._arrivals), time.monotonic()
        if not count:
            return Heard()
        rate = 1.0 / (end - self._started)
        if count > 1:  # the first one comes when publisher and subscription have met
            rate = (count - 1) / (end - self._arrivals[0])
        ages = [age for age in self._ages[simulated] if math.isfinite(age)]
        if not ages:
            return Heard(count, rate)
        return Heard(count, rate, min(ages), statistics.median(ages))

    def _on_message(self, message: Any) -> None:
        stamp = seconds(message.header.stamp)
        self._arrivals.append(time.monotonic())
        self._ages[False].append(now(self._node) - stamp)
        self._ages[True].append(self._clock.newest - stamp)


class CameraListener(Listener):
    """Listens to images and keeps the newest."""

    def __init__(
        self, node: Node, clock: ClockListener, kind: type[Image] | type[CompressedImage],
        topic: str,
    ) -> None:
        super().__init__(node, clock, kind, topic, FEW)
        self._newest: Image | CompressedImage | None = None

    def heard(self, simulated: bool) -> HeardCamera:
        """Return what came and how the newest image is."""
        base = super().heard(simulated)
        times = (base.count, base.rate, base.youngest, base.typical)
        if self._newest is None:
            return HeardCamera(*times)
        try:
            pixels = read_pixels(self._newest)
        except ImageError as error:
            return HeardCamera(*times, error=str(error))
        height, width = pixels.shape[:2]
        return HeardCamera(*times, size=(width, height), black=not pixels.any())

    def _on_message(self, message: Image | CompressedImage) -> None:
        super()._on_message(message)
        self._newest = message


class JointListener(Listener):
    """Listens to joint states and collects the names in them."""

    def __init__(self, node: Node, clock: ClockListener, topic: str) -> None:
        super().__init__(node, clock, JointState, topic, ANY)
        self._names: set[str] = set()

    def heard(self, simulated: bool) -> HeardJoints:
        """Return what came and which joints were in it."""
        base = super().heard(simulated)
        return HeardJoints(
            base.count, base.rate, base.youngest, base.typical, names=frozenset(self._names))

    def _on_message(self, message: JointState) -> None:
        super()._on_message(message)
        self._names.update(message.name)


class JoyListener(Listener):
    """Listens to a gamepad and counts its buttons."""

    def __init__(self, node: Node, clock: ClockListener, topic: str) -> None:
        super().__init__(node, clock, Joy, topic, ANY)
        self._buttons: list[int] = []

    def heard(self, simulated: bool) -> HeardJoy:
        """Return what came and how many buttons it had."""
        base = super().heard(simulated)
        return HeardJoy(
            base.count, base.rate, base.youngest, base.typical,
            buttons=min(self._buttons, default=0))

    def _on_message(self, message: Joy) -> None:
        super()._on_message(message)
        self._buttons.append(len(message.buttons))
