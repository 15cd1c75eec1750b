"""Whether a task is fulfilled, and which block the hand went for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groot_ros.simulation.scenario import (
    BIN_SIZE,
    BLOCK_SIZE,
    TABLE_HEIGHT,
    Scenario,
    side_direction,
)
from groot_ros.simulation.world import TabletopWorld

PUSHED = 0.06
"""Shortest displacement to the named side that counts as a push [m]."""
UNDISTURBED = 0.03
"""Longest displacement of the other blocks in a push [m]."""
APPROACHED = 0.05
"""Horizontal distance of the grasp point at which a block is approached [m]."""
APPROACH_HEIGHT = 0.05
"""How low the grasp point must be above the block's top for that [m]: on its way to a far
block the hand passes over others, about 0.1 m above them."""
_REST_SPEED = 0.05
_UPRIGHT = 0.9


class TaskMonitor:
    """Follows one episode; call `update` after every control tick.

    Attributes:
        first_touched: Colour of the block the robot touched first, or ''.
        touched_block: Colour of the block it touches now, or ''.
        approached_block: Colour of the block it came near or touched first, or ''.
        success: Whether the task is fulfilled now.
        succeeded: Whether it was at any time.
    """

    def __init__(self, world: TabletopWorld) -> None:
        self._world = world
        self._scenario = world.scenario
        self._start = _positions(world, self._scenario)
        self.first_touched = ''
        self.touched_block = ''
        self.approached_block = ''
        self.success = False
        self.succeeded = False

    def update(self) -> None:
        """Look at the world."""
        touched = self._world.touched_blocks()
        target = self._scenario.target_block
        self.touched_block = target if target in touched else next(iter(sorted(touched)), '')
        # Two blocks first touched in the same tick: the wrong one counts.
        if not self.first_touched and touched:
            self.first_touched = next(iter(sorted(touched - {target})), target)
        self.approached_block = (
            self.approached_block or self.first_touched or self._near_block())
        check = {'touch': self._touched, 'push': self._pushed, 'place': self._placed}
        self.success = check[self._scenario.task]()
        self.succeeded = self.succeeded or self.success

    def displacement(self, colour: str) -> NDArray[np.float64]:
        """Return how far the block is from its place at the start [m], (3,)."""
        return self._world.block_pose(colour)[0] - self._start[colour]

    def _near_block(self) -> str:
        ways = {
            colour: self._world.grasp_point - position
            for colour, position in _positions(self._world, self._scenario).items()}
        distances = {
            colour: float(np.linalg.norm(way[:2])) for colour, way in ways.items()
            if way[2] < BLOCK_SIZE[2] / 2 + APPROACH_HEIGHT}
        nearest = min(distances, key=lambda colour: distances[colour], default='')
        return nearest if nearest and distances[nearest] < APPROACHED else ''

    def _touched(self) -> bool:
        target = self._scenario.target_block
        return self.first_touched == target == self.touched_block

    def _pushed(self) -> bool:
        target = self._scenario.target_block
        way = side_direction(self._scenario.destination) * self.displacement(target)[1]
        others = [block.colour for block in self._scenario.blocks if block.colour != target]
        return bool(
            way >= PUSHED and self._stands(target)
            and all(np.linalg.norm(self.displacement(o)) <= UNDISTURBED for o in others))

    def _stands(self, colour: str) -> bool:
        position, (_, x, y, _) = self._world.block_pose(colour)
        upright = 1 - 2 * (x**2 + y**2)
        height = position[2] - TABLE_HEIGHT - BLOCK_SIZE[2] / 2
        return bool(upright > _UPRIGHT and abs(height) < 0.01)

    def _placed(self) -> bool:
        target = self._scenario.target_block
        bin_ = self._scenario.bin(self._scenario.destination)
        position, _ = self._world.block_pose(target)
        aside = np.abs(position[:2] - bin_.position)
        return bool(
            (aside < np.array(BIN_SIZE[:2]) / 2).all()
            and position[2] < TABLE_HEIGHT + BLOCK_SIZE[2] / 2 + 0.03
            and target not in self._world.touched_blocks()
            and self._world.block_speed(target) < _REST_SPEED)


def _positions(
    world: TabletopWorld, scenario: Scenario,
) -> dict[str, NDArray[np.float64]]:
    return {block.colour: world.block_pose(block.colour)[0] for block in scenario.blocks}
