"""Skeleton checkpoints: names, files and dtypes of a release, with small random weights."""

import json
import string
from pathlib import Path
from typing import Any, NamedTuple

import torch
from released_configs import small_config
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from torch import Tensor

from groot_ros.embodiment import Embodiment
from groot_ros.model.groot import build_backbone
from groot_ros.model.released_config import read_config
from groot_ros.model.system1.action_head import ActionHead

GROUPS = {'waist': 3, 'right_arm': 7, 'right_hand': 7}
HORIZON = 8
# The embodiment whose slot looks trained: N1 and N1.5 have no file that names slots.
TRAINED = {'n1': ('new_embodiment', 31), 'n1_5': ('new_embodiment', 31),
           'n1_6': ('unitree_g1', 1), 'n1_7': ('unitree_g1', 1)}
LM_HEADS = {'n1_5': 'backbone.eagle_model.language_model.lm_head.weight',
            'n1_7': 'backbone.model.lm_head.weight'}
SLOT_BIASES = ('action_head.state_encoder.', 'action_head.action_encoder.',
               'action_head.action_decoder.')
CHAT = ['<|im_start|>', '<|im_end|>', '<|vision_start|>', '<|image_pad|>', '<|vision_end|>']


class Body(NamedTuple):
    """What a checkpoint was made for.

    Attributes:
        groups: Joints in each group, of state and action alike.
        relative: Groups whose actions are relative to the state.
        cameras: Video keys.
        tag: Embodiment tag; None takes the one of the version.
    """

    groups: dict[str, int] = GROUPS
    relative: tuple[str, ...] = ('waist', 'right_arm')
    cameras: tuple[str, ...] = ('ego_view',)
    tag: str | None = None


def body_of(robot: Embodiment) -> Body:
    """Return what a checkpoint for a robot is made for: its hands are absolute."""
    groups = {name: len(robot.groups[name]) for name in robot.model.state}
    relative = tuple(name for name in groups if 'hand' not in name and 'gripper' not in name)
    cameras = tuple(camera.video_key for camera in robot.cameras)
    return Body(groups, relative, cameras, robot.model.embodiment_tag)


def write_skeleton(folder: Path, version: str, seed: int = 0, *, backbone: bool = True,
                   changes: dict[str, Any] | None = None, body: Body | None = None) -> Path:
    """Write a whole checkpoint folder.

    Args:
        folder: Made if it is not there.
        version: One of `released_configs.VERSIONS`; N1 has no backbone here.
        seed: Of the weights.
        backbone: Write `backbone.*` too.
        changes: Keys of config.json that differ, at its top level.
        body: What it is for; of N1.6 and N1.7 alone.
    """
    write_json(folder / 'config.json', {**small_config(version), **(changes or {})})
    weights = make_weights(folder, version, seed, backbone and version != 'n1')
    if version == 'n1':
        save_file(weights, folder / 'model.safetensors', metadata={'format': 'pt'})
    else:
        write_shards(folder, weights)
    if version in ('n1', 'n1_5'):
        write_metadata(folder, version)
    else:
        write_processor(folder, version, body or Body())
    return folder


def write_tokenizer(folder: Path) -> None:
    """Write a tokenizer of single characters."""
    characters = ['[UNK]', *string.ascii_lowercase, ' ', '\n']
    tokenizer = Tokenizer(WordLevel({text: index for index, text in enumerate(characters)},
                                    unk_token='[UNK]'))
    tokenizer.pre_tokenizer = Split('', 'isolated')
    tokenizer.add_special_tokens(CHAT)
    tokenizer.save(str(folder / 'tokenizer.json'))


def make_weights(folder: Path, version: str, seed: int, backbone: bool) -> dict[str, Tensor]:
    """Draw bfloat16 weights; every slot but the trained one keeps biases of 0."""
    config = read_config(folder)
    parts = {'action_head': ActionHead(config.action_head_cfg)}
    if backbone:
        parts['backbone'] = build_backbone(config)
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for part, module in sorted(parts.items()):
        for name, value in module.state_dict().items():
            noise = torch.randn(value.shape, generator=generator)
            is_norm = value.ndim == 1 and name.endswith('weight')
            weights[f'{part}.{name}'] = (is_norm + 0.1 * noise).to(torch.bfloat16)
    for name, value in weights.items():
        if name.startswith(SLOT_BIASES) and name.endswith('.b'):
            value[torch.arange(len(value)) != TRAINED[version][1]] = 0
    if backbone and version in LM_HEADS:
        weights[LM_HEADS[version]] = torch.randn(
            64, 32, generator=generator).to(torch.bfloat16)
    return weights


