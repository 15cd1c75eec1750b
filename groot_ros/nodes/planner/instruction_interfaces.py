"""Every way to tell the robot what to do: topic, service, parameter and action."""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.node import Node
from std_msgs.msg import String

from groot_ros.msg import Instruction
from groot_ros.nodes.messages.instructions import instruction_message
from groot_ros.nodes.planner.execute_instruction import InstructionGoals
from groot_ros.nodes.shared.instruction import Assignment, InstructionRegister
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.qos import LATCHED, NEWEST
from groot_ros.nodes.shared.stamps import now
from groot_ros.srv import SetInstruction

MILLION = 1_000_000


class InstructionInterfaces:
    """Keeps one instruction in force and tells everybody which.

    Everything is called from the node's default callback group, so one at a time.

    Attributes:
        goals: The action's goals.

    Args:
        node: The planner.
        on_new: Called whenever a new instruction is in force.
        token_rate: Returns the rate of goal tokens [Hz].
    """

    def __init__(
        self, node: Node, on_new: Callable[[], None], token_rate: Callable[[], float]
    ) -> None:
        self._node = node
        self._on_new = on_new
        self._register = InstructionRegister(first_epoch=time.time_ns() // MILLION)
        self.goals = InstructionGoals(
            node, self.assign, token_rate, self._on_emergency_stop)

    @property
    def current(self) -> Assignment:
        """The instruction in force."""
        return self._register.current

    def open(self, opened: Interfaces) -> None:
        """Open the topics, the service and the action."""
        self._announced = opened.publish_always(Instruction, 'current_instruction', LATCHED)
        opened.subscribe(String, 'instruction', self._on_topic, NEWEST)
        opened.serve(SetInstruction, 'set_instruction', self._on_service)
        self.goals.open(opened)

    def assign(self, text: str) -> Assignment:
        """Put an instruction in force and tell everybody."""
        assignment = self._register.assign(text)
        self.goals.supersede(assignment)
        self._announce()
        self._node.get_logger().info(
            f'instruction {assignment.instruction_id}: {assignment.text!r}')
        self._on_new()
        return assignment

    def renew(self) -> None:
        """Void every plan made so far; a goal, whose time cannot be told any more, fails."""
        self._register.renew()
        self._announce()
        self.goals.fail('the clock went backward')

    def _announce(self) -> None:
        """Publish the assignment in force."""
        self._announced.publish(instruction_message(self._register.current, now(self._node)))

    def _on_topic(self, message: String) -> None:
        """Take an instruction from the topic; repeating it changes nothing."""
        if message.data.strip() != self._register.current.text:
            self.assign(message.data)

    def _on_emergency_stop(self, epoch: int) -> None:
        """Drop the instruction that was stopped: a controller that starts anew must not go on."""
        current = self._register.current
        if current.text and epoch >= current.epoch:
            self.assign('')

    def _on_service(
        self, request: SetInstruction.Request, response: SetInstruction.Response
    ) -> SetInstruction.Response:
        """Take an instruction from the service; repeating it starts it anew."""
        assignment = self.assign(request.instruction)
        response.success = True
        response.instruction_id, response.epoch = assignment.instruction_id, assignment.epoch
        return response
