"""What features.json and dataset_info.json of TensorFlow Datasets say of an RLDS dataset.

Source: tensorflow_datasets 4.9.10, `FeatureConnector.to_json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from groot_ros.data.datasets.episode import Layout

NAME, VERSION, SPLIT = 'groot_ros', '1.0.0', 'train'
SHARD = f'{NAME}-{SPLIT}.tfrecord-{{number:05d}}'
CONNECTORS = 'tensorflow_datasets.core.features.'


def features(layout: Layout, picture_format: str) -> dict[str, Any]:
    """Return features.json.

    Args:
        layout: Of the dataset.
        picture_format: 'jpeg' or 'png'.
    """
    pictures = {key: _picture(size, picture_format) for key, size in layout.cameras.items()}
    steps = {
        'observation': _nested({'state': _numbers(len(layout.state_names)), **pictures}),
        'action': _numbers(len(layout.action_names)),
        'timestamp': _scalar('float32'), 'reward': _scalar('float32'),
        'discount': _scalar('float32'), 'is_first': _scalar('bool'), 'is_last': _scalar('bool'),
        'is_terminal': _scalar('bool'), 'language_instruction': _text(), 'sub_goal': _text()}
    told = {'file_path': _text(), 'start_s': _text(), 'provenance': _text(),
            'tags': _sequence('sequence_feature.Sequence', _text())}
    return _nested({'steps': _sequence('dataset_feature.Dataset', _nested(steps)),
                    'episode_metadata': _nested(told)})


def dataset_info(layout: Layout, sizes: Sequence[int]) -> dict[str, Any]:
    """Return dataset_info.json.

    Args:
        layout: Of the dataset.
        sizes: Of the file of each episode [bytes].
    """
    return {
        'name': NAME, 'version': VERSION, 'fileFormat': 'tfrecord', 'citation': '',
        'description': (
            f'Robot {layout.robot}, {layout.fps:g} steps per second. '
            f'observation/state [rad]: {_joints(layout.state)}. '
            f'action, targets in force [rad]: {_joints(layout.action)}.'),
        'releaseNotes': {VERSION: 'Made of rosbags by groot_ros.'},
        'splits': [{
            'name': SPLIT, 'shardLengths': ['1'] * len(sizes), 'numBytes': str(sum(sizes)),
            # Without the number of all files, which would change with every episode.
            'filepathTemplate': '{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_INDEX}'}]}


def _joints(groups: Mapping[str, Sequence[str]]) -> str:
    return '; '.join(f'{group}: {", ".join(names)}' for group, names in groups.items())


def _nested(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {'pythonClassName': f'{CONNECTORS}features_dict.FeaturesDict',
            'featuresDict': {'features': dict(entries)}}


def _sequence(connector: str, feature: Mapping[str, Any]) -> dict[str, Any]:
    return {'pythonClassName': CONNECTORS + connector,
            'sequence': {'feature': dict(feature), 'length': '-1'}}


def _numbers(count: int) -> dict[str, Any]:
    return {'pythonClassName': f'{CONNECTORS}tensor_feature.Tensor',
            'tensor': {'shape': {'dimensions': [str(count)]}, 'dtype': 'float32',
                       'encoding': 'none'}}


def _scalar(kind: str) -> dict[str, Any]:
    return {'pythonClassName': f'{CONNECTORS}scalar.Scalar',
            'tensor': {'shape': {}, 'dtype': kind, 'encoding': 'none'}}


def _text() -> dict[str, Any]:
    return {'pythonClassName': f'{CONNECTORS}text_feature.Text', 'text': {}}


def _picture(size: tuple[int, int], picture_format: str) -> dict[str, Any]:
    shape = [str(size[1]), str(size[0]), '3']
    return {'pythonClassName': f'{CONNECTORS}image_feature.Image',
            'image': {'shape': {'dimensions': shape}, 'dtype': 'uint8',
                      'encodingFormat': picture_format}}
