"""What the nodes of a running graph say of their own rates and delays."""

from __future__ import annotations

from rclpy.node import Node
from std_msgs.msg import Float32

from groot_ros.msg import PolicyStatus
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.status import STATES


class GraphRates:
    """Follows the status topics of perception, planner and controller.

    Args:
        node: Subscribes to them.
    """

    def __init__(self, node: Node) -> None:
        self._newest: dict[str, PolicyStatus] = {}
        self._real_time_factor = 0.0
        for name in ('perception', 'planner', 'controller'):
            node.create_subscription(PolicyStatus, f'{name}/status', self._on_status, NEWEST)
        node.create_subscription(Float32, 'real_time_factor', self._on_factor, NEWEST)

    def of(self, node: str) -> PolicyStatus:
        """Return the newest status of a node, an empty one before the first."""
        return self._newest.get(node, PolicyStatus(node=node))

    def line(self) -> str:
        """Return the state of the controller and the main rates in one line."""
        controller, planner = self.of('controller'), self.of('planner')
        state = STATES[controller.state]
        return (
            f'{state}{": " + controller.text if controller.text else ""} | '
            f'System 2 {planner.output_rate:.1f} Hz, System 1 {controller.solve_rate:.1f} Hz, '
            f'commands {controller.output_rate:.0f} Hz')

    def summary(self) -> dict[str, float]:
        """Return the rates and delays had, each named with its unit."""
        controller, planner = self.of('controller'), self.of('planner')
        on_time = 1.0 - controller.missed_ticks / max(controller.ticks, 1)
        return {
            'control ticks on time [%]': 100.0 * on_time,
            'tick lateness p50 [ms]': 1e3 * controller.tick_lateness_p50,
            'tick lateness p99 [ms]': 1e3 * controller.tick_lateness_p99,
            'System 1 [solves/s]': controller.solve_rate,
            'System 1 solve time [ms]': 1e3 * controller.solve_time,
            'System 2 [Hz]': planner.output_rate,
            'System 2 encode time [ms]': 1e3 * planner.solve_time,
            'image stamp to goal tokens [ms]': 1e3 * planner.latency,
            'image stamp to command [ms]': 1e3 * controller.latency,
            'commands [Hz]': controller.output_rate,
            'real-time factor': self._real_time_factor,
        }

    def _on_status(self, message: PolicyStatus) -> None:
        self._newest[message.node] = message

    def _on_factor(self, message: Float32) -> None:
        self._real_time_factor = message.data
