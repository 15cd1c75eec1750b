"""What the planner measures of itself, for its status."""

from dataclasses import dataclass, field

from groot_ros.msg import PolicyStatus
from groot_ros.nodes.shared.inputs import InputMonitor
from groot_ros.nodes.shared.pacing import RateMeter, RecentValues
from groot_ros.nodes.shared.status import report_inputs


@dataclass(slots=True)
class PlannerMeters:
    """Counts and times of one planner.

    Attributes:
        observations: Age and rate of the input.
        refused: Observations that could not be encoded.
        encode_times: What System 2 took [s].
        latencies: From capture to goal tokens [s].
        sent: Rate of goal tokens.
    """

    observations: InputMonitor
    refused: int = 0
    encode_times: RecentValues = field(default_factory=lambda: RecentValues(100))
    latencies: RecentValues = field(default_factory=lambda: RecentValues(100))
    sent: RateMeter = field(default_factory=RateMeter)

    def on_sent(self, stamp: float, now: float) -> None:
        """Count goal tokens of a capture at `stamp` [s] that went out at `now` [s]."""
        self.sent.count(now)
        self.latencies.add(now - stamp)

    def forget(self) -> None:
        """Start anew, for a clock that jumped."""
        self.observations.forget()
        self.sent = RateMeter()

    def report(self, message: PolicyStatus, now: float) -> None:
        """Write everything into a status at `now` [s]."""
        report_inputs(message, [self.observations], now)
        message.output_rate = message.solve_rate = self.sent.rate(now)
        message.wanted_output_rate = self.observations.wanted
        message.solve_time = self.encode_times.quantile(0.5)
        message.latency = self.latencies.quantile(0.5)
        message.refused = self.refused
