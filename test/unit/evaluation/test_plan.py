"""Evaluation plans: unseen seeds, repeatable words, controls that ask for something else."""

import pytest

from groot_ros.data.instructions import interpret
from groot_ros.evaluation.plan import Condition, plan_episodes


@pytest.mark.parametrize('condition', list(Condition))
def test_a_plan_is_repeatable(condition: Condition) -> None:
    assert plan_episodes(condition, 'push', 5) == plan_episodes(condition, 'push', 5)


def test_seeds_of_demonstrations_are_refused() -> None:
    with pytest.raises(ValueError, match='1000000 or above'):
        plan_episodes(Condition.TRAIN, 'touch', 1, first_seed=999_999)


@pytest.mark.parametrize('condition', [Condition.TRAIN, Condition.HELD_OUT])
@pytest.mark.parametrize('task', ['touch', 'push', 'place'])
def test_words_name_the_target(condition: Condition, task: str) -> None:
    for episode in plan_episodes(condition, task, 20):
        asked = interpret(episode.instruction)
        assert asked is None or asked.block == episode.target_block


def test_shuffled_words_name_another_block() -> None:
    for episode in plan_episodes(Condition.SHUFFLED, 'touch', 20):
        asked = interpret(episode.instruction)
        assert asked is None or asked.block != episode.target_block


def test_the_language_test_asks_for_each_block_of_a_scene() -> None:
    episodes = plan_episodes(Condition.LANGUAGE, 'touch', 12)
    by_seed: dict[int, list[str]] = {}
    for episode in episodes:
        by_seed.setdefault(episode.seed, []).append(episode.target_block)
    assert all(len(blocks) == len(set(blocks)) for blocks in by_seed.values())
    assert max(len(blocks) for blocks in by_seed.values()) == 3


def test_only_the_black_control_blinds_the_policy() -> None:
    assert plan_episodes(Condition.BLACK, 'touch', 1)[0].black_images
    assert not plan_episodes(Condition.TRAIN, 'touch', 1)[0].black_images
