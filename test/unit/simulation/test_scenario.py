"""Scenarios are drawn from one number, and words change nothing but the words."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from groot_ros.simulation.errors import SimulationError
from groot_ros.simulation.scenario import (
    BINS,
    BLOCK_AREA,
    BLOCK_SPACING,
    SIDES,
    TASKS,
    Scenario,
    all_goals,
    draw_scenario,
)

SEEDS = range(300)


def test_a_seed_is_a_scenario() -> None:
    assert draw_scenario(7) == draw_scenario(7)
    assert draw_scenario(7) != draw_scenario(8)


def test_other_words_leave_the_scene_as_it_is() -> None:
    first = draw_scenario(12, 'place', num_blocks=3)
    for colour in ('red', 'green', 'blue'):
        for name in BINS:
            other = draw_scenario(
                12, 'place', num_blocks=3, target_block=colour, destination=name)
            assert other == replace(first, target_block=colour, destination=name)


@pytest.mark.parametrize('task', TASKS)
def test_goals_are_in_the_scene(task: str) -> None:
    destinations = {'touch': {''}, 'push': set(SIDES), 'place': set(BINS)}[task]
    scenarios = [draw_scenario(seed, task) for seed in SEEDS]
    assert {each.destination for each in scenarios} == destinations
    assert all(each.block(each.target_block) for each in scenarios)


def test_blocks_are_on_their_area_and_apart() -> None:
    for seed in SEEDS:
        positions = np.array([block.position for block in draw_scenario(seed).blocks])
        assert ((positions >= np.transpose(BLOCK_AREA)[0])
                & (positions <= np.transpose(BLOCK_AREA)[1])).all()
        assert all(np.linalg.norm(a - b) >= BLOCK_SPACING for a, b in combinations(positions, 2))


def test_one_to_three_blocks_and_both_places_of_the_bins_occur() -> None:
    scenarios = [draw_scenario(seed) for seed in SEEDS]
    assert {len(each.blocks) for each in scenarios} == {1, 2, 3}
    assert {each.bin('yellow').position[1] > 0 for each in scenarios} == {True, False}


def test_tasks_occur_as_often_as_meant() -> None:
    tasks = [draw_scenario(seed).task for seed in SEEDS]
    for task, share in zip(TASKS, (0.25, 0.4, 0.35), strict=True):
        # Three standard deviations of a share of 300 draws.
        assert tasks.count(task) / len(tasks) == pytest.approx(share, abs=0.09)


def test_a_block_that_is_not_there_is_refused() -> None:
    alone = draw_scenario(3, 'touch', num_blocks=1)
    absent = next(each for each in ('red', 'green', 'blue') if each != alone.target_block)
    with pytest.raises(SimulationError, match=f'no {absent!r} block.*{alone.target_block}'):
        draw_scenario(3, 'touch', num_blocks=1, target_block=absent)


@pytest.mark.parametrize(('task', 'destination'), [
    ('touch', 'left'), ('push', 'yellow'), ('place', 'left')])
def test_a_destination_of_another_task_is_refused(task: str, destination: str) -> None:
    with pytest.raises(SimulationError, match=f'{destination!r} does not fit {task}'):
        draw_scenario(5, task, destination=destination)


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(SimulationError, match="unknown task 'juggle'"):
        draw_scenario(5, 'juggle')


def test_pushed_blocks_have_a_free_way() -> None:
    for seed in SEEDS:
        scenario = draw_scenario(seed, 'push')
        assert not _blocks_ahead(scenario), seed


def test_all_goals_are_those_that_may_be_drawn() -> None:
    scenario = draw_scenario(12, 'place', num_blocks=2)
    goals = all_goals(scenario)
    assert scenario in goals
    assert sum(goal.task == 'touch' for goal in goals) == 2
    assert sum(goal.task == 'place' for goal in goals) == 4
    assert all(not _blocks_ahead(goal) for goal in goals if goal.task == 'push')


def _blocks_ahead(scenario: Scenario) -> list[str]:
    """Return the blocks that a straight push by 9 cm would hit."""
    target = scenario.block(scenario.target_block)
    sign = {'left': 1, 'right': -1}[scenario.destination]
    return [
        block.colour for block in scenario.blocks
        if 0 < sign * (block.position[1] - target.position[1]) < 0.09 + 0.056
        and abs(block.position[0] - target.position[0]) < 0.056]
