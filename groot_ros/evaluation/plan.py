"""Which episodes an evaluation runs, and with which words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import count

import numpy as np

from groot_ros.data.instructions import Request, Split, all_requests, describe
from groot_ros.simulation.scenario import FIRST_EVALUATION_SEED, Scenario, Task, draw_scenario


class Condition(StrEnum):
    """What is varied."""

    TRAIN = 'train'  # sentence frames that taught the policy
    HELD_OUT = 'held_out'  # sentence frames it never saw
    LANGUAGE = 'language'  # the same scene once for every block in it
    SHUFFLED = 'shuffled'  # control: the sentence asks for another block
    BLACK = 'black'  # control: black images
    ASKED = 'asked'  # whatever a person asks for in the demo


@dataclass(frozen=True, slots=True)
class PlannedEpisode:
    """One episode to run; the scene is that of `seed` and `task` with this goal."""

    condition: Condition
    task: Task
    seed: int
    target_block: str
    destination: str
    instruction: str

    @property
    def black_images(self) -> bool:
        """Whether the policy is to see nothing."""
        return self.condition is Condition.BLACK


def plan_episodes(
    condition: Condition, task: Task, episodes: int, first_seed: int = FIRST_EVALUATION_SEED
) -> list[PlannedEpisode]:
    """Return `episodes` episodes of one task, from seeds that training never used.

    Raises:
        ValueError: If `first_seed` is one that demonstrations may have used.
    """
    if first_seed < FIRST_EVALUATION_SEED:
        raise ValueError(
            f'seed {first_seed} may be in the training data: use {FIRST_EVALUATION_SEED} or above')
    planned = _language(task, first_seed) if condition is Condition.LANGUAGE else (
        _episode(condition, draw_scenario(seed, task)) for seed in count(first_seed))
    return [next(planned) for _ in range(episodes)]


def _episode(condition: Condition, scenario: Scenario) -> PlannedEpisode:
    goal = Request(scenario.task, scenario.target_block, scenario.destination)
    rng = np.random.default_rng((scenario.seed, len(scenario.task)))
    words = _other_request(goal, rng) if condition is Condition.SHUFFLED else goal
    split = Split.HELD_OUT if condition is Condition.HELD_OUT else Split.TRAIN
    return PlannedEpisode(
        condition, scenario.task, scenario.seed, goal.block, goal.destination,
        describe(words, rng, split))


def _other_request(goal: Request, rng: np.random.Generator) -> Request:
    others = [request for request in all_requests() if request.block != goal.block]
    return others[rng.integers(len(others))]


def _language(task: Task, first_seed: int) -> Iterator[PlannedEpisode]:
    """Yield every scene with a choice of blocks once for each of them."""
    for seed in count(first_seed):
        scenario = draw_scenario(seed, task)
        if len(scenario.blocks) < 2:
            continue
        for block in scenario.blocks:
            yield _episode(
                Condition.LANGUAGE, draw_scenario(seed, task, target_block=block.colour))
