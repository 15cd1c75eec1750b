"""What the page shows, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Meter:
    """One thing that comes again and again.

    Attributes:
        name: What it is.
        rate: How often it comes [Hz]; None if that is unknown.
        wanted: How often it should [Hz]; 0 where any rate will do.
        age: Of the newest [s]; None if nothing came yet.
        is_output: Whether the node sends it; else it gets it.
    """

    name: str
    rate: float | None
    wanted: float
    age: float | None
    is_output: bool = False


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node of the policy.

    Attributes:
        name: As in the graph, without the namespace.
        silence: Time since it said anything [s]; None if it never did.
        state: What it does, a word.
        reason: Why it does not do more, some words; empty for nothing.
        text: The same in a sentence, with what to do.
        meters: What it gets and sends.
    """

    name: str
    silence: float | None = None
    state: str = 'silent'
    reason: str = ''
    text: str = ''
    meters: tuple[Meter, ...] = ()


@dataclass(frozen=True, slots=True)
class RobotView:
    """The robot as it is now.

    Attributes:
        robot: What to call it.
        lost: Why nothing below can be believed; empty if it can.
        instruction: The one that it follows.
        stopped: Whether an emergency stop keeps it from moving.
        latched: Whether that stop waits for its reset; else for a new instruction.
        unconfirmed: Time since a stop was sent that the controller did not confirm [s]; None if
            there is none.
        controller: What moves the robot.
        nodes: All nodes, the controller included.
        cameras: Names of the cameras.
    """

    robot: str
    lost: str
    instruction: str
    stopped: bool
    latched: bool
    unconfirmed: float | None
    controller: NodeView
    nodes: tuple[NodeView, ...]
    cameras: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as the page reads it."""
        return asdict(self)
