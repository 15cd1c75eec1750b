"""inspect_checkpoint: sizes, embodiments and fit, from headers and sidecar files alone."""

import json
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from checkpoint_files import n1_5, n1_7, write, write_weights

from groot_ros.embodiment import load_embodiment
from groot_ros.model.inspection import inspect
from groot_ros.model.inspection.__main__ import main
from groot_ros.model.processor import ProcessorError
from groot_ros.model.weight_headers import CheckpointError, read_headers

SHIPPED = Path(__file__).parents[3] / 'models' / 'g1_tabletop'
ROBOT = load_embodiment('unitree_g1')
WEIGHTS = {
    'backbone.model.model.visual.blocks.0.weight': (3, 4),
    'backbone.model.model.language_model.norm.weight': (5,),
    'backbone.model.lm_head.weight': (7, 2),
    'action_head.vlln.weight': (6,),
    'action_head.vl_self_attention.transformer_blocks.0.norm1.weight': (6,),
    'action_head.model.proj_out_1.weight': (8, 2),
    'action_head.state_encoder.layer1.b': (6, 3)}


def arrays():
    return {name: np.ones(shape, np.float32) for name, shape in WEIGHTS.items()}


@pytest.fixture
def checkpoint(tmp_path):
    files = n1_7()
    files['config.json']['num_inference_timesteps'] = 4
    weights = arrays()
    weights['action_head.state_encoder.layer1.b'][5] = 0.0
    write_weights(write(tmp_path, files) / 'model.safetensors', weights)
    return tmp_path


def test_parts_are_counted_for_the_node_that_holds_them(checkpoint):
    report = inspect(checkpoint)
    sizes = {(part.node, part.name): part.parameters for part in report.parts}
    assert sizes == {
        ('planner', 'backbone vision'): 12, ('planner', 'backbone language'): 5,
        ('planner', 'action_head.vlln'): 6, ('planner', 'action_head.vl_self_attention'): 6,
        ('controller', 'action_head.model'): 16, ('controller', 'action_head.state_encoder'): 18,
        ('not loaded', 'backbone lm_head'): 14}
    assert report.memory == {'planner': {'float32': 4 * 29, 'bfloat16': 2 * 29},
                             'controller': {'float32': 4 * 34, 'bfloat16': 2 * 34}}


def test_version_head_and_embodiments_are_told(checkpoint):
    report = inspect(checkpoint)
    assert (report.version, report.dtypes) == ('GR00T N1.7', {'F32': 7})
    assert report.head['action_horizon'] == 6
    assert report.head['num_inference_timesteps'] == 4
    assert [(row.tag, row.slot, row.trained, row.described) for row in report.embodiments] == [
        ('robot', 3, True, True), ('new_embodiment', 5, False, False)]


def test_what_does_not_fit_is_told_key_by_key(checkpoint):
    fit = {row.key: row for row in inspect(checkpoint, robot_with_tag('robot')).fit}
    assert fit['model.embodiment_tag'].fits
    assert not fit['model.state[0]'].fits
    assert fit['model.state[0]'].remedy.startswith('define groups.eef with 9 joints')
    assert fit['cameras.*.video_key'].remedy == 'set video_key of one of head to wrist'
    assert not fit['video.delta_indices'].fits
    assert fit['action_period_s'].fits is None


def robot_with_tag(tag):
    return replace(ROBOT, model=replace(ROBOT.model, embodiment_tag=tag))


def test_groups_in_another_order_do_not_fit():
    model = replace(ROBOT.model, state=tuple(reversed(ROBOT.model.state)))
    rows = inspect(SHIPPED, replace(ROBOT, model=model)).fit
    wrong = {row.key: row.remedy for row in rows if row.fits is False}
    assert list(wrong) == ['model.state[0]', 'model.state[2]']
    assert wrong['model.state[0]'].startswith('put waist here')


def test_the_shipped_policy_fits_its_robot(capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '200')
    assert main([str(SHIPPED), '--embodiment', 'unitree_g1']) == 0
    shown = capsys.readouterr().out
    assert 'right_shoulder_pitch_joint' in shown
    assert 'unitree_g1' in shown


