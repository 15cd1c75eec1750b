"""Sidecar files of small checkpoints, in the layouts of the releases."""

import json
import struct
from pathlib import Path

import numpy as np

HORIZON = 4
GROUPS = {'eef': 9, 'arm': 2, 'hand': 1}


def statistics(low, high):
    """Every statistic of one group, from its range."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    return {'min': low.tolist(), 'max': high.tolist(), 'q01': (0.9 * low).tolist(),
            'q99': (0.9 * high).tolist(), 'mean': (0.5 * (low + high)).tolist(),
            'std': (0.25 * (high - low)).tolist()}


def n1_7(**changes):
    """Files of a checkpoint with an end effector, an arm and a hand; see `n1_7_settings`."""
    ranges = {name: statistics(-np.arange(1, dim + 1), 2 * np.arange(1, dim + 1))
              for name, dim in GROUPS.items()}
    rows = np.arange(1, HORIZON + 1)[:, None]
    relative = {'eef': statistics(-2 * rows * np.ones(9), 2 * rows * np.ones(9)),
                'arm': statistics(-rows * [0.1, 0.2], rows * [0.1, 0.2])}
    return {
        'config.json': {'model_type': 'Gr00tN1d7', 'max_state_dim': 16, 'max_action_dim': 14,
                        'action_horizon': HORIZON + 2},
        'processor_config.json': {'processor_class': 'Gr00tN1d7Processor',
                                  'processor_kwargs': {**n1_7_settings(), **changes}},
        'embodiment_id.json': {'robot': 3, 'new_embodiment': 5},
        'statistics.json': {'robot': {'state': ranges, 'action': ranges,
                                      'relative_action': relative}}}


def n1_7_settings():
    """`processor_kwargs` as the release writes them."""
    return {
        'modality_configs': {'robot': {
            'video': {'delta_indices': [-15, 0], 'modality_keys': ['front', 'wrist']},
            'state': {'delta_indices': [0], 'modality_keys': list(GROUPS),
                      'sin_cos_embedding_keys': ['arm'], 'mean_std_embedding_keys': ['hand']},
            'action': {'delta_indices': list(range(HORIZON)),
                       'modality_keys': ['hand', 'eef', 'arm'],
                       'action_configs': [
                           {'rep': 'ABSOLUTE', 'type': 'NON_EEF', 'format': 'DEFAULT'},
                           {'rep': 'RELATIVE', 'type': 'EEF', 'format': 'XYZ_ROT6D',
                            'state_key': 'eef'},
                           {'rep': 'RELATIVE', 'type': 'NON_EEF', 'format': 'DEFAULT',
                            'state_key': None}]},
            'language': {'delta_indices': [0], 'modality_keys': ['annotation.language', 'other']},
            'rl_info': {'anything': [1, 2]}}},
        'image_crop_size': [230, 230], 'image_target_size': [256, 256],
        'use_albumentations': True, 'shortest_image_edge': None, 'crop_fraction': None,
        'max_state_dim': 16, 'max_action_dim': 14, 'max_action_horizon': HORIZON + 2,
        'use_percentiles': True, 'use_relative_action': True,
        'apply_sincos_state_encoding': True}


def n1_5():
    """Files of a checkpoint with a rotated tool, an arm and a gripper."""
    groups = {'gripper': statistics([0.0], [1.0]), 'arm': statistics([-1, -2, 3], [1, 2, 3]),
              'tool': statistics([-1, -1, -1], [1, 1, 1])}
    shapes = {name: {'absolute': True, 'rotation_type': None, 'continuous': True,
                     'shape': [len(values['min'])]} for name, values in groups.items()}
    shapes['tool']['rotation_type'] = 'euler_angles_rpy'
    data_config = {
        'video': {'modality_keys': ['ego_view'], 'delta_indices': [0]},
        'state': {'modality_keys': ['tool', 'arm', 'gripper'], 'delta_indices': [0],
                  'sin_cos_embedding_keys': ['arm'], 'target_rotations': {'tool': 'rotation_6d'},
                  'normalization_modes': {'gripper': 'min_max'}},
        'action': {'modality_keys': ['arm', 'tool', 'gripper'], 'delta_indices': [0, 1, 2, 3],
                   'target_rotations': {'tool': 'axis_angle'},
                   'normalization_modes': {'arm': 'q99', 'tool': 'min_max',
                                           'gripper': 'binary'}}}
    return {
        'config.json': {'model_type': 'gr00t_n1_5', 'action_head_cfg': {
            'max_state_dim': 14, 'max_action_dim': 10, 'action_horizon': 4}},
        'experiment_cfg/metadata.json': {'gr1': {
            'embodiment_tag': 'gr1', 'statistics': {'state': groups, 'action': groups},
            'modalities': {'state': shapes, 'action': shapes, 'video': {
                'ego_view': {'resolution': [320, 240], 'channels': 3, 'fps': 20.0}}}}},
        'experiment_cfg/data_config.json': {'gr1': data_config}}


def write(folder: Path, files) -> Path:
    """Write JSON files, by path below the folder."""
    for name, values in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(values if isinstance(values, str) else json.dumps(values))
    return folder


def write_weights(file: Path, tensors) -> None:
    """Write a safetensors file of float32 arrays with numpy alone."""
    header, end = {}, 0
    for name, values in tensors.items():
        start, end = end, end + 4 * values.size
        header[name] = {'dtype': 'F32', 'shape': list(values.shape), 'data_offsets': [start, end]}
    text = json.dumps(header).encode()
    parts = [values.astype('<f4').tobytes() for values in tensors.values()]
    file.write_bytes(struct.pack('<Q', len(text)) + text + b''.join(parts))
