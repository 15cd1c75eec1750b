"""From demonstrations and a model configuration to a checkpoint folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from groot_ros.data.datasets.statistics import embodiment_statistics
from groot_ros.embodiment import Embodiment
from groot_ros.model.checkpoint import save_model, write_json
from groot_ros.model.config import ModelConfig
from groot_ros.model.groot import Groot
from groot_ros.training.samples import Motion
from groot_ros.training.word_embeddings import find_sentence_encoder, word_table

# Absolute targets pull a redundant arm back to the poses that were demonstrated; chunks relative
# to the measured pose let it drift away from them.
RELATIVE_GROUPS: frozenset[str] = frozenset()
STATISTICS_FILE = 'statistics.json'
PROCESSOR_FILES = ('processor_config.json', STATISTICS_FILE, 'embodiment_id.json',
                   'tokenizer.json')


def write_processor(folder: Path, embodiment: Embodiment, config: ModelConfig,
                    crop: tuple[float, float, float, float], action_period_s: float) -> None:
    """Write processor_config.json, embodiment_id.json and tokenizer.json of a new run."""
    mapping, head = embodiment.model, config.action_head_cfg
    modality = {
        'video': {'delta_indices': [0],
                  'modality_keys': [camera.video_key for camera in embodiment.cameras]},
        'state': {'delta_indices': [0], 'modality_keys': list(mapping.state)},
        'action': {'delta_indices': list(range(head.action_horizon)),
                   'modality_keys': list(mapping.action),
                   'action_configs': [_action_config(name) for name in mapping.action]},
        'language': {'delta_indices': [0],
                     'modality_keys': ['annotation.human.task_description']}}
    write_json(folder / 'processor_config.json', {
        'processor_class': 'GrootRosProcessor',
        'processor_kwargs': {
            'modality_configs': {mapping.embodiment_tag: modality},
            'image_crop': list(crop),
            'image_target_size': [config.small_backbone().image_width,
                                  config.small_backbone().image_height],
            'max_state_dim': head.max_state_dim, 'max_action_dim': head.max_action_dim,
            'max_action_horizon': head.action_horizon, 'action_period_s': action_period_s,
            'use_percentiles': False, 'clip_outliers': True,
            'use_relative_action': bool(RELATIVE_GROUPS),
            'formalize_language': True}})
    write_json(folder / 'embodiment_id.json', {mapping.embodiment_tag: 0})
    shutil.copy(find_sentence_encoder() / 'tokenizer.json', folder / 'tokenizer.json')


def write_statistics(folder: Path, embodiment: Embodiment, motions: Sequence[Motion],
                     horizon: int) -> None:
    """Write statistics.json of the training episodes; other robots' statistics in it stay.

    Args:
        folder: Of the run.
        embodiment: The robot.
        motions: Of the episodes that are trained on.
        horizon: Rows of an action chunk.
    """
    mapping, file = embodiment.model, folder / STATISTICS_FILE
    samples = [(motion, start) for motion in motions for start in motion.starts]
    known = json.loads(file.read_text()) if file.is_file() else {}
    write_json(file, {**known, mapping.embodiment_tag: embodiment_statistics(
        np.stack([motion.state[start] for motion, start in samples]),
        np.stack([motion.chunk(start, horizon)[0] for motion, start in samples]),
        _columns(embodiment, mapping.state), _columns(embodiment, mapping.action),
        RELATIVE_GROUPS)})


def new_model(config: ModelConfig, seed: int) -> Groot:
    """Return a seeded model with the pretrained word table."""
    torch.manual_seed(seed)
    model = Groot(config)
    table = word_table(find_sentence_encoder(), config.small_backbone().word_embedding_dim)
    model.backbone.text.words.weight.data.copy_(torch.from_numpy(table))
    return model


def write_checkpoint(model: Groot, run: Path, checkpoint: Path) -> None:
    """Assemble a checkpoint folder from trained weights and the run's processor files.

    ONNX files of earlier weights are removed: the nodes would run them in place of these.
    """
    for earlier in checkpoint.glob('*.onnx'):
        earlier.unlink()
    save_model(model, checkpoint)
    for name in PROCESSOR_FILES:
        shutil.copy(run / name, checkpoint / name)


def _columns(embodiment: Embodiment, groups: tuple[str, ...]) -> dict[str, slice]:
    columns, start = {}, 0
    for name in groups:
        stop = start + len(embodiment.groups[name])
        columns[name], start = slice(start, stop), stop
    return columns


def _action_config(group: str) -> dict[str, str]:
    rep = 'RELATIVE' if group in RELATIVE_GROUPS else 'ABSOLUTE'
    return {'rep': rep, 'type': 'NON_EEF', 'format': 'DEFAULT', 'state_key': group}
