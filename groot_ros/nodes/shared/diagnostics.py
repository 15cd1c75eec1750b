"""A node's status message as /diagnostics, for rqt_robot_monitor and aggregators."""

from __future__ import annotations

import time
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_updater import DiagnosticStatusWrapper as Status
from diagnostic_updater import Updater
from rclpy.node import Node

from groot_ros.diagnosis.nodes import PASSING
from groot_ros.msg import InputStatus, PolicyStatus
from groot_ros.nodes.shared.delivery import DeliveryMonitor
from groot_ros.nodes.shared.status import REASONS

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR, DiagnosticStatus.STALE)
SLOW = 0.5
"""Part of the wanted rate below which something is called slow."""
MISSED = 0.02
"""Part of the newest ticks that may be missed."""
ABSENT = ('NO_IMAGE', 'STALE_IMAGE', 'NO_STATE', 'STALE_STATE', 'NO_OBSERVATION',
          'STALE_OBSERVATION', 'NO_TOKENS', 'STALE_TOKENS', 'NO_DESCRIPTION', 'NO_TARGET',
          'STALE_TARGET')
"""Reasons that are about something that does not come."""
WAITED_FOR = (*PASSING, 'NO_INSTRUCTION', 'PAUSED_BY_USER', 'OUT_OF_REACH')
"""Reasons that are no fault."""
COUNTERS = ('seams', 'stops', 'limited_positions', 'limited_velocities', 'limited_accelerations',
            'limited_jerks')


class Diagnostics:
    """Publishes what the status says, once a second.

    Args:
        node: The node, with its parameter `embodiment` declared.
        delivery: Of its subscriptions.
        ticking: Whether it has ticks, limits and seams.
    """

    def __init__(
        self, node: Node, delivery: DeliveryMonitor, *, ticking: bool = False
    ) -> None:
        self._delivery = delivery
        self._message = PolicyStatus()
        self._ticks, self._missed = 0, 0  # at the time of the report before
        self._due = float('-inf')
        self._updater = Updater(node)
        # Its timer follows the node's clock, which may stand still: that is when one looks here.
        node.destroy_timer(self._updater.timer)
        self._updater.node_name = node.get_fully_qualified_name().lstrip('/')
        robot = Path(str(node.get_parameter('embodiment').value)).stem
        self._updater.setHardwareID(f'{node.get_namespace()}/{robot}'.lstrip('/'))
        self._updater.add('policy', self._report_policy)
        self._updater.add('inputs', self._report_inputs)
        self._updater.add('delivery', self._report_delivery)
        self._updater.add('output', self._report_output)
        if ticking:
            self._updater.add('ticks', self._report_ticks)
            self._updater.add('motion', self._report_motion)

    def publish(self, message: PolicyStatus) -> None:
        """Publish `message`, the newest status, if it is time to."""
        self._message = message
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + self._updater.period
            self._updater.update()

    def _report_policy(self, status: Status) -> Status:
        """What the node does, and why not more."""
        message = self._message
        status.summary(*_judge(message))
        status.add('instruction', message.instruction)
        status.add('instruction id', str(message.instruction_id))
        status.add('epoch', str(message.epoch))
        return status

    def _report_inputs(self, status: Status) -> Status:
        """Rates wanted and had, and ages."""
        status.summary(OK, 'everything comes')
        for each in self._message.inputs:
            problem = _problem(each)
            if problem:
                status.mergeSummary(*problem)
            status.add(f'{each.name} rate [Hz]', _rates(each.rate, each.wanted_rate))
            status.add(f'{each.name} age [s]', f'{each.age:.3f}' if each.age >= 0.0 else 'never')
        return status

    def _report_delivery(self, status: Status) -> Status:
        """Publishers whose QoS keeps their messages away."""
        problems = self._delivery.problems()
        status.summary(ERROR if problems else OK, '; '.join(problems) or 'all QoS fit')
        return status

    def _report_output(self, status: Status) -> Status:
        """What is sent, how often and how long after the image."""
        message = self._message
        rates = _rates(message.output_rate, message.wanted_output_rate)
        slow = (message.state == PolicyStatus.RUNNING
                and message.output_rate < SLOW * message.wanted_output_rate)
        status.summary(WARN if slow else OK, f'sends {rates} Hz')
        status.add('rate [Hz]', rates)
        status.add('computed [Hz]', f'{message.solve_rate:.1f}')
        status.add('computing takes [ms]', f'{1e3 * message.solve_time:.1f}')
        status.add('from image stamp to output [ms]', f'{1e3 * message.latency:.1f}')
        status.add('refused messages', str(message.refused))
        return status

    def _report_ticks(self, status: Status) -> Status:
        """Whether the ticks are in time; counts begin anew when the node is activated again."""
        message = self._message
        again = message.ticks < self._ticks
        ticks = message.ticks - (0 if again else self._ticks)
        missed = message.missed_ticks - (0 if again else self._missed)
        self._ticks, self._missed = message.ticks, message.missed_ticks
        status.summary(
            WARN if missed > MISSED * ticks else OK, f'{missed} of the newest {ticks} missed')
        status.add('ticks', str(message.ticks))
        status.add('missed', str(message.missed_ticks))
        status.add('lateness p50 [ms]', f'{1e3 * message.tick_lateness_p50:.3f}')
        status.add('lateness p99 [ms]', f'{1e3 * message.tick_lateness_p99:.3f}')
        return status

    def _report_motion(self, status: Status) -> Status:
        """Seams between chunks, and ticks in which a limit acted."""
        message = self._message
        status.summary(OK, f'{message.seams} seams, {message.stops} stops')
        for name in COUNTERS:
            status.add(name.replace('_', ' '), str(getattr(message, name)))
        status.add('delay of chunks [ticks]', f'{message.delay_ticks:.1f}')
        return status


def _judge(message: PolicyStatus) -> tuple[bytes, str]:
    """Return level and text of what a node does."""
    reason = REASONS[message.reason]
    if message.state == PolicyStatus.INACTIVE:
        return WARN, 'not active: ros2 lifecycle set it to configure, activate'
    if reason == 'NONE':
        return OK, 'running'
    level = STALE if reason in ABSENT else WARN if reason in WAITED_FOR else ERROR
    return level, f'{reason}: {message.text}'


def _problem(each: InputStatus) -> tuple[bytes, str] | None:
    """Return level and text of what is wrong with one input."""
    if each.rate == 0.0:
        return STALE, f'{each.name}: nothing comes'
    if each.rate < SLOW * each.wanted_rate:
        return WARN, f'{each.name}: {_rates(each.rate, each.wanted_rate)} Hz'
    return None


def _rates(had: float, wanted: float) -> str:
    """Return the rate had, and the one wanted if any [Hz]."""
    return f'{had:.1f} of {wanted:.1f}' if wanted else f'{had:.1f}'
