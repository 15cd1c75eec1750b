"""Tiny models of the shipped and of the released architectures, with seeded random weights."""

import dataclasses
import importlib.util
import json
import sys
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from groot_ros.model.checkpoint import save_model, write_json
from groot_ros.model.config import ModelConfig
from groot_ros.model.groot import Groot

# `pip install .` gives the model without ROS; the torch suite of scripts/test has both.
collect_ignore = [] if importlib.util.find_spec('rclpy') else [
    'test_released_nodes.py', 'test_replay_robots.py']
# The files of all tests are importable from here too.
sys.path[:0] = [str(Path(__file__).parents[1])]

SHIPPED = Path(__file__).parents[2] / 'config' / 'models' / 'g1_tabletop.json'
GROUPS = {'waist': 3, 'right_arm': 7, 'right_hand': 7}
WORDS = ['[UNK]', 'touch', 'push', 'put', 'the', 'red', 'green', 'blue', 'block', 'cube', 'in',
         'yellow', 'bin']


@pytest.fixture(scope='session')
def config() -> ModelConfig:
    """The shipped dimensions with few layers and a vocabulary of a few words."""
    shipped = ModelConfig.from_dict(json.loads(SHIPPED.read_text()))
    backbone = dataclasses.replace(shipped.backbone_cfg, vocabulary_size=len(WORDS),
                                   word_embedding_dim=8)
    return dataclasses.replace(shipped, backbone_cfg=backbone)


@pytest.fixture(scope='session')
def model(config) -> Groot:
    """A model that is away from its initial symmetries."""
    torch.manual_seed(0)
    model = Groot(config)
    for weight in model.parameters():
        weight.data += 0.02 * torch.randn_like(weight)
    return model.eval()


@pytest.fixture(scope='session')
def checkpoint(model, config, tmp_path_factory) -> Path:
    """A whole checkpoint folder without ONNX files."""
    folder = tmp_path_factory.mktemp('checkpoint')
    save_model(model, folder)
    horizon = config.action_head_cfg.action_horizon
    write_json(folder / 'embodiment_id.json', {'unitree_g1': 1})
    write_json(folder / 'statistics.json', {'unitree_g1': {
        'state': {name: _bounds([1.0] * dim) for name, dim in GROUPS.items()},
        'action': {name: _bounds([1.0] * dim) for name, dim in GROUPS.items()},
        'relative_action': {name: _bounds([[0.5] * dim] * horizon)
                            for name, dim in GROUPS.items()}}})
    write_json(folder / 'processor_config.json', {'processor_kwargs': {
        'modality_configs': {'unitree_g1': {
            'video': {'delta_indices': [0], 'modality_keys': ['ego_view']},
            'state': {'delta_indices': [0], 'modality_keys': list(GROUPS)},
            'action': {'delta_indices': list(range(horizon)), 'modality_keys': list(GROUPS),
                       'action_configs': [{'rep': 'RELATIVE'}, {'rep': 'RELATIVE'},
                                          {'rep': 'ABSOLUTE'}]}}},
        'image_crop': [0, 0, 1, 1], 'image_target_size': [128, 96],
        'max_state_dim': 32, 'max_action_dim': 32, 'use_percentiles': True,
        'formalize_language': True, 'action_period_s': 0.05}})
    tokenizer = Tokenizer(WordLevel({word: index for index, word in enumerate(WORDS)},
                                    unk_token='[UNK]'))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / 'tokenizer.json'))
    return folder


@pytest.fixture(scope='session')
def released(tmp_path_factory) -> dict[str, Path]:
    """A skeleton of each supported release, by version, with a tokenizer of single characters."""
    from skeletons import write_skeleton, write_tokenizer
    root = tmp_path_factory.mktemp('released')
    folders = {version: write_skeleton(root / version, version, seed=3)
               for version in ('n1_5', 'n1_6', 'n1_7')}
    for folder in folders.values():
        write_tokenizer(folder)
    return folders


def _bounds(high: list) -> dict[str, list]:
    low = (-torch.tensor(high)).tolist()
    return {'min': low, 'max': high, 'q01': low, 'q99': high}
