"""What the policy does in a replay, with the time of the bag."""

from __future__ import annotations

import array
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from rclpy.node import Node
from rosbags.typesys import Stores, get_typestore
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from groot_ros.data.bags import Recorded
from groot_ros.msg import ActionChunk, GoalTokens
from groot_ros.nodes.shared.qos import EVERY
from groot_ros.nodes.shared.type_names import type_name
from groot_ros.replay.recording import Recording

COMMANDS = {'joint_trajectory': JointTrajectory, 'float64_multi_array': Float64MultiArray}


class Sent(NamedTuple):
    """A command as it was sent.

    Attributes:
        topic: Absolute name.
        stamp_ns: Time of the bag [ns].
        kind: Message type.
        cdr: The serialized message.
    """

    topic: str
    stamp_ns: int
    kind: str
    cdr: bytes


class Capture:
    """Subscriptions to commands, and to what they come from.

    Attributes:
        commands: Those that came so far.
        fingerprint: Of the policy that makes the commands; empty before the first goal tokens.

    Args:
        node: The replayer.
        recording: Names the topics.
        now_ns: Returns the time of the bag [ns].
        on_command: Called for every command.
    """

    def __init__(self, node: Node, recording: Recording, now_ns: Callable[[], int],
                 on_command: Callable[[], None]) -> None:
        self.commands: list[Sent] = []
        self.fingerprint = ''
        self._origins: list[Recorded] = []
        self._now_ns, self._on_command = now_ns, on_command
        for output in recording.robot.outputs:
            topic, kind = recording.topic(output.topic), COMMANDS[output.interface]
            node.create_subscription(
                kind, output.topic, partial(self._take, topic, type_name(kind)), EVERY, raw=True)
        for name, kind in (('goal_tokens', GoalTokens), ('action_chunk', ActionChunk)):
            topic = recording.topic(name)
            node.create_subscription(kind, name, partial(self._note, topic), EVERY)

    def messages(self) -> list[Recorded]:
        """Return commands, goal tokens and chunks, each kind in the order in which it came."""
        store = get_typestore(Stores.ROS2_JAZZY)
        return [*(Recorded(each.topic, each.stamp_ns, store.deserialize_cdr(each.cdr, each.kind))
                  for each in self.commands), *self._origins]

    def _take(self, topic: str, kind: str, cdr: bytes) -> None:
        self.commands.append(Sent(topic, self._now_ns(), kind, cdr))
        self._on_command()

    def _note(self, topic: str, message: GoalTokens | ActionChunk) -> None:
        self.fingerprint = message.checkpoint
        if isinstance(message, GoalTokens):
            message.data = array.array('B')  # only where they come from is asked
        self._origins.append(Recorded(topic, self._now_ns(), message))