def write_shards(folder: Path, weights: dict[str, Tensor]) -> None:
    """Write three shards and their index; the last holds the action head alone."""
    backbone = sorted(name for name in weights if name.startswith('backbone.'))
    head = sorted(name for name in weights if name not in backbone)
    half = len(backbone) // 2
    shards = [backbone[:half], backbone[half:] + head[:3], head[3:]]
    files = {f'model-{index:05}-of-00003.safetensors': names
             for index, names in enumerate(shards, 1)}
    for file, names in files.items():
        save_file({name: weights[name] for name in names}, folder / file,
                  metadata={'format': 'pt'})
    size = sum(value.nbytes for value in weights.values())
    write_json(folder / 'model.safetensors.index.json', {
        'metadata': {'total_size': size},
        'weight_map': {name: file for file, names in files.items() for name in names}})


def write_processor(folder: Path, version: str, body: Body) -> None:
    """Write processor_config.json, statistics.json and embodiment_id.json (N1.6, N1.7)."""
    own_tag, slot = TRAINED[version]
    tag = body.tag or own_tag
    write_json(folder / 'embodiment_id.json', {'gr1': 0, 'new_embodiment': 3, tag: slot})
    absolute = {name: statistics([1.0] * dim) for name, dim in body.groups.items()}
    relative = {name: statistics([[0.5] * body.groups[name]] * HORIZON)
                for name in body.relative}
    write_json(folder / 'statistics.json', {name: {
        'state': absolute, 'action': absolute, 'relative_action': relative}
        for name in (tag, 'new_embodiment')})
    reps = ['RELATIVE' if name in body.relative else 'ABSOLUTE' for name in body.groups]
    modalities = {
        'video': {'delta_indices': [0], 'modality_keys': list(body.cameras)},
        'state': {'delta_indices': [0], 'modality_keys': list(body.groups)},
        'action': {'delta_indices': list(range(HORIZON)), 'modality_keys': list(body.groups),
                   'action_configs': [
                       {'rep': rep, 'type': 'NON_EEF', 'format': 'DEFAULT', 'state_key': None}
                       for rep in reps]},
        'language': {'delta_indices': [0], 'modality_keys': ['task']}}
    image = ({'image_crop_size': None, 'image_target_size': None, 'shortest_image_edge': 256,
              'crop_fraction': 0.95} if version == 'n1_6' else
             {'image_crop_size': [230, 230], 'image_target_size': [256, 256],
              'shortest_image_edge': None, 'crop_fraction': None})
    write_json(folder / 'processor_config.json', {
        'processor_class': {'n1_6': 'Gr00tN1d6Processor', 'n1_7': 'Gr00tN1d7Processor'}[version],
        'processor_kwargs': {
            'modality_configs': {tag: modalities, 'new_embodiment': modalities}, **image,
            'use_albumentations': True, 'formalize_language': True, 'max_state_dim': 32,
            'max_action_dim': 32, 'max_action_horizon': HORIZON,
            'use_percentiles': version == 'n1_7', 'clip_outliers': True,
            'apply_sincos_state_encoding': False, 'use_relative_action': True,
            'state_dropout_prob': 0.0}})


def write_metadata(folder: Path, version: str) -> None:
    """Write experiment_cfg/ (N1, N1.5)."""
    tag, _ = TRAINED[version]
    groups = {name: statistics([1.0] * dim) for name, dim in GROUPS.items()}
    shapes = {name: {'absolute': True, 'rotation_type': None, 'shape': [dim], 'continuous': True}
              for name, dim in GROUPS.items()}
    camera = {'resolution': [640, 480], 'channels': 3, 'fps': 20.0}
    write_json(folder / 'experiment_cfg' / 'metadata.json', {tag: {
        'embodiment_tag': tag, 'statistics': {'state': groups, 'action': groups},
        'modalities': {'video': {'ego_view': camera}, 'state': shapes, 'action': shapes}}})
    scaled = {'modality_keys': list(GROUPS),
              'normalization_modes': dict.fromkeys(GROUPS, 'min_max')}
    write_json(folder / 'experiment_cfg' / 'data_config.json', {tag: {
        'video': {'modality_keys': ['ego_view'], 'delta_indices': [0]},
        'state': {**scaled, 'delta_indices': [0]},
        'action': {**scaled, 'delta_indices': list(range(HORIZON))}}})


def statistics(high: list[Any]) -> dict[str, list[Any]]:
    """Every statistic of a group whose range is symmetric."""
    top = torch.tensor(high)
    values = {'min': -top, 'max': top, 'q01': -0.9 * top, 'q99': 0.9 * top, 'mean': 0 * top,
              'std': 0.5 * top}
    return {name: value.tolist() for name, value in values.items()}


def write_json(file: Path, values: dict[str, Any]) -> None:
    """Write a JSON file and the folders above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values, indent=2))
