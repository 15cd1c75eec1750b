"""What an episode starts from, drawn from one integer seed."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from groot_ros.simulation.errors import SimulationError
from groot_ros.simulation.robot import JOINTS, RIGHT_ARM, RIGHT_HAND, WAIST

Task = Literal['touch', 'push', 'place']
TASKS: tuple[Task, ...] = get_args(Task)
COLOURS = ('red', 'green', 'blue')
BINS = ('yellow', 'purple')
SIDES = ('left', 'right')

FIRST_VALIDATION_SEED = 900_000
FIRST_EVALUATION_SEED = 1_000_000

TABLE_HEIGHT = 0.72
BLOCK_SIZE = (0.056, 0.056, 0.08)
BLOCK_REACH = 0.034
"""Half the width of a block turned by 14 degrees, the most there is [m]."""
BIN_SIZE = (0.17, 0.17, 0.044)
BIN_PLACES = {'left': (0.36, 0.22), 'right': (0.33, -0.43)}
BLOCK_AREA = ((0.27, 0.41), (-0.26, 0.03))
BLOCK_SPACING = 0.115
PUSH_DISTANCE = 0.09
_TRIES = 1000

_HAND_BEHIND = 0.121
"""How far the hand that starts to push reaches behind the block's centre [m]."""
_HAND_EXTENT = (-0.061, 0.044)
"""What the pushing hand covers along x, from the block's centre [m]."""
_CLEARANCE = 0.025
"""Room to leave around hand and pushed block [m]."""

_HUES = {'red': 0.0, 'green': 0.36, 'blue': 0.61, 'yellow': 0.15, 'purple': 0.79}
_RIGHT_ARM_HOME = (0.368, -0.788, -0.589, -0.253, 0.579, 0.901, 0.487)
_MIRROR = (1, -1, -1, 1, -1, 1, -1)
OPEN_HAND = (0.0, 0.3, -0.2, 0.0, 0.05, 0.0, 0.05)
_MIRRORED_OPEN_HAND = (0.0, -0.3, 0.2, 0.0, -0.05, 0.0, -0.05)
HOME: NDArray[np.float64] = np.array((
    0.0, 0.0, 0.0,
    *(sign * angle for sign, angle in zip(_MIRROR, _RIGHT_ARM_HOME, strict=True)),
    *_RIGHT_ARM_HOME, *_MIRRORED_OPEN_HAND, *OPEN_HAND))
"""Home pose of the 31 joints [rad], shape (31,)."""
HOME.flags.writeable = False


@dataclass(frozen=True, slots=True)
class Block:
    """A block on the table.

    Attributes:
        colour: Its name.
        rgb: Its actual colour, each in 0..1.
        position: Centre on the table, x and y [m].
        yaw: Turn about the vertical [rad].
    """

    colour: str
    rgb: tuple[float, float, float]
    position: tuple[float, float]
    yaw: float


