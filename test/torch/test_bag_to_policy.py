"""The whole road: a shipped bag becomes a dataset, and the dataset a policy that moves."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from groot_ros.data.datasets.convert_command import main as bag_to_dataset
from groot_ros.data.datasets.reading import open_dataset
from groot_ros.model.policy import load_system1, load_system2
from groot_ros.observation.images import prepare_image
from groot_ros.training.__main__ import main as train

ROOT = Path(__file__).parents[2]
BAG = ROOT / 'test' / 'bags' / 'unitree_g1'
SHIPPED = ROOT / 'models' / 'g1_tabletop'
CONFIG = ROOT / 'config' / 'models' / 'g1_tabletop.json'
FRAME = 20


def converted(folder: Path, form: str = 'gr00t', fps: int = 20) -> Path:
    assert bag_to_dataset([str(BAG), '--output', str(folder), '--format', form,
                           '--fps', str(fps), '--embodiment', 'unitree_g1']) == 0
    return folder


@pytest.fixture(scope='session')
def dataset(tmp_path_factory) -> Path:
    return converted(tmp_path_factory.mktemp('dataset') / 'gr00t')


def arguments(dataset: Path, run: Path, *more: object) -> list[str]:
    return [str(each) for each in (
        '--dataset', dataset, '--output', run, '--batch-size', 8, '--device', 'cpu', *more)]


def validation(run: Path) -> list[float]:
    """Return the loss on the same batches, report after report."""
    return [float(row['validation_flow']) for row in csv.DictReader((run / 'curve.csv').open())]


def solve(checkpoint: Path, dataset: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the chunk that a checkpoint predicts for one frame and what was recorded there."""
    recorded = open_dataset(dataset).episode(0)
    system2 = load_system2(checkpoint, 'unitree_g1')
    system1 = load_system1(checkpoint, 'unitree_g1')
    images = {key: prepare_image(list(recorded.images[key]())[FRAME], spec)
              for key, spec in system2.processor.images.items()}
    context = system1.prepare(system2.encode(images, recorded.annotation.instruction))
    chunk = system1.solve(context, recorded.state[FRAME],
                          system1.draw_noise(np.random.default_rng(0)))
    return chunk, recorded.action[FRAME + 1:FRAME + 1 + len(chunk)]


def small_config(folder: Path) -> Path:
    """Write the shipped dimensions with thinner layers, so that a few steps cost little."""
    values = json.loads(CONFIG.read_text())
    values['backbone_cfg'].update(stem_channels=8, context_channels=16)
    values['action_head_cfg']['diffusion_model_cfg']['num_layers'] = 2
    path = folder / 'small.json'
    path.write_text(json.dumps(values))
    return path


def test_a_bag_trains_a_new_policy(dataset, tmp_path):
    run, config = tmp_path / 'run', small_config(tmp_path)
    assert train(arguments(dataset, run, '--config', config, '--steps', 24, '--report-every', 12,
                           '--image-crop', 0.2, 0.27, 0.76, 0.57)) == 0
    losses = validation(run)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.95 * losses[0]
    chunk, recorded = solve(run / 'checkpoint', dataset)
    assert chunk.shape == recorded.shape == (16, 17)
    assert np.isfinite(chunk).all()
    kept = json.loads((run / 'checkpoint' / 'processor_config.json').read_text())
    assert kept['processor_kwargs']['image_crop'] == [0.2, 0.27, 0.76, 0.57]
    assert kept['processor_kwargs']['action_period_s'] == 0.05


@pytest.mark.parametrize('form', ['gr00t', 'lerobot-v3'])
def test_a_bag_goes_on_training_a_shipped_policy(form, dataset, tmp_path):
    folder = dataset if form == 'gr00t' else converted(tmp_path / 'dataset', form)
    run = tmp_path / 'run'
    assert train(arguments(folder, run, '--config', CONFIG, '--init', SHIPPED, '--steps', 4,
                           '--report-every', 2)) == 0
    losses = validation(run)
    assert losses[-1] < losses[0] < 0.1    # a new policy begins at about 1
    statistics = (run / 'checkpoint' / 'statistics.json').read_text()
    assert statistics == (SHIPPED / 'statistics.json').read_text()
    chunk, recorded = solve(run / 'checkpoint', folder)
    assert np.abs(chunk - recorded).mean() < 0.1


def test_new_statistics_are_those_of_the_data_and_stay_when_resumed(
        dataset, checkpoint, tmp_path):
    start = ('--init', checkpoint, '--steps')
    assert train(arguments(dataset, tmp_path, *start, 1, '--new-statistics')) == 0
    assert train(arguments(dataset, tmp_path, *start, 2)) == 0
    recorded = open_dataset(dataset).episode(0)
    found = json.loads((tmp_path / 'checkpoint' / 'statistics.json').read_text())['unitree_g1']
    np.testing.assert_allclose(found['state']['waist']['min'],
                               recorded.state[:-1, :3].min(axis=0), rtol=1e-6)


def test_a_dataset_of_another_rate_is_refused(checkpoint, tmp_path, capsys):
    folder = converted(tmp_path / 'dataset', fps=10)
    assert train(arguments(folder, tmp_path / 'run', '--init', checkpoint)) == 1
    error = capsys.readouterr().err
    assert f'train: {folder}: it has a frame every 0.1 s, the policy acts every 0.05 s' in error
    assert '--fps 20' in error


def test_a_dataset_of_another_robot_is_refused(dataset, checkpoint, tmp_path, capsys):
    assert train(arguments(dataset, tmp_path / 'run', '--init', checkpoint,
                           '--embodiment', 'so101')) == 1
    assert f"train: {dataset}: it is of the robot 'unitree_g1'" in capsys.readouterr().err


def test_a_folder_that_is_no_dataset_is_refused(checkpoint, tmp_path, capsys):
    assert train(arguments(tmp_path, tmp_path / 'run', '--init', checkpoint)) == 1
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize(('options', 'message'), [
    ([], 'give --config, --init or both'),
    (['--config', CONFIG, '--new-statistics'], '--new-statistics needs --init'),
    (['--init', SHIPPED, '--image-crop', 0, 0, 1, 1], '--image-crop is for a new policy'),
])
def test_options_that_contradict_each_other_are_refused(options, message, tmp_path, capsys):
    with pytest.raises(SystemExit):
        train(arguments(tmp_path, tmp_path / 'run', *options))
    assert message in capsys.readouterr().err
