"""A short run on made-up demonstrations: it learns, stops, resumes, and ships a checkpoint."""

import csv
import dataclasses
import json

import numpy as np
import pytest
import torch

from groot_ros.data.demonstrations import Demonstration, write_episode
from groot_ros.model.processor import load_processor
from groot_ros.model.tokenizer import InstructionTokenizer
from groot_ros.training.batches import Batch, DemonstrationSet, SentenceBank
from groot_ros.training.objective import Objective, ObjectiveSettings
from groot_ros.training.trainer import Schedule, Trainer

JOINTS = 17


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


def demonstrations(tmp_path, episodes) -> DemonstrationSet:
    paths = []
    for item in episodes:
        paths.append(tmp_path / f'{item.seed:06d}.npz')
        write_episode(paths[-1], item)
    return DemonstrationSet(paths, np.arange(JOINTS), horizon=16)


def test_a_chunk_starts_one_period_after_its_state_and_holds_the_last_pose(tmp_path):
    recorded = episode(0)
    samples = demonstrations(tmp_path, [recorded])
    targets, valid = samples.chunk(samples._episodes[0], 30)
    np.testing.assert_array_equal(targets[:9], recorded.command[31:])
    np.testing.assert_array_equal(targets[9:], np.tile(recorded.command[-1], (7, 1)))
    assert valid.all()


def test_nothing_after_a_disturbance_is_a_label(tmp_path):
    valid = np.ones(40, bool)
    valid[20:25] = False
    samples = demonstrations(tmp_path, [episode(0, valid)])
    assert len(samples) == 35
    _, counts = samples.chunk(samples._episodes[0], 14)
    assert counts.tolist() == [True] * 5 + [False] * 11


@pytest.fixture
def parts(checkpoint, tmp_path):
    processor = load_processor(checkpoint, 'unitree_g1')
    sentences = SentenceBank(InstructionTokenizer(checkpoint / 'tokenizer.json', 32), processor,
                             np.random.default_rng(0))
    return demonstrations(tmp_path, [episode(seed) for seed in range(3)]), processor, sentences


def make_trainer(config, folder, steps):
    from groot_ros.model.groot import Groot
    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    schedule = Schedule(steps=steps, batch_size=4, warmup=2, report_every=4, save_every=4)
    objective = Objective(Groot(config), 0, ObjectiveSettings())
    return Trainer(objective, schedule, folder, 'cpu', False)


def test_a_resumed_run_goes_on_and_learns(config, parts, tmp_path):
    samples, processor, sentences = parts
    batch = samples.draw(4, processor, sentences, np.random.default_rng(0))
    run = tmp_path / 'run'
    make_trainer(config, run, 8).run(lambda step: batch, [batch])
    resumed = make_trainer(config, run, 40)
    assert resumed.step == 8
    resumed.run(lambda step: batch, [batch])
    rows = list(csv.DictReader((run / 'curve.csv').open()))
    assert [int(row['step']) for row in rows] == list(range(4, 41, 4))
    assert float(rows[-1]['flow']) < float(rows[0]['flow'])
    assert float(rows[-1]['grounding']) < float(rows[0]['grounding'])


def test_every_part_of_both_systems_is_trained(config, parts):
    from groot_ros.model.groot import Groot
    samples, processor, sentences = parts
    model = Groot(config)
    objective = Objective(model, 0, ObjectiveSettings())
    batch = samples.draw(4, processor, sentences, np.random.default_rng(0))
    for _ in range(2):  # zero-initialised layers hide what lies behind them once
        loss = objective.total(objective(batch))
        objective.zero_grad()
        loss.backward()
        torch.optim.SGD(objective.parameters(), lr=1.0).step()
    untrained = [name for name, weight in model.named_parameters()
                 if weight.requires_grad and (weight.grad is None or not weight.grad.any())]
    assert untrained == []


def test_a_batch_is_what_it_says(parts):
    samples, processor, sentences = parts
    batch = samples.draw(4, processor, sentences, np.random.default_rng(0))
    shapes = {field.name: tuple(getattr(batch, field.name).shape)
              for field in dataclasses.fields(Batch)}
    assert shapes['images'] == (4, 1, 3, 96, 128)
    assert shapes['state'] == (4, 1, 32)
    assert shapes['actions'] == shapes['action_mask'] == (4, 16, 32)
    assert batch.action_mask[..., 17:].sum() == 0
    assert json.dumps(shapes['keypoints']) == '[4, 5, 3]'
    assert batch.requests.shape == (4, 3)
