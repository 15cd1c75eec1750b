"""The scenes that the demo chooses for a person's words."""

import itertools

import pytest

from groot_ros.nodes.tools.demo import FIRST_DEMO_SEED, choose_scenes
from groot_ros.simulation.errors import SimulationError
from groot_ros.simulation.scenario import draw_scenario


def test_every_scene_has_the_block_that_is_asked_for() -> None:
    for planned in itertools.islice(choose_scenes('touch the red cube', FIRST_DEMO_SEED), 20):
        assert (planned.task, planned.target_block) == ('touch', 'red')
        assert planned.instruction == 'touch the red cube'
        scenario = draw_scenario(planned.seed, 'touch')
        assert 'red' in {block.colour for block in scenario.blocks}


def test_without_words_each_scene_has_its_own() -> None:
    planned = list(itertools.islice(choose_scenes(None, FIRST_DEMO_SEED), 10))
    assert [each.seed for each in planned] == list(range(FIRST_DEMO_SEED, FIRST_DEMO_SEED + 10))
    assert len({each.instruction for each in planned}) > 5


def test_words_that_name_no_block_are_refused() -> None:
    with pytest.raises(SimulationError, match='name one block'):
        next(choose_scenes('do something nice', FIRST_DEMO_SEED))
