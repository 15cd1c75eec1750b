"""What a step-locked simulator waits for."""

from __future__ import annotations

from builtin_interfaces.msg import Time

from groot_ros.msg import StepDone
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.qos import EVERY


class StepReport:
    """Tells a waiting simulator which tick is done and which goal tokens are here.

    Args:
        interfaces: Of the controller.
    """

    def __init__(self, interfaces: Interfaces) -> None:
        self._publisher = interfaces.publish(StepDone, 'step_done', EVERY)
        self._ticked, self._held = Time(), Time()

    def tick_done(self, stamp: Time, commands: int) -> None:
        """Report the tick of joint states and the messages sent in it."""
        self._ticked = stamp
        self._publish(commands)

    def tokens_held(self, stamp: Time) -> None:
        """Report goal tokens of images captured at `stamp`."""
        self._held = stamp
        self._publish(0)

    def forget(self) -> None:
        """Hold no goal tokens."""
        self._held = Time()

    def _publish(self, commands: int) -> None:
        message = StepDone(tokens_stamp=self._held, commands=commands)
        message.header.stamp = self._ticked
        self._publisher.publish(message)
