"""Broken sidecar files: one line with file, key, expected, got and the way out."""

import json

import numpy as np
import pytest
from checkpoint_files import n1_7, statistics, write

from groot_ros.model.processor import ProcessorError, load_processor


def refusal(folder, files):
    with pytest.raises(ProcessorError) as caught:
        load_processor(write(folder, files), 'robot')
    message = str(caught.value)
    assert '\n' not in message
    return message


def modality(files):
    return files['processor_config.json']['processor_kwargs']['modality_configs']['robot']


def test_statistics_of_another_robot(tmp_path):
    files = n1_7()
    files['statistics.json']['robot']['state']['arm'] = statistics([-1] * 7, [1] * 7)
    message = refusal(tmp_path, files)
    assert 'action_configs.arm.state_key: expected a state group of 2 values' in message
    assert 'got arm of 7: take the statistics that were saved with this checkpoint' in message


def test_statistics_of_a_robot_with_more_joints_than_the_model_has_columns(tmp_path):
    files = n1_7()
    files['statistics.json']['robot']['state']['hand'] = statistics([-1] * 7, [1] * 7)
    message = refusal(tmp_path, files)
    assert 'robot.state: expected at most 16 columns, got 20 (eef 9, arm 4, hand 7)' in message


def test_statistics_without_the_group(tmp_path):
    files = n1_7()
    del files['statistics.json']['robot']['relative_action']['arm']
    message = refusal(tmp_path, files)
    assert 'statistics.json: robot.relative_action.arm: expected this key, got eef' in message


def test_statistics_without_the_percentiles(tmp_path):
    files = n1_7()
    del files['statistics.json']['robot']['state']['eef']['q99']
    message = refusal(tmp_path, files)
    assert 'statistics.json: robot.state.eef.q99: expected this key, got min, max, q01' in message
    assert message.endswith('compute them again')


def test_statistics_of_another_embodiment(tmp_path):
    files = n1_7()
    files['statistics.json'] = {'dog': files['statistics.json']['robot']}
    assert 'statistics.json: robot: expected this key, got dog' in refusal(tmp_path, files)


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_statistics_that_are_no_numbers(tmp_path, value):
    files = n1_7()
    files['statistics.json']['robot']['action']['hand']['q01'] = [value]
    message = refusal(tmp_path, files)
    assert f'robot.action.hand.q01: expected finite numbers, got {value} at index 0' in message


def test_statistics_of_ragged_rows(tmp_path):
    files = n1_7()
    files['statistics.json']['robot']['relative_action']['arm']['min'] = [[1.0], [1.0, 2.0]]
    assert 'relative_action.arm.min: expected numbers, or rows' in refusal(tmp_path, files)


def test_relative_statistics_of_another_horizon(tmp_path):
    files = n1_7()
    modality(files)['action']['delta_indices'] = [0, 1, 2]
    message = refusal(tmp_path, files)
    assert 'relative_action.eef.min: expected 3 rows' in message
    assert 'got 4' in message


def test_a_horizon_that_the_model_does_not_have(tmp_path):
    files = n1_7(use_relative_action=False)
    modality(files)['action']['delta_indices'] = list(range(7))
    message = refusal(tmp_path, files)
    assert 'action.delta_indices: expected at most 6 steps' in message
    assert 'got 7: fine-tune with a larger action_horizon' in message


@pytest.mark.parametrize('text', ['{"robot": ', '', '[1, 2]'])
@pytest.mark.parametrize('file', [
    'processor_config.json', 'statistics.json', 'embodiment_id.json', 'config.json'])
def test_files_that_are_not_json(tmp_path, file, text):
    message = refusal(tmp_path, n1_7() | {file: text})
    assert f'{file}: expected ' in message


def test_slots_that_are_no_numbers(tmp_path):
    message = refusal(tmp_path, n1_7() | {'embodiment_id.json': {'robot': '3'}})
    assert "embodiment_id.json: robot: expected the index of a slot, got '3'" in message


def test_an_embodiment_without_a_slot(tmp_path):
    message = refusal(tmp_path, n1_7() | {'embodiment_id.json': {'dog': 3}})
    assert "no embodiment 'robot'" in message
    assert 'dog' in message


def test_a_model_of_another_size(tmp_path):
    message = refusal(tmp_path, n1_7(max_state_dim=64))
    assert 'processor_kwargs.max_state_dim: expected 16, as' in message
    assert 'config.json says, got 64' in message


@pytest.mark.parametrize(('key', 'value', 'expected'), [
    ('use_percentiles', 'yes', 'use_percentiles: expected true or false'),
    ('max_action_dim', 0, 'max_action_dim: expected an integer above 0'),
    ('action_period_s', -1, 'action_period_s: expected a number above 0'),
    ('modality_configs', [], 'modality_configs: expected keys and values')])
def test_settings_of_another_kind(tmp_path, key, value, expected):
    assert expected in refusal(tmp_path, n1_7(**{key: value}))


@pytest.mark.parametrize(('config', 'expected'), [
    ({'rep': 'DELTA'}, 'rep: expected RELATIVE or ABSOLUTE, got DELTA'),
    ({'rep': 'MAYBE'}, "rep: expected one of RELATIVE, ABSOLUTE, got 'MAYBE'"),
    ({'rep': 'RELATIVE', 'state_key': 'leg'},
     "state_key: expected one of the state groups eef, arm, hand, got 'leg'"),
    ({'rep': 'RELATIVE', 'type': 'EEF'}, 'format: expected XYZ_ROT6D or XYZ_ROTVEC'),
    ({'rep': 'RELATIVE', 'type': 'EEF', 'format': 'XYZ_ROTVEC'},
     'format: expected 6 values for XYZ_ROTVEC, got 2')])
def test_actions_that_cannot_be_executed(tmp_path, config, expected):
    files = n1_7()
    modality(files)['action']['action_configs'][2] = config
    assert expected in refusal(tmp_path, files)


def test_one_action_config_too_few(tmp_path):
    files = n1_7()
    modality(files)['action']['action_configs'].pop()
    assert 'expected one mapping for each of the 3 modality_keys' in refusal(tmp_path, files)


def test_a_group_that_is_listed_twice(tmp_path):
    files = n1_7()
    modality(files)['state']['modality_keys'] = ['eef', 'arm', 'arm']
    assert "state.modality_keys: 'arm' appears twice" in refusal(tmp_path, files)


def test_a_file_in_the_release_that_no_reader_knows_does_no_harm(tmp_path):
    files = json.loads(json.dumps(n1_7(random_rotation_angle=None, color_jitter_params={})))
    assert load_processor(write(tmp_path, files), 'robot').embodiment_id == 3
