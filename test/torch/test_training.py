"""A short run on made-up demonstrations: it learns, stops, resumes, and ships a checkpoint."""

import csv
import dataclasses
import json
import shutil

import numpy as np
import pytest
import torch

from groot_ros.data.demonstrations import Demonstration, Recording, write_episode
from groot_ros.embodiment import load_embodiment
from groot_ros.model.policy import resolve_runtime
from groot_ros.model.processor import load_processor
from groot_ros.model.tokenizer import InstructionTokenizer
from groot_ros.training.batches import Batch, Samples
from groot_ros.training.demonstrations import DemonstrationSource
from groot_ros.training.errors import TrainingError
from groot_ros.training.objective import Objective, ObjectiveSettings
from groot_ros.training.recipe import write_checkpoint
from groot_ros.training.samples import held_out
from groot_ros.training.trainer import Schedule, Trainer

EMBODIMENT = load_embodiment('unitree_g1')
COLUMNS = EMBODIMENT.group_indices(EMBODIMENT.model.state)
JOINTS = len(EMBODIMENT.joint_names)
HORIZON = 16
WHOLE = (0.0, 0.0, 1.0, 1.0)


def episode(seed: int, valid: np.ndarray | None = None) -> Demonstration:
    rng = np.random.default_rng(seed)
    states, images = 40, 20
    command = np.cumsum(rng.normal(0, 0.02, (states, JOINTS)), axis=0).astype(np.float32)
    return Demonstration(
        task='touch', target_block='red', destination='', seed=seed,
        images=rng.integers(0, 255, (images, 96, 128, 3), dtype=np.uint8),
        image_tick=np.arange(images) * 12, state=command - 0.01, command=command,
        valid=np.ones(states, bool) if valid is None else valid,
        keypoints=np.zeros((images, 5, 3), np.float32))


def demonstrations(tmp_path, episodes, crop=WHOLE) -> DemonstrationSource:
    for item in episodes:
        write_episode(tmp_path / f'{item.seed:06d}.npz', item)
    (tmp_path / Recording.FILE).write_text(json.dumps(Recording(crop, (128, 96)).to_dict()))
    return DemonstrationSource(tmp_path, EMBODIMENT, HORIZON, seed=0)


def test_a_chunk_starts_one_period_after_its_state_and_holds_the_last_pose(tmp_path):
    recorded = episode(0)
    motion, = demonstrations(tmp_path, [recorded]).motions
    targets, valid = motion.chunk(30, HORIZON)
    np.testing.assert_array_equal(targets[:9], recorded.command[31:, COLUMNS])
    np.testing.assert_array_equal(targets[9:], np.tile(recorded.command[-1, COLUMNS], (7, 1)))
    assert valid.all()
    assert motion.starts[-1] == 39


def test_nothing_after_a_disturbance_is_a_label(tmp_path):
    valid = np.ones(40, bool)
    valid[20:25] = False
    motion, = demonstrations(tmp_path, [episode(0, valid)]).motions
    assert len(motion.starts) == 35
    _, counts = motion.chunk(14, HORIZON)
    assert counts.tolist() == [True] * 5 + [False] * 11


def test_demonstrations_of_another_crop_are_refused(checkpoint, tmp_path):
    source = demonstrations(tmp_path, [episode(0)], crop=(0.5, 0.0, 0.5, 1.0))
    with pytest.raises(TrainingError, match='ego_view.*generate them again'):
        source.episodes(load_processor(checkpoint, 'unitree_g1'), tokenizer(checkpoint))


@pytest.mark.parametrize(('episodes', 'first'), [(1, 0), (2, 1), (30, 1), (200, 10), (2773, 40)])
def test_the_first_episodes_only_validate_and_one_always_trains(episodes, first):
    assert held_out(episodes) == first


def tokenizer(checkpoint) -> InstructionTokenizer:
    return InstructionTokenizer(checkpoint / 'tokenizer.json', 32)


@pytest.fixture
def samples(checkpoint, tmp_path) -> Samples:
    processor = load_processor(checkpoint, 'unitree_g1')
    source = demonstrations(tmp_path, [episode(seed) for seed in range(3)])
    return Samples(source.episodes(processor, tokenizer(checkpoint)), processor, source.period)


def make_trainer(config, folder, steps):
    from groot_ros.model.groot import Groot
    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    schedule = Schedule(steps=steps, batch_size=4, warmup=2, report_every=4, save_every=4)
    objective = Objective(Groot(config), 0, ObjectiveSettings())
    return Trainer(objective, schedule, folder, 'cpu', False)


def test_a_resumed_run_goes_on_and_learns(config, samples, tmp_path):
    batch = samples.draw(4, np.random.default_rng(0))
    run = tmp_path / 'run'
    make_trainer(config, run, 8).run(lambda step: batch, [batch])
    resumed = make_trainer(config, run, 40)
    assert resumed.step == 8
    resumed.run(lambda step: batch, [batch])
    rows = list(csv.DictReader((run / 'curve.csv').open()))
    assert [int(row['step']) for row in rows] == list(range(4, 41, 4))
    assert float(rows[-1]['flow']) < float(rows[0]['flow'])
    assert float(rows[-1]['grounding']) < float(rows[0]['grounding'])


def test_a_checkpoint_written_again_keeps_no_export_of_earlier_weights(
        config, checkpoint, tmp_path):
    from groot_ros.model.groot import Groot
    run, written = tmp_path / 'run', tmp_path / 'run' / 'checkpoint'
    shutil.copytree(checkpoint, run)
    write_checkpoint(Groot(config), run, written)
    (written / 'system1.onnx').write_bytes(b'of these weights')
    write_checkpoint(Groot(config), run, written)
    assert resolve_runtime(written, 'auto') == 'torch'
    assert not list(written.glob('*.onnx'))


def test_every_part_of_both_systems_is_trained(config, samples):
    from groot_ros.model.groot import Groot
    model = Groot(config)
    objective = Objective(model, 0, ObjectiveSettings())
    batch = samples.draw(4, np.random.default_rng(0))
    for _ in range(2):  # zero-initialised layers hide what lies behind them once
        loss = objective.total(objective(batch))
        objective.zero_grad()
        loss.backward()
        torch.optim.SGD(objective.parameters(), lr=1.0).step()
    untrained = [name for name, weight in model.named_parameters()
                 if weight.requires_grad and (weight.grad is None or not weight.grad.any())]
    assert untrained == []


def test_a_batch_is_what_it_says(samples):
    batch = samples.draw(4, np.random.default_rng(0))
    shapes = {field.name: tuple(getattr(batch, field.name).shape)
              for field in dataclasses.fields(Batch)}
    assert shapes['images'] == (4, 1, 3, 96, 128)
    assert shapes['state'] == (4, 1, 32)
    assert shapes['actions'] == shapes['action_mask'] == (4, 16, 32)
    assert batch.action_mask[..., 17:].sum() == 0
    assert json.dumps(shapes['keypoints']) == '[4, 5, 3]'
    assert batch.requests.shape == (4, 3)
