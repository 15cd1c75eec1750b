"""The hands of a robot: what a person moves and closes by teleoperation."""

from __future__ import annotations

import math
from dataclasses import dataclass

from groot_ros.embodiment.errors import EmbodimentError


@dataclass(frozen=True, slots=True)
class Hand:
    """A point at the end of an arm, the joints that carry it and the fingers around it.

    Attributes:
        name: Key in the YAML file, for example `right`.
        frame: Link of the robot's description that carries the hand.
        grasp_point: What follows the person's hand, in that link [m], (3,).
        groups: Groups of joints that carry it; the later one stands, the less it moves.
        fingers: Group of joints that open and close, None for a hand without.
        opened: Positions of the fingers when open [rad], in the group's order.
        closed: The same when closed [rad].
    """

    name: str
    frame: str
    grasp_point: tuple[float, ...]
    groups: tuple[str, ...]
    fingers: str | None = None
    opened: tuple[float, ...] = ()
    closed: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a point that is none, and poses without fingers."""
        if len(self.grasp_point) != 3 or not all(map(math.isfinite, self.grasp_point)):
            raise EmbodimentError(
                f'hands.{self.name}.grasp_point',
                f'must be three finite numbers [m], got {list(self.grasp_point)}')
        if self.fingers is None and (self.opened or self.closed):
            raise EmbodimentError(
                f'hands.{self.name}.fingers', 'is missing: open and closed are poses of it')
