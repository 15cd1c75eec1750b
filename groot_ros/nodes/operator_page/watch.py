"""What the policy's nodes say of themselves, as the page shows it."""

from __future__ import annotations

import math
import time
from functools import partial

from groot_ros.control.emergency_stop import RESET
from groot_ros.msg import InputStatus, PolicyStatus
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.status import REASONS, STATES
from groot_ros.operator_page import Meter, NodeView

OUTPUTS = {
    'perception': 'observations', 'planner': 'goal tokens', 'controller': 'commands'}
CONTROLLER = 'controller'
SILENCE_S = 2.0
"""Age of the controller's status from which on nothing is known of the robot."""


class PolicyWatch:
    """Keeps the newest status of each node; may be asked from any thread.

    Args:
        interfaces: What opens and closes with the node's configuration.
    """

    def __init__(self, interfaces: Interfaces) -> None:
        self._heard: dict[str, tuple[float, PolicyStatus]] = {}
        self._latched_at = -math.inf
        for name in OUTPUTS:
            interfaces.subscribe(
                PolicyStatus, f'{name}/status', partial(self._on_status, name), NEWEST)

    @property
    def controller(self) -> PolicyStatus:
        """The controller's newest status; an empty one before the first."""
        return self._heard.get(CONTROLLER, (0.0, PolicyStatus()))[1]

    @property
    def stopped(self) -> bool:
        """Whether an emergency stop keeps the robot from moving."""
        return self.controller.reason == PolicyStatus.EMERGENCY_STOP

    @property
    def latched(self) -> bool:
        """Whether that stop waits for its reset."""
        return self.stopped and self.controller.text != RESET.text

    def stopped_since(self, time: float) -> bool:
        """Return whether the controller said after a monotonic time [s] that it is stopped."""
        return self._latched_at > time

    def lost(self) -> str:
        """Return why nothing is known of the robot, empty if something is."""
        silence = self.view(CONTROLLER).silence
        if silence is None:
            return "The controller was never heard: is the robot's software running?"
        if silence > SILENCE_S:
            return 'The controller has fallen silent: what you see of the robot is old.'
        return ''

    def view(self, name: str) -> NodeView:
        """Return one node as the page shows it."""
        if name not in self._heard:
            return NodeView(name)
        arrival, status = self._heard[name]
        return NodeView(
            name, time.monotonic() - arrival, STATES[status.state],
            _words(status.reason), status.text,
            (*map(_input, status.inputs), *_outputs(name, status)))

    def views(self) -> tuple[NodeView, ...]:
        """Return all nodes, in the order in which messages pass them."""
        return tuple(map(self.view, OUTPUTS))

    def _on_status(self, name: str, message: PolicyStatus) -> None:
        self._heard[name] = time.monotonic(), message
        if name == CONTROLLER and self.latched:
            self._latched_at = time.monotonic()


def _words(reason: int) -> str:
    return REASONS[reason].replace('_', ' ').lower() if reason else ''


def _input(status: InputStatus) -> Meter:
    age = None if status.age < 0.0 else _known(status.age)
    return Meter(status.name, _known(status.rate), status.wanted_rate, age)


def _outputs(name: str, status: PolicyStatus) -> list[Meter]:
    sent = Meter(
        OUTPUTS[name], _known(status.output_rate), status.wanted_output_rate,
        _known(status.latency), is_output=True)
    if name != CONTROLLER:
        return [sent]
    return [Meter('action chunks', _known(status.solve_rate), 0.0, None, is_output=True), sent]


def _known(number: float) -> float | None:
    """Return a number that JSON can say."""
    return number if math.isfinite(number) else None
