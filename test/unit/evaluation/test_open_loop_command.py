"""`ros2 run groot_ros open_loop`, on the bag that this repository ships and on what is none."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from groot_ros.data.datasets.from_bag import Cutting, read_bag
from groot_ros.data.datasets.writing import make_writer
from groot_ros.embodiment import load_embodiment
from groot_ros.evaluation.open_loop.command import main
from groot_ros.evaluation.open_loop.recorded import MAX_GAP_S

ROOT = Path(__file__).parents[3]
BAG = ROOT / 'test' / 'bags' / 'unitree_g1'
SHIPPED = ['--checkpoint', 'g1_tabletop']


def test_the_policy_that_was_recorded_predicts_its_own_commands(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / 'first.json', tmp_path / 'new' / 'second.json'
    for file in (first, second):
        assert main([*SHIPPED, '--data', str(BAG), '--json', str(file)]) == 0
    assert first.read_text() == second.read_text()
    assert '| right_elbow_joint ' in capsys.readouterr().out
    found = json.loads(first.read_text())
    assert found['provenance']['fps'] == 20.0
    assert found['samples'] > 1
    assert found['all']['rmse_rad'] < 0.5 * found['all']['hold_rmse_rad']
    assert found['rows'][0]['mae_rad'] < found['rows'][-1]['hold_mae_rad']


@pytest.mark.parametrize('kind', ['gr00t', 'lerobot-v3'])
def test_a_dataset_of_a_bag_gives_what_the_bag_gives(tmp_path: Path, kind: str) -> None:
    pytest.importorskip('pyarrow')
    pytest.importorskip('av')
    read = read_bag(BAG, load_embodiment('unitree_g1'), Cutting(20.0, 'hold', MAX_GAP_S))
    writer = make_writer(kind, tmp_path / 'dataset', read.layout)
    for episode in read.episodes:
        writer.add(episode)
    writer.finish()
    found = []
    for data in (BAG, tmp_path / 'dataset'):
        assert main([*SHIPPED, '--data', str(data), '--json', str(tmp_path / 'found.json')]) == 0
        found.append(json.loads((tmp_path / 'found.json').read_text()))
    of_bag, of_dataset = found
    assert of_dataset['samples'] == of_bag['samples']
    # Nothing of the joints is lost on the way; pictures lose a little in the video.
    assert of_dataset['all']['hold_rmse_rad'] == pytest.approx(of_bag['all']['hold_rmse_rad'])
    assert of_dataset['all']['rmse_rad'] == pytest.approx(of_bag['all']['rmse_rad'], rel=0.3)


def test_a_dataset_with_the_joints_of_a_group_in_another_order_is_refused(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip('pyarrow')
    pytest.importorskip('av')
    (episode, *_) = read_bag(BAG, load_embodiment('unitree_g1'), Cutting(20.0)).episodes
    swapped = {**episode.layout.state, 'waist': episode.layout.state['waist'][::-1]}
    layout = replace(episode.layout, state=swapped)
    writer = make_writer('gr00t', tmp_path / 'dataset', layout)
    writer.add(replace(episode, layout=layout))
    writer.finish()
    assert main([*SHIPPED, '--data', str(tmp_path / 'dataset')]) == 2
    assert 'group waist is waist_pitch_joint' in capsys.readouterr().err


def test_other_words_lead_elsewhere(tmp_path: Path) -> None:
    figures = {}
    for words in ('touch the red block', 'put the green block into the purple bin'):
        file = tmp_path / 'found.json'
        assert main([*SHIPPED, '--data', str(BAG), '--json', str(file),
                     '--instruction', words]) == 0
        found = json.loads(file.read_text())
        assert found['each_episode'][0]['instruction'] == words
        figures[words] = found['all']['rmse_rad']
    assert len(set(figures.values())) == 2


@pytest.mark.parametrize(
    ('arguments', 'complaint'),
    [
        (['--data', 'nowhere'], 'nowhere does not exist'),
        (['--data', str(BAG), '--embodiment', 'so101'], 'trained for unitree_g1'),
        (['--data', str(BAG), '--embodiment', 'unitree_g2'], 'unitree_g2'),
    ],
)
def test_what_cannot_be_evaluated_is_refused_in_one_line(
        capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str) -> None:
    assert main([*SHIPPED, *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith('open_loop: ')
    assert complaint in said


@pytest.mark.parametrize('wrong', [
    ['--fps', 'nan'], ['--fps', '0'], ['--fps', 'fast'], ['--every', '0'], ['--episodes', '-1']])
def test_an_option_that_means_nothing_is_refused_by_name(
        capsys: pytest.CaptureFixture[str], wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        main([*SHIPPED, '--data', str(BAG), *wrong])
    assert f'argument {wrong[0]}: ' in capsys.readouterr().err


def test_a_bag_that_does_not_name_its_robot_asks_for_it(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in BAG.iterdir():
        if file.name != 'facts.yaml':
            (tmp_path / file.name).symlink_to(file)
    assert main([*SHIPPED, '--data', str(tmp_path)]) == 2
    assert 'give --embodiment' in capsys.readouterr().err
