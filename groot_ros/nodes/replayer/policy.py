"""The policy under test, as the replayer handles it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import rclpy
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.client import Client
from rclpy.executors import Executor
from rclpy.node import Node
from std_srvs.srv import Trigger

from groot_ros.msg import PolicyStatus
from groot_ros.nodes.replayer.errors import ReplayError
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.question import Question
from groot_ros.nodes.shared.stepping import spin_until
from groot_ros.srv import SetInstruction

START_PATIENCE_S = 900.0
"""A released checkpoint takes minutes to load."""
NODES = ('perception', 'planner', 'controller')
SPIN_S = 0.1
"""A condition that hangs on time is looked at so often, whether messages come or not [s]."""


class Policy:
    """Perception, planner and controller, seen from outside.

    Make it after every other publisher and subscription of the node: endpoints become known in
    the order in which they are made, so who answers one of these services knows all the others.

    Args:
        node: The replayer.
        executor: Spins it.
        patience: Longest wait for anything [s].
    """

    def __init__(self, node: Node, executor: Executor, patience: float) -> None:
        self._executor, self._patience = executor, patience
        self._epoch = -1
        node.create_subscription(PolicyStatus, 'controller/status', self._on_status, NEWEST)
        self._states = {
            name: node.create_client(GetState, f'{name}/get_state') for name in NODES}
        self._reset = node.create_client(Trigger, 'controller/reset')
        self._instruct = node.create_client(SetInstruction, 'set_instruction')

    def wait_until_active(self) -> None:
        """Wait for all three nodes.

        Raises:
            ReplayError: If they do not come up.
        """
        for name, client in self._states.items():
            self.wait(client.service_is_ready, f'the node {name}', START_PATIENCE_S)
            state = State.PRIMARY_STATE_UNKNOWN
            while state != State.PRIMARY_STATE_ACTIVE:
                answer = self._call(client, GetState.Request(), START_PATIENCE_S)
                state = answer.current_state.id

    def reset(self) -> None:
        """Let the controller forget everything; its noise starts anew."""
        self._call(self._reset, Trigger.Request())

    def instruct(self, text: str) -> None:
        """Put an instruction in force and wait until the controller follows it."""
        epoch = self._call(self._instruct, SetInstruction.Request(instruction=text)).epoch
        self.wait(lambda: self._epoch >= epoch, 'the controller to follow the instruction')

    def forget(self) -> None:
        """Let the controller forget everything and go on at once."""
        self._reset.call_async(Trigger.Request())

    def tell(self, text: str) -> None:
        """Give an instruction and go on at once."""
        self._instruct.call_async(SetInstruction.Request(instruction=text))

    def wait(self, condition: Callable[[], bool], what: str, patience: float = 0.0) -> None:
        """Serve callbacks until a condition holds.

        Args:
            condition: Asked again and again.
            what: Is waited for.
            patience: How long [s]; 0 takes that of the replayer.

        Raises:
            ReplayError: If it does not in time.
        """
        patience = patience or self._patience
        deadline = time.monotonic() + patience
        while not condition() and rclpy.ok() and time.monotonic() < deadline:
            spin_until(self._executor, condition, time.monotonic() + SPIN_S, rclpy.ok)
        if not condition():
            raise ReplayError(f'waited {patience:.0f} s for {what} in vain')

    def _call(self, client: Client, request: Any, patience: float = 0.0) -> Any:
        self.wait(client.service_is_ready, f'the service {client.srv_name}', patience)
        question = Question(client, request)
        self.wait(question.is_answered, f'an answer of {client.srv_name}', patience)
        return question.answer

    def _on_status(self, message: PolicyStatus) -> None:
        self._epoch = message.epoch
