"""Viewer: forwards what the graph says to those who speak Foxglove's protocol."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray

from groot_ros.data.bags import MessageTypes
from groot_ros.embodiment import Embodiment, load_embodiment
from groot_ros.msg import GoalTokens, Observation, RecordingStatus, StepDone
from groot_ros.nodes.recorder.topics import RecordedTopic, recorded_topics
from groot_ros.nodes.shared.lifecycle import run
from groot_ros.nodes.shared.parameters import declare_parameters
from groot_ros.nodes.shared.policy_node import PolicyNode, logged
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.static_frames import STATIC_FRAMES, StaticFrames
from groot_ros.nodes.shared.type_names import type_name
from groot_ros.nodes.viewer.assets import Assets, viewed_message
from groot_ros.nodes.viewer.parameters import ViewerParams

if TYPE_CHECKING:  # an optional package
    from foxglove import Channel

    from groot_ros.nodes.viewer.server import ViewServer

UNSEEN = (GoalTokens, Observation, StepDone)
"""Nothing that a viewer could draw."""


class ViewerNode(PolicyNode):
    """A server of the topics below; viewers cannot publish, call or set anything."""

    def __init__(self) -> None:
        super().__init__('viewer')
        self._params = declare_parameters(self, ViewerParams)

    @logged
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Listen for viewers and subscribe to what they may see."""
        try:
            robot = load_embodiment(self._params.embodiment)
            self._last: dict[str, bytes] = {}
            self._channels: dict[str, Channel] = {}
            self._server = self._serve()
        except (OSError, ValueError, RuntimeError) as error:
            self.get_logger().fatal(str(error))
            return TransitionCallbackReturn.FAILURE
        types = MessageTypes()
        self._static_frames = StaticFrames()
        for topic in viewed_topics(robot):
            self._channels[viewed_name(topic.name)] = self._open_channel(topic, types)
        self.get_logger().info(f'viewers connect to ws://{self._params.host}:{self.port}')
        return super().on_configure(state)

    @property
    def port(self) -> int:
        """TCP port that viewers connect to."""
        return self._server.port

    def _serve(self) -> ViewServer:
        """Return a server for the address in the parameters.

        Raises:
            RuntimeError: If it cannot be had; says why.
        """
        try:
            from groot_ros.nodes.viewer.server import ViewServer
        except ImportError:
            raise RuntimeError('the viewer needs the Python package foxglove-sdk: '
                               'pip install foxglove-sdk') from None
        self._assets = Assets()
        server = ViewServer(
            self.get_fully_qualified_name(), self._params.host, self._params.port,
            self._assets.read, self._send_again)
        self._interfaces.on_close(server.close)
        return server

    def _send_again(self, topic: str) -> None:
        """Send what a late viewer of a topic would miss."""
        if (cdr := self._last.get(topic)) is not None:
            self._channels[topic].log(cdr, log_time=self.get_clock().now().nanoseconds)

    def _open_channel(self, topic: RecordedTopic, types: MessageTypes) -> Channel:
        kind = type_name(topic.kind)
        types.learn(kind)
        definition, _ = types.store.generate_msgdef(kind, ros_version=2)
        channel = self._server.open_channel(viewed_name(topic.name), kind, definition)
        self._interfaces.on_close(channel.close)
        self._interfaces.subscribe(
            topic.kind, topic.name, partial(self._forward, topic, channel), topic.qos, raw=True)
        return channel

    def _forward(self, topic: RecordedTopic, channel: Channel, cdr: bytes) -> None:
        if topic.kind is String and topic.name == 'robot_description':
            self._assets.allow(cdr.decode(errors='replace'))
        if topic.qos is STATIC_FRAMES:
            cdr = self._static_frames.merge(cdr)
        latched = topic.qos.durability == DurabilityPolicy.TRANSIENT_LOCAL
        if not (latched or channel.has_sinks()):
            return
        cdr = viewed_message(topic.kind, cdr)
        if latched:
            self._last[viewed_name(topic.name)] = cdr
        channel.log(cdr, log_time=self.get_clock().now().nanoseconds)


def viewed_topics(robot: Embodiment) -> list[RecordedTopic]:
    """Return everything that viewers may see."""
    recorded = [each for each in recorded_topics(robot) if each.kind not in UNSEEN]
    overlays = [
        RecordedTopic(f'visualizer/overlay_{number}', Image, NEWEST)
        for number in range(len(robot.cameras))]
    return [
        *recorded, RecordedTopic('recorder/status', RecordingStatus, NEWEST),
        RecordedTopic('visualizer/markers', MarkerArray, NEWEST), *overlays]


def viewed_name(topic: str) -> str:
    """Return what viewers know a topic as: without the namespace, so that one layout fits all."""
    return f'/{topic.removeprefix("/")}'


def main() -> int:
    """Serve viewers until interrupted."""
    return run(ViewerNode)
