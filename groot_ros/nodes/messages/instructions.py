"""The instruction in force as a message."""

from __future__ import annotations

from groot_ros.msg import Instruction
from groot_ros.nodes.shared.instruction import Assignment
from groot_ros.nodes.shared.stamps import stamp_at


def instruction_message(assignment: Assignment, time: float) -> Instruction:
    """Return the message of an assignment announced at `time` [s]."""
    message = Instruction(
        text=assignment.text, instruction_id=assignment.instruction_id, epoch=assignment.epoch)
    message.header.stamp = stamp_at(time)
    return message
