"""The processor of N1 and N1.5: groups and scalings of a data configuration."""

import numpy as np
import pytest
from checkpoint_files import n1_5, write
from hypothesis import given
from hypothesis import strategies as st

from groot_ros.model.processor import ProcessorError, load_processor
from groot_ros.model.processor.groups import GroupMeanStd
from groot_ros.model.processor.groups_n1 import (
    GroupAsIs,
    GroupMinMax,
    GroupPercentiles,
    GroupScale,
    GroupSwitch,
)

LOW, HIGH = np.array([-1.0, -2, 3]), np.array([1.0, 2, 3])


@pytest.fixture(scope='module')
def processor(tmp_path_factory):
    return load_processor(write(tmp_path_factory.mktemp('n1_5'), n1_5()), 'gr1')


def test_it_reads_what_the_files_say(processor):
    assert processor.embodiment_id == 24
    assert list(processor.state_groups.items()) == [('tool', 3), ('arm', 3), ('gripper', 1)]
    assert list(processor.action_groups.items()) == [('arm', 3), ('tool', 3), ('gripper', 1)]
    assert (processor.max_state_dim, processor.max_action_dim) == (14, 10)
    assert processor.action_period == pytest.approx(0.05)
    assert processor.images['ego_view'].output_size(320, 240) == (224, 224)
    assert processor.instruction('Pick it, please.') == 'Pick it, please.'


def test_a_rotation_is_converted_and_angles_become_sines_and_cosines(processor):
    state = np.array([0, 0, np.pi / 2, 0, np.pi / 2, 0, 0.25], np.float32)
    normalized = processor.normalize_state(state)
    np.testing.assert_allclose(normalized[:6], [0, -1, 0, 1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(normalized[6:12], [0, 1, 0, 1, 0, 1], atol=1e-6)
    np.testing.assert_allclose(normalized[12:], [-0.5, 0], atol=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_unnormalize_inverts_normalize(processor, seed):
    rng = np.random.default_rng(seed)
    arm = np.column_stack([rng.uniform(-0.9, 0.9, (4, 2)), np.full(4, 0.9 * 3)])
    tool = rng.uniform(-1.4, 1.4, (4, 3))
    actions = np.column_stack([arm, tool, rng.integers(0, 2, 4)]).astype(np.float32)
    state = np.zeros(7, np.float32)
    back = processor.unnormalize_actions(processor.normalize_actions(actions, state), state)
    np.testing.assert_allclose(back, actions, atol=1e-5)


@pytest.mark.parametrize(('group', 'values', 'normalized', 'back'), [
    (GroupMinMax('g', LOW, HIGH), [2, 0, 5], [2, 0, 0], [2, 0, 3]),
    (GroupPercentiles('g', LOW, HIGH), [2, 1, 0.5], [1, 0.5, 0.5], [1, 1, 3]),
    (GroupMeanStd('g', LOW, np.array([2.0, 1, 0])), [3, 0, 7], [2, 2, 7], [3, 0, 7]),
    (GroupSwitch('g', 3), [0.5, 0.6, -1], [0, 1, 0], [0, 1, 0]),
    (GroupScale('g', np.array([2.0, 4, 0])), [1, -4, 3], [0.5, -1, 0], [1, -4, 0]),
    (GroupAsIs('g', 3), [1, 2, 3], [1, 2, 3], [1, 2, 3])])
def test_each_scaling_by_hand(group, values, normalized, back):
    np.testing.assert_allclose(group.normalize(np.array(values, np.float32)), normalized)
    np.testing.assert_allclose(group.unnormalize(np.array(normalized, np.float32)), back)


def test_a_missing_data_config_says_what_to_write(tmp_path):
    files = n1_5()
    del files['experiment_cfg/data_config.json']
    with pytest.raises(ProcessorError, match=r'data_config.json: expected this.*modality_keys'):
        load_processor(write(tmp_path, files), 'gr1')


def change(files, file, path, value):
    """Set the value at a path of keys."""
    inner = files[f'experiment_cfg/{file}.json']['gr1']
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value


@pytest.mark.parametrize(('file', 'path', 'value', 'message'), [
    ('data_config', ('action', 'normalization_modes', 'arm'), 'q98',
     r'data_config.json: gr1.action.normalization_modes.arm: expected one of MIN_MAX, .*q98'),
    ('data_config', ('state', 'target_rotations', 'tool'), 'euler',
     r'data_config.json: gr1.state.target_rotations.tool: expected axis_angle.*got euler'),
    ('data_config', ('state', 'modality_keys'), ['tool', 'leg'],
     r'metadata.json: gr1.statistics.state.leg: expected this key, got gripper, arm, tool'),
    ('data_config', ('action', 'delta_indices'), list(range(17)),
     r'delta_indices: expected at most 4 steps'),
    ('metadata', ('modalities', 'action', 'arm', 'shape'), [4],
     r'metadata.json: gr1.modalities.action.arm.shape: expected 3 values.*got 4'),
    ('metadata', ('statistics', 'action', 'arm', 'q99'), [1.0, 2.0],
     r'metadata.json: gr1.statistics.action.arm.q99: expected shape \(3,\) like q01, got \(2,\)')])
def test_wrong_files_are_refused_with_the_key(tmp_path, file, path, value, message):
    files = n1_5()
    change(files, file, path, value)
    with pytest.raises(ProcessorError, match=message):
        load_processor(write(tmp_path, files), 'gr1')


def test_an_unknown_embodiment_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(ProcessorError, match="no embodiment 'so101'.*trained for gr1"):
        load_processor(write(tmp_path, n1_5()), 'so101')
