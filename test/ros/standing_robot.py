"""A robot that stands where it is, and its planner, for tests of the controller."""

from __future__ import annotations

from typing import Any

import numpy as np
from conftest import Graph
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import JointState
from small_system1 import EMBODIMENT
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from groot_ros.model.policy import GoalTokens as Tokens
from groot_ros.msg import ActionChunk, GoalTokens, PolicyStatus
from groot_ros.nodes.messages.goal_tokens import write_tokens
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at

JOINT_STATE_HZ = 100.0
MOVE = 0.2
"""What the goal tokens below ask every joint to move by [rad]."""


class StandingRobot:
    """Reports its pose; the tests act as its planner."""

    def __init__(self, graph: Graph, controller: LifecycleNode) -> None:
        self.graph = graph
        self.controller = controller
        self.positions = EMBODIMENT.home.copy()
        self.reporting = True
        self.epoch = 1
        self._sequence = 0
        self._send_state = graph.speak(JointState, 'joint_states', 10)
        self._send_tokens = graph.speak(GoalTokens, 'goal_tokens', NEWEST)
        self.status = graph.listen(PolicyStatus, 'controller/status', NEWEST)
        self.trajectories = graph.listen(JointTrajectory, EMBODIMENT.outputs[0].topic, 100)
        self.streams = graph.listen(Float64MultiArray, EMBODIMENT.outputs[2].topic, 100)
        self.chunks = graph.listen(ActionChunk, 'action_chunk', 100)
        graph.peer.create_timer(1.0 / JOINT_STATE_HZ, self._report)

    def send_tokens(self, **changed: Any) -> None:
        """Send goal tokens captured now."""
        self._sequence += 1
        message = GoalTokens(
            checkpoint='small', embodiment='unitree_g1', epoch=self.epoch,
            sequence=self._sequence)
        message.header.stamp = stamp_at(now(self.graph.peer))
        features = np.full((1, 1), MOVE, np.float32)
        write_tokens(
            message, Tokens(features, np.ones(1, bool), np.ones(1, bool)), 'float32')
        for name, value in changed.items():
            setattr(message, name, value)
        self._send_tokens(message)

    def run(self) -> PolicyStatus:
        """Send goal tokens until the controller plays a plan: late ones are stale."""
        def running() -> bool:
            if self.status and self.status[-1].state == PolicyStatus.RUNNING:
                return True
            self.send_tokens()
            return False

        self.graph.wait_until(running, 'the controller does not run')
        return self.status[-1]

    def wait_for(self, state: int, reason: int | None = None) -> PolicyStatus:
        """Wait until the controller reports a state, and a reason if one is given."""
        def reported() -> bool:
            return bool(self.status) and self.status[-1].state == state and (
                reason is None or self.status[-1].reason == reason)

        def seen() -> str:
            newest = self.status[-1] if self.status else None
            return f'state {state}, reason {reason} not reported, newest is {newest}'

        self.graph.wait_until(reported, seen)
        return self.status[-1]

    def _report(self) -> None:
        if not self.reporting:
            return
        message = JointState(
            name=list(reversed(EMBODIMENT.joint_names)),
            position=list(reversed(self.positions.tolist())))
        message.header.stamp = stamp_at(now(self.graph.peer))
        self._send_state(message)
