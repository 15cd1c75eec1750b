"""Dataset to bag to dataset: the numbers stay what they are."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_bags import Maker
from made_episodes import (
    FPS,
    LAYOUT,
    ROBOT,
    SUB_GOALS,
    make_episode,
    noise_ratio,
    pictures_of,
    three_episodes,
)

from groot_ros.data.bags import Bag
from groot_ros.data.datasets.annotations import Language, read_table
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.from_bag import Cutting, read_bag
from groot_ros.data.datasets.reading import open_dataset
from groot_ros.data.datasets.to_bag import ANNOTATIONS_FILE, write_bag
from groot_ros.data.datasets.to_bag_command import main
from groot_ros.data.datasets.writing import WriterOptions, make_writer

FORMATS = ('gr00t', 'lerobot-v3')


@pytest.fixture(scope='module')
def prefix(tmp_path_factory):
    return tmp_path_factory.mktemp('types')


@pytest.fixture(scope='module')
def types(prefix):
    return Maker(prefix).types


def write_dataset(folder, episodes, format='lerobot-v3', codec='h264'):
    writer = make_writer(format, folder, LAYOUT, WriterOptions(codec=codec))
    for episode in episodes:
        writer.add(episode)
    writer.finish()
    return open_dataset(folder)


def through_bag(folder, episode, types):
    """Return an episode written to a bag and cut out of it again."""
    write_bag(folder, episode, ROBOT, types, {})
    table = folder / ANNOTATIONS_FILE
    language = Language(table=read_table(table)) if table.is_file() else Language()
    found = read_bag(folder, ROBOT, Cutting(
        FPS, max_gap_s=0.5 / FPS, min_episode_s=0.2, language=language))
    assert found.skipped == ()
    (again,) = found.episodes
    return again


def assert_same_numbers(found, expected):
    assert found.layout == expected.layout
    np.testing.assert_array_equal(found.stamps, expected.stamps)
    np.testing.assert_array_equal(found.state, expected.state)
    np.testing.assert_array_equal(found.action, expected.action)
    assert found.annotation.instruction == expected.annotation.instruction
    assert found.annotation.tags == expected.annotation.tags
    assert [goal.text for goal in found.annotation.sub_goals] == [
        goal.text for goal in expected.annotation.sub_goals]
    np.testing.assert_allclose([goal[:2] for goal in found.annotation.sub_goals],
                               [goal[:2] for goal in expected.annotation.sub_goals], atol=1e-8)


@pytest.mark.parametrize('format', FORMATS)
def test_dataset_to_bag_to_dataset_gives_equal_numbers(tmp_path, types, format):
    first = write_dataset(tmp_path / 'first', three_episodes(), format)
    cut = [through_bag(tmp_path / f'bag_{index}', first.episode(index), types)
           for index in range(3)]
    second = write_dataset(tmp_path / 'second', cut, format)
    for index, episode in enumerate(three_episodes()):
        assert_same_numbers(first.episode(index), episode)
        assert_same_numbers(second.episode(index), episode)
        for key in LAYOUT.cameras:
            # What the second encoding loses; the bag between them loses nothing.
            assert noise_ratio(pictures_of(second.episode(index), key),
                               pictures_of(episode, key)) > 33.0


@pytest.mark.parametrize('format', FORMATS)
def test_without_loss_in_the_videos_the_pictures_are_equal_too(tmp_path, types, format):
    first = write_dataset(tmp_path / 'first', [make_episode()], format, 'lossless')
    cut = through_bag(tmp_path / 'bag', first.episode(0), types)
    second = write_dataset(tmp_path / 'second', [cut], format, 'lossless')
    for key in LAYOUT.cameras:
        np.testing.assert_array_equal(
            pictures_of(second.episode(0), key), pictures_of(make_episode(), key))


def test_the_bag_holds_the_pictures_without_loss(tmp_path, types):
    episode = make_episode()
    cut = through_bag(tmp_path / 'bag', episode, types)
    assert_same_numbers(cut, episode)
    for key in LAYOUT.cameras:
        np.testing.assert_array_equal(pictures_of(cut, key), pictures_of(episode, key))


def test_where_it_came_from_survives(tmp_path, types):
    cut = through_bag(tmp_path / 'bag', make_episode(), types)
    for name in ('robot', 'operator', 'licence', 'success', 'start_s'):
        assert cut.provenance[name] == make_episode().provenance[name]
    with Bag(tmp_path / 'bag') as bag:
        assert bag.facts['origin_bag'] == 'bag_0'
        assert bag.facts['task'] == 'lift the block'


def test_sub_goals_and_tags_lie_beside_the_bag(tmp_path, types):
    write_bag(tmp_path / 'bag', make_episode(sub_goals=SUB_GOALS), ROBOT, types, {})
    (row,) = read_table(tmp_path / 'bag' / ANNOTATIONS_FILE)['bag']
    assert row.annotation.sub_goals == SUB_GOALS


def test_the_command_makes_a_bag_of_one_episode(tmp_path, types, prefix, monkeypatch, capsys):
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(prefix))
    write_dataset(tmp_path / 'set', three_episodes())
    asked = [str(tmp_path / 'set'), '--output', str(tmp_path / 'bag'), '--episode']
    assert main([*asked, '3']) == 2
    assert 'no episode 3' in capsys.readouterr().err
    assert main([*asked, '1']) == 0
    assert 'bag_to_dataset --fps 10 --max-gap-s 0.05' in capsys.readouterr().out
    with Bag(tmp_path / 'bag') as bag:
        assert bag.count('/joint_states') == 7
        assert (bag.facts['origin_dataset'], bag.facts['origin_episode']) == ('set', '1')
        assert bag.facts['embodiment'] == 'so101'
    assert main([*asked, '1']) == 2
    assert 'cannot write a bag' in capsys.readouterr().err


def test_a_machine_reads_what_was_written_as_json(tmp_path, types, prefix, monkeypatch, capsys):
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(prefix))
    write_dataset(tmp_path / 'set', three_episodes())
    bag = str(tmp_path / 'bag')
    assert main([str(tmp_path / 'set'), '--output', bag, '--episode', '1', '--json']) == 0
    assert json.loads(capsys.readouterr().out) == {
        # The instruction; joint state, two commands and two pictures of each frame.
        'bag': bag, 'messages': 1 + 7 * 5, 'frames': 7, 'fps': 10.0, 'annotations': None}


def test_an_episode_that_breaks_off_leaves_no_bag(tmp_path, types):
    episode = make_episode()
    short = make_episode(frames=3)
    key = next(iter(LAYOUT.cameras))
    episode.images[key] = short.images[key]
    with pytest.raises(DatasetError, match='3 pictures for 12 frames'):
        write_bag(tmp_path / 'bag', episode, ROBOT, types, {})
    assert not (tmp_path / 'bag').exists()


def test_a_dataset_of_another_robot_is_refused_by_joint(tmp_path, types):
    from groot_ros.embodiment import load_embodiment
    with pytest.raises(DatasetError, match=f"no joint '{LAYOUT.state_names[0]}'"):
        write_bag(tmp_path / 'bag', make_episode(), load_embodiment('unitree_g1'), types, {})


def test_an_action_that_moves_a_part_of_an_output_is_refused(tmp_path, types):
    episode = make_episode()
    (name, first), *rest = LAYOUT.action.items()
    less = replace(LAYOUT, action={name: first[1:], **dict(rest)})
    with pytest.raises(DatasetError, match=f'also moves {first[0]}, which the action of the '
                                           'dataset leaves out'):
        write_bag(tmp_path / 'bag', replace(episode, layout=less, action=episode.action[:, 1:]),
                  ROBOT, types, {})
