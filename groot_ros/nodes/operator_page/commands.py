"""What the page asks of the robot. Called by the server's thread, beside the executor."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

from rclpy.client import Client
from rclpy.lifecycle import LifecycleNode
from rclpy.task import Future as RosFuture
from std_msgs.msg import Bool
from std_srvs.srv import SetBool, Trigger

from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.qos import LATCHED
from groot_ros.operator_page import Answer
from groot_ros.srv import SetInstruction


class RobotCommands:
    """Asks the policy's nodes, as any other client does; only the stop waits for nobody.

    Args:
        node: The page's node.
        interfaces: What opens and closes with its configuration.
    """

    def __init__(self, node: LifecycleNode, interfaces: Interfaces) -> None:
        self._node = node
        # Latched, as of a device that holds its stop: a controller that starts anew hears it.
        self._stop = interfaces.publish_always(Bool, 'emergency_stop', LATCHED)
        self._instruct = self._client(interfaces, SetInstruction, 'set_instruction')
        self._pause = self._client(interfaces, SetBool, 'controller/pause')
        self._reset = self._client(interfaces, Trigger, 'controller/reset_emergency_stop')
        self.stop_sent: float | None = None
        """When, in monotonic time [s], if it was not reset here since."""

    def stop(self) -> Answer:
        """Publish the stop: from this thread, so that no callback can hold it up."""
        self.stop_sent = time.monotonic()
        self._stop.publish(Bool(data=True))
        listeners = self._stop.get_subscription_count()
        self._node.get_logger().error('emergency stop by the operator page')
        if listeners:
            return Answer(True, 'Emergency stop sent.')
        return Answer(False, f'Nobody hears {self._stop.topic_name}: is the controller running?')

    def instruct(self, text: str) -> Future[Answer]:
        """Put an instruction in force."""
        return self._ask(
            self._instruct, SetInstruction.Request(instruction=text), f'Told: {text}')

    def pause(self, paused: bool) -> Future[Answer]:
        """Bring the robot to rest, or let it go on."""
        return self._ask(self._pause, SetBool.Request(data=paused))

    def reset(self) -> Future[Answer]:
        """End the latch, and let go of the stop that this page may hold."""
        self.stop_sent = None
        self._stop.publish(Bool(data=False))
        return self._ask(self._reset, Trigger.Request())

    def _client(self, interfaces: Interfaces, kind: type, service: str) -> Client:
        client = self._node.create_client(kind, service)
        interfaces.on_close(lambda: self._node.destroy_client(client))
        return client

    def _ask(self, client: Client, request: Any, done: str = '') -> Future[Answer]:
        """Return what the service will answer; `done` is said where it says nothing itself."""
        answer: Future[Answer] = Future()
        if not client.service_is_ready():
            answer.set_result(Answer(
                False, f'Nobody offers {client.srv_name}: is its node running?'))
            return answer

        def pass_on(asked: RosFuture) -> None:
            if answer.set_running_or_notify_cancel():
                response = asked.result()
                answer.set_result(Answer(response.success, response.message or done))

        client.call_async(request).add_done_callback(pass_on)
        return answer
