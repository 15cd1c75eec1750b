"""A replay in the steps of the bag's own stamps: modes exact and fast."""

from __future__ import annotations

import numpy as np
import rclpy
from rclpy.executors import Executor
from rclpy.node import Node

from groot_ros.data.datasets.stamps import nanoseconds, stamp_of
from groot_ros.msg import StepDone
from groot_ros.nodes.perception.parameters import PerceptionParams
from groot_ros.nodes.replayer.capture import Capture
from groot_ros.nodes.replayer.errors import ReplayError
from groot_ros.nodes.replayer.policy import Policy
from groot_ros.nodes.replayer.sensors import ReplayedSensors
from groot_ros.nodes.shared.qos import EVERY
from groot_ros.nodes.shared.stepping import run_step_locked
from groot_ros.observation import Observed, StampedImage, Synchronizer
from groot_ros.replay.driving import Tick, ticks
from groot_ros.replay.recording import Recording
from groot_ros.simulation.step_lock import StepLock

FAR = 10**9
"""Ticks until the goal tokens of an image are waited for unless something asks for them."""
ROUNDING_NS = 1000
NO_PICTURE = np.zeros((1, 1, 3), np.uint8)


class SteppedReplay:
    """A recording in the place of the step-locked simulator: `shared.stepping.Stepped`.

    Attributes:
        capture: What the policy does.
        running: Whether there is a tick left.
        tick: Counts the ticks.

    Args:
        node: The replayer.
        executor: Spins it.
        recording: What is replayed.
        wait_for_vision: Let every tick wait for the goal tokens of the images before it; else
            only the next image waits, and goal tokens act when they come.
        patience: Longest wait for an answer of the policy [s].
    """

    def __init__(self, node: Node, executor: Executor, recording: Recording, *,
                 wait_for_vision: bool, patience: float) -> None:
        self.tick, self.running = 0, True
        self._node, self._executor, self._recording = node, executor, recording
        self._wait_for_vision, self._patience = wait_for_vision, patience
        self._lock = StepLock(FAR)
        self._now_ns = 0
        self._instructed = self._fresh_image = False
        self._sensors = ReplayedSensors(node, recording, patience)
        self.capture = Capture(
            node, recording, lambda: self._now_ns, self._lock.command_received)
        node.create_subscription(StepDone, 'step_done', self._on_step_done, EVERY)
        self._policy = Policy(node, executor, patience)
        self._keys = {recording.images[each.name]: each.video_key
                      for each in recording.robot.cameras}
        limits = PerceptionParams()
        self._perception = Synchronizer(
            list(self._keys.values()), recording.robot.joint_names,
            max_skew=limits.max_skew_s, max_age=limits.max_input_age_s)

    def run(self) -> None:
        """Play the whole bag.

        Raises:
            BagError: If it is damaged.
            ReplayError: If the policy does not answer.
        """
        self._policy.wait_until_active()
        self._policy.wait(self._sensors.are_heard, 'perception and controller to listen')
        self._policy.reset()
        self._ticks = ticks(self._recording)
        self.advance()
        run_step_locked(
            self, self._executor, self._lock, patience=self._patience,
            is_up=lambda: rclpy.ok() and self.running)

    def publish_tick(self) -> None:
        """Give the policy what the robot was told and sensed."""
        tick = self._next
        self._now_ns = tick.stamp_ns
        if tick.is_reset:
            self._policy.reset()
        if tick.instruction is not None:
            self._policy.instruct(tick.instruction)
            self._instructed = bool(tick.instruction)
        self._sensors.send_time(tick.stamp_ns)
        # Without an instruction nobody looks at images, so none can be waited for.
        for sensed in tick.others if self._instructed else ():
            self._sensors.send_and_wait(sensed)
        self._expect_tokens(tick)
        self._lock.tick_sent(tick.stamp_ns)
        self._sensors.send_joints(tick)

    def publish_idle(self) -> None:
        """Do nothing: a replay never pauses."""

    def advance(self) -> None:
        """Take the next tick of the bag."""
        self.tick += 1
        following: Tick | None = next(self._ticks, None)
        if following is None:
            self.running = False
            return
        self._next = following
        is_told = following.is_reset or following.instruction is not None
        if self._wait_for_vision or is_told or self._keys.keys() & {
                sensed.topic for sensed in following.others}:
            self._lock.require_tokens()

    def report_wait(self, what: str) -> None:
        """End a replay whose policy does not answer.

        Raises:
            ReplayError: Always.
        """
        raise ReplayError(
            f'waited {self._patience:.0f} s for {what} at {self._now_ns * 1e-9:.3f} s in vain: '
            'the log of perception, planner and controller may say why; were they started with '
            'step_locked:=true?')

    def _expect_tokens(self, tick: Tick) -> None:
        """Wait for goal tokens if perception will make an observation of what it gets."""
        for sensed in tick.others if self._instructed else ():
            if key := self._keys.get(sensed.topic):
                self._perception.on_image(key, StampedImage(NO_PICTURE, sensed.stamp_ns * 1e-9))
                self._fresh_image = True
        now = tick.stamp_ns * 1e-9
        self._perception.on_joints(
            self._recording.robot.joint_names, tick.positions.tolist(),
            tick.velocities.tolist(), now)
        observed = self._perception.observe(now) if self._fresh_image else None
        if isinstance(observed, Observed):
            self._fresh_image = False
            self._lock.image_sent(self.tick, round(observed.stamp * 1e9) - ROUNDING_NS)

    def _on_step_done(self, message: StepDone) -> None:
        self._lock.step_done(
            stamp_of(message), nanoseconds(message.tokens_stamp), message.commands)