@dataclass(frozen=True, slots=True)
class Bin:
    """An open box on the table; `position` is its centre, x and y [m]."""

    colour: str
    rgb: tuple[float, float, float]
    position: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Appearance:
    """Light and camera of an episode.

    Attributes:
        ambient: Brightness from everywhere, 0..1.
        diffuse: Brightness of the lamp, 0..1.
        light_direction: Where the lamp shines, (3,), not normalized.
        table_rgb: Colour of the table top.
        camera_offset: Displacement of the head camera in the torso frame [m], (3,).
        camera_tilt: Small rotation of it about its own axes [rad], (3,).
    """

    ambient: float
    diffuse: float
    light_direction: tuple[float, float, float]
    table_rgb: tuple[float, float, float]
    camera_offset: tuple[float, float, float]
    camera_tilt: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One episode's start and goal.

    Attributes:
        seed: What it was drawn from.
        task: touch, push or place.
        target_block: Colour of the block meant.
        destination: A side (push), a bin (place) or '' (touch).
        blocks: The blocks on the table.
        bins: The two bins.
        appearance: Light and camera.
        initial_joints: Joint positions at the start [rad], in the order of JOINTS.
    """

    seed: int
    task: Task
    target_block: str
    destination: str
    blocks: tuple[Block, ...]
    bins: tuple[Bin, ...]
    appearance: Appearance
    initial_joints: tuple[float, ...]

    def block(self, colour: str) -> Block:
        """Return the block of that colour."""
        for block in self.blocks:
            if block.colour == colour:
                return block
        raise SimulationError(
            f'no {colour!r} block in scenario {self.seed}: it has '
            f'{[block.colour for block in self.blocks]}')

    def bin(self, colour: str) -> Bin:
        """Return the bin of that colour."""
        return next(item for item in self.bins if item.colour == colour)


def draw_scenario(
    seed: int,
    task: Task | None = None,
    *,
    num_blocks: int | None = None,
    target_block: str | None = None,
    destination: str | None = None,
) -> Scenario:
    """Draw the scenario of `seed`.

    What is asked for replaces what was drawn and changes nothing else: the same seed with
    another `target_block` or `destination` is the same scene with other words (as long as the
    task is the same).

    Raises:
        SimulationError: If the task, block or destination does not exist in the scene.
    """
    rng = np.random.default_rng(seed)
    drawn_task = TASKS[rng.choice(len(TASKS), p=(0.25, 0.4, 0.35))]
    task = task or drawn_task
    if task not in TASKS:
        raise SimulationError(f'unknown task {task!r}: use one of {TASKS}')
    drawn_count = int(rng.choice((1, 2, 3), p=(0.1, 0.2, 0.7)))
    goals: list[tuple[str, str]] = []
    while not goals:
        blocks = _draw_blocks(rng, num_blocks or drawn_count)
        goals = _goals(task, blocks)
    goal = goals[rng.integers(len(goals))]
    scenario = Scenario(
        seed=seed, task=task, target_block=goal[0], destination=goal[1], blocks=blocks,
        bins=_draw_bins(rng), appearance=_draw_appearance(rng),
        initial_joints=_draw_joints(rng))
    return with_goal(scenario, target_block, destination)


def with_goal(
    scenario: Scenario, target_block: str | None, destination: str | None,
) -> Scenario:
    """Return the same scene with another target block or destination.

    Raises:
        SimulationError: If the block is not there or the destination does not fit the task.
    """
    target_block = target_block or scenario.target_block
    destination = scenario.destination if destination is None else destination
    scenario.block(target_block)
    allowed = {'touch': ('',), 'push': SIDES, 'place': BINS}[scenario.task]
    if destination not in allowed:
        raise SimulationError(
            f'destination {destination!r} does not fit {scenario.task}: use one of {allowed}')
    return replace(scenario, target_block=target_block, destination=destination)


def all_goals(scenario: Scenario) -> list[Scenario]:
    """Return the same scene with every goal that the three tasks allow in it."""
    return [replace(scenario, task=task, target_block=block, destination=destination)
            for task in TASKS for block, destination in _goals(task, scenario.blocks)]


def _draw_blocks(rng: np.random.Generator, count: int) -> tuple[Block, ...]:
    colours = rng.permutation(COLOURS)[:count]
    positions: list[NDArray[np.float64]] = []
    tries = 0
    while len(positions) < count:
        tries += 1
        if tries > _TRIES:  # The first blocks can leave no room for the last.
            positions, tries = [], 0
        position = np.array([rng.uniform(*limits) for limits in BLOCK_AREA])
        if all(np.linalg.norm(position - other) >= BLOCK_SPACING for other in positions):
            positions.append(position)
    return tuple(
        Block(str(colour), _jittered(rng, colour), (float(x), float(y)),
              float(rng.uniform(-1, 1) * np.deg2rad(14)))
        for colour, (x, y) in zip(colours, positions, strict=True))


def _draw_bins(rng: np.random.Generator) -> tuple[Bin, ...]:
    bins = []
    for colour, place in zip(rng.permutation(BINS), BIN_PLACES.values(), strict=True):
        x, y = np.array(place) + rng.uniform(-0.008, 0.008, 2)
        bins.append(Bin(str(colour), _jittered(rng, colour), (float(x), float(y))))
    return tuple(bins)


def _draw_appearance(rng: np.random.Generator) -> Appearance:
    shade = rng.uniform(0.55, 0.8)
    table = np.clip(shade + rng.uniform(-0.05, 0.05, 3) + (0.04, 0.0, -0.06), 0, 1)
    return Appearance(
        ambient=float(rng.uniform(0.35, 0.5)),
        diffuse=float(rng.uniform(0.4, 0.6)),
        light_direction=_vector((*rng.uniform(-0.6, 0.6, 2), -1.0)),
        table_rgb=_vector(table),
        camera_offset=_vector(rng.uniform(-0.005, 0.005, 3)),
        camera_tilt=_vector(np.deg2rad(rng.uniform(-1.5, 1.5, 3))))


def _vector(values: Iterable[float]) -> tuple[float, float, float]:
    x, y, z = map(float, values)
    return x, y, z


def _draw_joints(rng: np.random.Generator) -> tuple[float, ...]:
    spread = dict.fromkeys(WAIST, 0.01) | dict.fromkeys(RIGHT_ARM, 0.04)
    spread |= dict.fromkeys(RIGHT_HAND, 0.01)
    noise = rng.normal(size=len(JOINTS)) * [spread.get(name, 0.0) for name in JOINTS]
    return tuple(map(float, HOME + np.clip(noise, -0.1, 0.1)))


def _jittered(rng: np.random.Generator, colour: str) -> tuple[float, float, float]:
    hue = (_HUES[colour] + rng.uniform(-0.02, 0.02)) % 1.0
    return colorsys.hsv_to_rgb(hue, rng.uniform(0.75, 1.0), rng.uniform(0.65, 0.95))


def _goals(task: Task, blocks: tuple[Block, ...]) -> list[tuple[str, str]]:
    if task == 'touch':
        return [(block.colour, '') for block in blocks]
    if task == 'place':
        return [(block.colour, name) for block in blocks for name in BINS]
    return [(block.colour, side) for block in blocks for side in SIDES
            if _can_push(block, side, blocks)]


def side_direction(side: str) -> float:
    """Return +1.0 for left and -1.0 for right: the sign along y of the robot's frame."""
    return {'left': 1.0, 'right': -1.0}[side]


def _can_push(block: Block, side: str, blocks: tuple[Block, ...]) -> bool:
    """Tell whether the way of the block and the place of the hand behind it are free."""
    sign = side_direction(side)
    x, y = block.position
    opposite = 'left' if side == 'right' else 'right'
    ahead = PUSH_DISTANCE + BLOCK_REACH + _CLEARANCE
    behind = _HAND_BEHIND + _CLEARANCE
    if sign * y + ahead > _bin_edge(side) or -sign * y + behind > _bin_edge(opposite):
        return False
    nearest, farthest = np.array(_HAND_EXTENT) + (-1, 1) * np.array(BLOCK_REACH + _CLEARANCE)
    return not any(
        nearest < other.position[0] - x < farthest
        and -behind - BLOCK_REACH < sign * (other.position[1] - y) < ahead + BLOCK_REACH
        for other in blocks if other is not block)


def _bin_edge(side: str) -> float:
    """Return how far to that side of the robot's middle its bin begins [m]."""
    return abs(BIN_PLACES[side][1]) - BIN_SIZE[1] / 2
