"""Age and rate of what a node receives."""

from dataclasses import dataclass, field

from groot_ros.msg import InputStatus
from groot_ros.nodes.shared.pacing import RateMeter

NEVER = -1.0


@dataclass(slots=True)
class InputMonitor:
    """Follows one input.

    Attributes:
        name: Topic or modality key.
        wanted: Rate to have [Hz], 0 where any will do.
        stamp: Stamp of the newest message [s], None before the first.
    """

    name: str
    wanted: float = 0.0
    stamp: float | None = None
    meter: RateMeter = field(default_factory=RateMeter)

    def count(self, stamp: float, now: float) -> None:
        """Count a message stamped `stamp` that arrived at `now` [s]."""
        self.stamp = stamp
        self.meter.count(now)

    def age(self, now: float) -> float:
        """Return the age of the newest message [s], -1 if there is none."""
        return NEVER if self.stamp is None else now - self.stamp

    def report(self, now: float) -> InputStatus:
        """Return its status at `now` [s]."""
        return InputStatus(
            name=self.name, age=self.age(now), rate=self.meter.rate(now),
            wanted_rate=self.wanted)

    def forget(self) -> None:
        """Start anew, for a clock that jumped."""
        self.stamp = None
        self.meter = RateMeter()
