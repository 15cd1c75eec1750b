"""Visualizer: draws the plan, the robot at its end, the words and what the cameras saw."""

from __future__ import annotations

import textwrap
import time

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from groot_ros.embodiment import load_embodiment
from groot_ros.msg import ActionChunk, GoalTokens, PolicyStatus
from groot_ros.nodes.shared.lifecycle import run
from groot_ros.nodes.shared.parameters import declare_parameters, follow_parameters
from groot_ros.nodes.shared.policy_node import PolicyNode, logged
from groot_ros.nodes.shared.qos import EVERY, LATCHED, NEWEST, sensor_qos
from groot_ros.nodes.shared.stamps import now, seconds, stamp_at
from groot_ros.nodes.shared.status import REASONS, STATES
from groot_ros.nodes.visualizer.attention import SeenParts
from groot_ros.nodes.visualizer.drawing import Drawing
from groot_ros.nodes.visualizer.overlays import CameraOverlay
from groot_ros.nodes.visualizer.parameters import VisualizerParams
from groot_ros.visualization import VisualizationError
from groot_ros.visualization.overlay import LINE_LENGTH

LIFETIME_S = 2.0
SILENCE_S = 2.0
"""From then on what the controller said last is not what it does."""


class VisualizerNode(PolicyNode):
    """Draws for those who look; what nobody subscribes to is not drawn."""

    def __init__(self) -> None:
        super().__init__('visualizer')
        self._params = declare_parameters(self, VisualizerParams)
        follow_parameters(self, self._params, self._on_parameters)

    @logged
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to the robot, its policy and its cameras."""
        try:
            self._embodiment = load_embodiment(self._params.embodiment)
        except (OSError, ValueError) as error:
            self.get_logger().fatal(str(error))
            return TransitionCallbackReturn.FAILURE
        self._drawing: Drawing | None = None
        self._state: PolicyStatus | None = None
        self._state_arrival = 0.0
        self._tokens: GoalTokens | None = None
        self._open()
        return super().on_configure(state)

    def _open(self) -> None:
        robot, sensor = self._embodiment, sensor_qos(step_locked=False)
        subscribe = self._interfaces.subscribe
        self._markers = self._interfaces.publish(MarkerArray, '~/markers', NEWEST)
        self._frames = self._interfaces.publish_always(TFMessage, 'tf_static', LATCHED)
        parts = SeenParts(self._params.checkpoint, robot.model.embodiment_tag)
        self._overlays = [
            CameraOverlay(self, self._interfaces, number, camera, parts)
            for number, camera in enumerate(robot.cameras)]
        subscribe(String, 'robot_description', self._on_description, LATCHED)
        subscribe(JointState, robot.joint_state_topic, self._on_joints, sensor)
        subscribe(ActionChunk, 'action_chunk', self._on_chunk, EVERY)
        subscribe(GoalTokens, 'goal_tokens', self._on_tokens, NEWEST)
        subscribe(PolicyStatus, 'controller/status', self._on_status, NEWEST)
        self._interfaces.repeat(1.0 / self._params.rate_hz, self._draw)

    def _on_parameters(self, params: VisualizerParams, _: frozenset[str]) -> None:
        self._params = params

    def _on_description(self, message: String) -> None:
        try:
            self._drawing = Drawing(message.data, self._embodiment)
        except VisualizationError as error:
            self.get_logger().error(f'no plan can be drawn: {error}')
            return
        self._frames.publish(TFMessage(transforms=[self._drawing.floor(stamp_at(now(self)))]))

    def _on_joints(self, message: JointState) -> None:
        if self._drawing is not None:
            self._drawing.take_joints(message)

    def _on_chunk(self, message: ActionChunk) -> None:
        if self._drawing is None or not _watched(self._markers):
            return
        try:
            self._drawing.take_chunk(message)
        except VisualizationError as error:
            self.get_logger().error(str(error), throttle_duration_sec=5.0)

    def _on_tokens(self, message: GoalTokens) -> None:
        self._tokens = message

    def _on_status(self, message: PolicyStatus) -> None:
        self._state, self._state_arrival = message, time.monotonic()

    def _draw(self) -> None:
        """Send what is looked at."""
        lines = self._lines()
        if self._drawing is not None and _watched(self._markers):
            self._markers.publish(MarkerArray(markers=self._drawing.markers(
                now(self), '\n'.join(lines), height=self._params.text_height_m,
                ghost=self._params.ghost, lifetime=LIFETIME_S)))
        planned_by = self._tokens.checkpoint if self._tokens is not None else ''
        for overlay in self._overlays:
            overlay.show(lines, attention=self._params.attention, planned_by=planned_by)

    def _lines(self) -> list[str]:
        """Return instruction, state with its reason, and the age of the goal tokens."""
        status = self._state
        if status is None:
            return ['the controller was never heard']
        silence = time.monotonic() - self._state_arrival
        if silence > SILENCE_S:
            return [f'the controller is silent for {silence:.0f} s']
        state = STATES[status.state]
        if status.reason:
            state += f': {REASONS[status.reason]}'
        if self._tokens is not None:
            age = now(self) - seconds(self._tokens.header.stamp)
            state += f'   tokens {1e3 * age:.0f} ms old'
        return [
            *textwrap.wrap(f'"{status.instruction}"', LINE_LENGTH), state,
            *textwrap.wrap(status.text, LINE_LENGTH)]


def _watched(publisher: Publisher) -> bool:
    return publisher.get_subscription_count() > 0


def main() -> int:
    """Draw until interrupted."""
    return run(VisualizerNode)
