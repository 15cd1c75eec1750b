"""The robot as the page's server sees it."""

from __future__ import annotations

import time
from concurrent.futures import Future

from rclpy.lifecycle import LifecycleNode

from groot_ros.embodiment import Embodiment
from groot_ros.nodes.operator_page.cameras import CameraFeed
from groot_ros.nodes.operator_page.commands import RobotCommands
from groot_ros.nodes.operator_page.watch import CONTROLLER, PolicyWatch
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.operator_page import Answer, Picture, RobotView

FOLLOW_PERIOD_S = 0.3
RESET_FIRST = 'An emergency stop is latched: reset it first, then send the instruction.'


class OperatedRobot:
    """What the server may see and ask; called by its thread.

    Args:
        node: The page's node.
        interfaces: What opens and closes with its configuration.
        embodiment: Of the robot.
    """

    def __init__(
        self, node: LifecycleNode, interfaces: Interfaces, embodiment: Embodiment
    ) -> None:
        self._name = node.get_namespace().strip('/') or embodiment.tag
        self._watch = PolicyWatch(interfaces)
        self._commands = RobotCommands(node, interfaces)
        self._cameras = [
            CameraFeed(node, camera, number) for number, camera in enumerate(embodiment.cameras)]
        self._camera_names = tuple(camera.name for camera in embodiment.cameras)
        for camera in self._cameras:
            interfaces.on_close(camera.close)
            interfaces.repeat(FOLLOW_PERIOD_S, camera.follow)

    def view(self) -> RobotView:
        """Return how it is now."""
        watch = self._watch
        return RobotView(
            self._name, watch.lost(), watch.controller.instruction, watch.stopped, watch.latched,
            self._unconfirmed(), watch.view(CONTROLLER), watch.views(), self._camera_names)

    def stop(self) -> Answer:
        """Call an emergency stop."""
        return self._commands.stop()

    def instruct(self, text: str) -> Future[Answer]:
        """Tell it what to do, unless it could not do it."""
        if not self._watch.latched:
            return self._commands.instruct(text)
        refused: Future[Answer] = Future()
        refused.set_result(Answer(False, RESET_FIRST))
        return refused

    def pause(self) -> Future[Answer]:
        """Let it rest."""
        return self._commands.pause(True)

    def resume(self) -> Future[Answer]:
        """Let it go on after a pause."""
        return self._commands.pause(False)

    def reset(self) -> Future[Answer]:
        """End the latch of an emergency stop."""
        return self._commands.reset()

    def picture(self, camera: int, known: int) -> Picture | None:
        """Return the newest picture of a camera if its number is not `known`."""
        return self._cameras[camera].picture(known)

    def _unconfirmed(self) -> float | None:
        """Return the time since a stop that the controller did not confirm [s], if any."""
        sent = self._commands.stop_sent
        if sent is None or self._watch.stopped_since(sent):
            return None
        return time.monotonic() - sent
