"""What every node's status message has in common."""

from collections.abc import Iterable

from rclpy.node import Node

from groot_ros.control import LimitCounters
from groot_ros.msg import PolicyStatus
from groot_ros.nodes.shared.inputs import InputMonitor
from groot_ros.nodes.shared.instruction import Assignment
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.nodes.shared.ticks import TickStatistics

STATUS_PERIOD_S = 0.1
WARNING_PERIOD_S = 5.0
REASONS = [
    'NONE', 'NO_IMAGE', 'STALE_IMAGE', 'BAD_IMAGE', 'NO_STATE', 'STALE_STATE', 'BAD_STATE',
    'SKEWED_INPUTS', 'NO_OBSERVATION', 'STALE_OBSERVATION', 'NO_INSTRUCTION', 'NO_TOKENS',
    'STALE_TOKENS', 'OLD_EPOCH', 'WRONG_CHECKPOINT', 'WRONG_EMBODIMENT', 'BAD_TOKENS', 'NO_CHUNK',
    'BAD_CHUNK', 'CHUNK_ENDED', 'PAUSED_BY_USER', 'CLOCK_JUMPED', 'SOLVER_FAILED',
    'BAD_OBSERVATION', 'EMERGENCY_STOP', 'DEADMAN_RELEASED', 'TRACKING_ERROR', 'DISAGREEMENT',
    'SOLVER_DEAD', 'DELAY_TOO_LONG', 'SERVER_UNREACHABLE', 'OUTPUT_REFUSED',
    'NO_DESCRIPTION', 'NO_TARGET', 'STALE_TARGET', 'BAD_TARGET', 'OUT_OF_REACH',
    'COMMANDED_ELSEWHERE']
"""Names of the reason constants of PolicyStatus."""
WISHED = ('NO_INSTRUCTION', 'PAUSED_BY_USER')
"""Reasons that somebody wants: no warnings."""
STATES = ['inactive', 'waiting', 'running', 'holding', 'paused', 'fault']
"""Names of the state constants of PolicyStatus, for people."""


def make_status(node: Node, state: int, reason: str, text: str) -> PolicyStatus:
    """Return a status of `node` stamped now.

    Args:
        node: The node that reports.
        state: A state constant of PolicyStatus.
        reason: Name of a reason constant of PolicyStatus.
        text: The reason for people.
    """
    message = PolicyStatus(node=node.get_name(), state=state, text=text)
    message.header.stamp = stamp_at(now(node))
    message.reason = REASONS.index(reason)
    return message


def report_inputs(message: PolicyStatus, monitors: Iterable[InputMonitor], time: float) -> None:
    """Write the age and rate of every input at `time` [s] into `message`."""
    message.inputs = [monitor.report(time) for monitor in monitors]


def report_assignment(message: PolicyStatus, assignment: Assignment) -> None:
    """Write the instruction in force into `message`."""
    message.instruction = assignment.text
    message.instruction_id = assignment.instruction_id
    message.epoch = assignment.epoch


def report_limits(message: PolicyStatus, counters: LimitCounters) -> None:
    """Write how often limits acted into `message`."""
    message.limited_positions = counters.positions
    message.limited_velocities = counters.velocities
    message.limited_accelerations = counters.accelerations
    message.limited_jerks = counters.jerks


def report_ticks(message: PolicyStatus, ticks: TickStatistics) -> None:
    """Write how punctual the ticks were into `message`."""
    message.ticks, message.missed_ticks = ticks.ticks, ticks.missed
    message.tick_lateness_p50 = ticks.lateness(0.5)
    message.tick_lateness_p99 = ticks.lateness(0.99)


class Complaints:
    """Warns of a reason when it appears and every few seconds while it lasts.

    What somebody wants is told once, without a warning.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._reason = 'NONE'
        self._warned = float('-inf')

    def tell(self, status: PolicyStatus) -> None:
        """Log the reason in `status` if it is new or was last logged long ago."""
        reason, text = REASONS[status.reason], status.text
        time = now(self._node)
        due = abs(time - self._warned) >= WARNING_PERIOD_S
        if reason == 'NONE':
            if self._reason != 'NONE':
                self._node.get_logger().info(f'{self._reason} is over')
        elif reason in WISHED:
            if reason != self._reason:
                self._node.get_logger().info(f'{reason}: {text}')
        elif reason != self._reason or due:
            self._node.get_logger().warning(f'{reason}: {text}')
            self._warned = time
        self._reason = reason
