"""The teleoperator's status message."""

from __future__ import annotations

from collections.abc import Iterable

from rclpy.node import Node

from groot_ros.control import HoldReason
from groot_ros.msg import PolicyStatus
from groot_ros.nodes.shared.inputs import InputMonitor
from groot_ros.nodes.shared.instruction import Assignment
from groot_ros.nodes.shared.stamps import now
from groot_ros.nodes.shared.status import (
    make_status,
    report_assignment,
    report_inputs,
    report_limits,
    report_ticks,
)
from groot_ros.nodes.shared.ticks import TickStatistics
from groot_ros.teleoperation.session import Session


def teleoperator_status(
    node: Node, session: Session, ticks: TickStatistics | None,
    inputs: Iterable[InputMonitor], assignment: Assignment,
) -> PolicyStatus:
    """Return what the teleoperator does and why, now.

    Args:
        node: The teleoperator.
        session: What it runs.
        ticks: Of the ticks; None while it is not active.
        inputs: What it receives.
        assignment: The instruction in force.
    """
    time = now(node)
    hold = session.hold(time)
    told = hold or session.short_of()
    reason, text = (told.reason.name, told.text) if told else ('NONE', '')
    if ticks is None:
        state = PolicyStatus.INACTIVE
    elif hold is None:
        state = PolicyStatus.RUNNING
    elif hold.reason is HoldReason.EMERGENCY_STOP:
        state = PolicyStatus.FAULT
    else:
        state = PolicyStatus.HOLDING if session.stops else PolicyStatus.WAITING
    message = make_status(node, state, reason, text)
    report_assignment(message, assignment)
    report_inputs(message, inputs, time)
    report_limits(message, session.limits.counters)
    message.refused, message.stops = session.refused, session.stops
    if ticks is not None:
        report_ticks(message, ticks)
    return message