def test_json_holds_the_same(capsys):
    assert main([str(SHIPPED), '--embodiment', 'unitree_g1', '--json']) == 0
    values = json.loads(capsys.readouterr().out)
    assert values['fits']
    assert values['processor']['state'] == {'waist': 3, 'right_arm': 7, 'right_hand': 7}
    assert sum(part['parameters'] for part in values['parts']) == sum(
        entry.parameters for entry in read_headers(SHIPPED).values())


def test_a_checkpoint_that_does_not_fit_ends_with_1(checkpoint, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '200')
    assert main([str(checkpoint), '--embodiment', 'unitree_g1']) == 1
    assert "no embodiment 'unitree_g1'" in capsys.readouterr().out.replace('\n', ' ')


def test_an_untrained_embodiment_ends_with_1(checkpoint, capsys):
    write(checkpoint, {'embodiment_id.json': {'robot': 5}})
    rows = inspect(checkpoint, robot_with_tag('robot')).fit
    assert rows[0].checkpoint == 'robot (slot 5, never trained)'
    assert rows[0].fits is False


@pytest.mark.parametrize('arguments', [['/no/such/folder'], [str(SHIPPED), '--embodiment', 'gr2']])
def test_what_cannot_be_read_ends_with_2(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith('inspect_checkpoint: ')


def test_n1_5_is_read_from_its_metadata(tmp_path):
    report = inspect(write(tmp_path, n1_5()))
    assert report.version == 'GR00T N1.5'
    assert report.processor is not None
    assert [row.tag for row in report.embodiments if row.described] == ['gr1']
    assert report.problems == (f'{tmp_path}: no safetensors weights',)
    assert not report.fits


def test_a_broken_sidecar_is_a_problem_and_the_rest_is_still_told(checkpoint):
    (checkpoint / 'statistics.json').write_text('{')
    report = inspect(checkpoint)
    assert report.parts
    assert report.processor is None
    assert 'statistics.json: expected JSON' in report.problems[0]


def test_a_folder_without_a_configuration_is_refused(tmp_path):
    with pytest.raises(ProcessorError, match='config.json: no such file'):
        inspect(tmp_path)


@pytest.fixture
def shards(tmp_path):
    weights, names = arrays(), list(WEIGHTS)
    files = {'a.safetensors': names[:3], 'b.safetensors': names[3:]}
    for file, part in files.items():
        write_weights(tmp_path / file, {name: weights[name] for name in part})
    write(tmp_path, {'model.safetensors.index.json': {
        'weight_map': {name: file for file, part in files.items() for name in part}}})
    return tmp_path


def test_shards_are_read_as_one(shards):
    assert {name: entry.shape for name, entry in read_headers(shards).items()} == WEIGHTS


def test_of_both_forms_the_single_file_counts_as_in_loading(shards):
    write_weights(shards / 'model.safetensors', {'only': np.zeros(2, np.float32)})
    assert list(read_headers(shards)) == ['only']


def test_a_missing_shard_is_named(shards):
    (shards / 'b.safetensors').unlink()
    with pytest.raises(CheckpointError, match=r'b.safetensors: no such file'):
        read_headers(shards)


def test_a_shard_without_a_promised_tensor_is_named(shards):
    shutil.copy(shards / 'a.safetensors', shards / 'b.safetensors')
    with pytest.raises(CheckpointError, match=r'b.safetensors: expected tensor action_head.vlln'):
        read_headers(shards)


@pytest.mark.parametrize(('damage', 'message'), [
    (lambda content: content[:-1], r'expected \d+ bytes, got \d+'),
    (lambda content: content[:5], r'expected a header of'),
    (lambda content: content[:40], r'expected a header of \d+ bytes, got a file of 40'),
    (lambda content: struct.pack('<Q', 4) + b'oops', r'expected a safetensors header'),
    (lambda content: struct.pack('<Q', 2) + b'[]', r'expected a safetensors header')])
def test_a_damaged_file_is_refused(tmp_path, damage, message):
    file = tmp_path / 'model.safetensors'
    write_weights(file, arrays())
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(CheckpointError, match=f'model.safetensors: {message}'):
        read_headers(tmp_path)
