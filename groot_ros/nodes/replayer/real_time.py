"""A replay at the pace of the bag: mode realtime."""

from __future__ import annotations

import time

import rclpy
from rclpy.executors import Executor
from rclpy.node import Node

from groot_ros.nodes.replayer.capture import Capture
from groot_ros.nodes.replayer.policy import Policy
from groot_ros.nodes.replayer.sensors import SECOND, ReplayedSensors
from groot_ros.nodes.shared.stepping import spin_until
from groot_ros.replay.driving import received
from groot_ros.replay.recording import Recording


class RealTimeReplay:
    """Plays sensors when they were received and sets the clock at the control rate.

    Attributes:
        capture: What the policy does.

    Args:
        node: The replayer.
        executor: Spins it.
        recording: What is replayed.
        first_command: When the first one was recorded [s]: the ticks have its phase.
        patience: Longest wait for the policy to come up [s].
    """

    def __init__(self, node: Node, executor: Executor, recording: Recording, *,
                 first_command: float, patience: float) -> None:
        self._executor, self._recording = executor, recording
        self._sensors = ReplayedSensors(node, recording, patience)
        self.capture = Capture(node, recording, lambda: self._now_ns, lambda: None)
        self._policy = Policy(node, executor, patience)
        self._period = round(SECOND / recording.robot.rates.control_hz)
        self._phase = round(first_command * SECOND) % self._period
        self._instructions = list(reversed(recording.instructions))
        self._resets = list(reversed(recording.resets))
        self._bag_start = self._wall_start = 0

    @property
    def _now_ns(self) -> int:
        """The time of the bag [ns]."""
        return self._bag_start + time.monotonic_ns() - self._wall_start

    def run(self) -> None:
        """Play the whole bag.

        Raises:
            BagError: If it is damaged.
            ReplayError: If the policy does not come up.
        """
        self._policy.wait_until_active()
        self._policy.wait(self._sensors.are_heard, 'perception and controller to listen')
        self._policy.reset()
        tick = 0
        for received_ns, sensed in received(self._recording, self._sensors.topics):
            if not self._bag_start:
                self._start(received_ns)
                tick = received_ns - (received_ns - self._phase) % self._period
            while tick <= received_ns:
                self._wait_until(tick)
                self._sensors.send_time(tick)
                tick += self._period
            self._instruct(received_ns)
            self._wait_until(received_ns)
            self._sensors.send(sensed)

    def _start(self, stamp_ns: int) -> None:
        """Give the instruction in force at the start and let time run from there."""
        before = [each for each in self._instructions if each.stamp_ns <= stamp_ns]
        if before:
            self._policy.instruct(before[0].text)
            self._instructions = [
                each for each in self._instructions if each.stamp_ns > stamp_ns]
        self._bag_start, self._wall_start = stamp_ns, time.monotonic_ns()

    def _instruct(self, now_ns: int) -> None:
        """Let the controller forget, and tell the robot what to do, where that is due."""
        while self._resets and self._resets[-1] <= now_ns:
            self._resets.pop()
            self._policy.forget()
        while self._instructions and self._instructions[-1].stamp_ns <= now_ns:
            self._policy.tell(self._instructions.pop().text)

    def _wait_until(self, stamp_ns: int) -> None:
        """Serve callbacks until the bag's time is `stamp_ns` [ns]."""
        deadline = (self._wall_start + stamp_ns - self._bag_start) / SECOND
        spin_until(self._executor, lambda: False, deadline, rclpy.ok)
