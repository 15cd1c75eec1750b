"""The controller's status message."""

from collections.abc import Iterable

from rclpy.node import Node

from groot_ros.control import HoldReason
from groot_ros.msg import PolicyStatus
from groot_ros.nodes.controller.control_cycle import ControlCycle
from groot_ros.nodes.shared.inputs import InputMonitor
from groot_ros.nodes.shared.stamps import now
from groot_ros.nodes.shared.status import (
    make_status,
    report_assignment,
    report_inputs,
    report_limits,
    report_ticks,
)
from groot_ros.nodes.shared.ticks import TickStatistics


def controller_status(
    node: Node, cycle: ControlCycle, ticks: TickStatistics | None, inputs: Iterable[InputMonitor]
) -> PolicyStatus:
    """Return what the controller does and why, now.

    Args:
        node: The controller.
        cycle: What it runs.
        ticks: Of the ticks; None while it is not active.
        inputs: What it receives.
    """
    time = now(node)
    hold = cycle.hold(time)
    reason, text = (hold.reason.name, hold.text) if hold else ('NONE', '')
    message = make_status(node, _state(cycle, reason, active=ticks is not None), reason, text)
    if cycle.assignment is not None:
        report_assignment(message, cycle.assignment)
    report_inputs(message, inputs, time)
    message.solve_rate = cycle.replanning.solves.rate(time)
    message.solve_time = cycle.replanning.solve_times.quantile(0.5)
    message.latency = cycle.latencies.quantile(0.5)
    message.output_rate = cycle.commands.rate(time)
    message.delay_ticks = float(cycle.delay_ticks)
    message.seams, message.refused = cycle.seams, cycle.refused
    message.stops = cycle.stops
    report_limits(message, cycle.limits)
    if ticks is not None:
        report_ticks(message, ticks)
    return message


def _state(cycle: ControlCycle, reason: str, *, active: bool) -> int:
    if not active:
        return PolicyStatus.INACTIVE
    if reason == HoldReason.EMERGENCY_STOP.name:
        return PolicyStatus.FAULT
    if reason == 'NONE':
        return PolicyStatus.RUNNING
    if reason == HoldReason.PAUSED_BY_USER.name:
        return PolicyStatus.PAUSED
    return PolicyStatus.HOLDING if cycle.engaged else PolicyStatus.WAITING
