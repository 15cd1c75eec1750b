"""The processors of N1.6 and N1.7: order, scaling, relative actions, slots."""

import shutil

import numpy as np
import pytest
from checkpoint_files import GROUPS, HORIZON, n1_7, write, write_weights
from hypothesis import given, settings
from hypothesis import strategies as st

from groot_ros.model.processor import (
    ProcessorError,
    Reference,
    UntrainedEmbodimentError,
    load_processor,
)

SLOTS = 6


@pytest.fixture
def checkpoint(tmp_path):
    return write(tmp_path, n1_7())


@pytest.fixture(scope='module')
def processor(tmp_path_factory):
    return load_processor(write(tmp_path_factory.mktemp('n1_7'), n1_7()), 'robot')


def pose(rng):
    rows = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return np.concatenate([rng.uniform(-1, 1, 3), rows[:2].ravel()])


def test_it_reads_what_the_checkpoint_says(processor):
    assert processor.embodiment_id == 3
    assert list(processor.state_groups.items()) == list(GROUPS.items())
    assert list(processor.action_groups.items()) == [('hand', 1), ('eef', 9), ('arm', 2)]
    assert processor.action_horizon == HORIZON
    assert processor.model_horizon == HORIZON + 2
    assert processor.video_deltas == (-15, 0)
    assert list(processor.images) == ['front', 'wrist']
    assert processor.language_key == 'annotation.language'
    assert processor.action_period is None
    assert processor.references == {
        'eef': Reference('eef', 'rotation_6d'), 'arm': Reference('arm')}


def test_each_state_group_is_scaled_in_its_own_way(processor):
    state = np.zeros(12, np.float32)
    state[9:11] = [np.pi / 2, 0.0]      # arm: sines, then cosines
    state[11] = 2.0                     # hand: mean 0.5, deviation 0.75, not limited
    normalized = processor.normalize_state(state)
    assert normalized.shape == (16,)
    # eef: percentiles 0.9 * (-k, 2 k).
    np.testing.assert_allclose(normalized[:9], -1 / 3, rtol=1e-6)
    np.testing.assert_allclose(normalized[9:13], [1, 0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(normalized[13], 2.0, rtol=1e-6)
    assert not normalized[14:].any()


def test_outliers_are_clipped_unless_the_checkpoint_says_no(tmp_path, processor):
    free = load_processor(write(tmp_path, n1_7(clip_outliers=False)), 'robot')
    state = np.full(12, 100.0, np.float32)
    assert processor.normalize_state(state)[0] == 1.0
    assert free.normalize_state(state)[0] > 50.0


def test_without_sines_the_range_is_used(tmp_path):
    plain = load_processor(write(tmp_path, n1_7(apply_sincos_state_encoding=False)), 'robot')
    normalized = plain.normalize_state(np.zeros(12, np.float32))
    np.testing.assert_allclose(normalized[:11], -1 / 3, rtol=1e-6)


def test_percentiles_are_never_used_for_relative_actions(processor):
    hand, eef, arm = processor.action
    assert hand.high == 0.9 * 2.0
    np.testing.assert_array_equal(arm.high[:, 1], 0.2 * np.arange(1, HORIZON + 1))
    assert eef.high.shape == (HORIZON, 9)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_unnormalize_inverts_normalize(processor, seed):
    rng = np.random.default_rng(seed)
    state = np.concatenate([pose(rng), rng.uniform(-1, 1, 3)]).astype(np.float32)
    hand = rng.uniform(-0.9, 1.8, (HORIZON, 1))
    arm = state[9:11] + rng.uniform(-0.1, 0.1, (HORIZON, 2))
    eef = [pose(rng) for _ in range(HORIZON)]
    # A relative position is at most 2 * sqrt(3) long; rows further out would be limited.
    eef = [np.concatenate([state[:3] + 0.3 * value[:3], value[3:]]) for value in eef]
    actions = np.concatenate([hand, eef, arm], axis=1).astype(np.float32)
    normalized = processor.normalize_actions(actions, state)
    assert normalized.shape == (HORIZON + 2, 14)
    assert not normalized[processor.action_mask == 0].any()
    back = processor.unnormalize_actions(normalized, state)
    np.testing.assert_allclose(back, actions, atol=2e-5)


def test_the_rows_beyond_the_embodiments_horizon_are_cut_off(processor):
    rng = np.random.default_rng(0)
    predicted = rng.uniform(-1, 1, (HORIZON + 2, 14)).astype(np.float32)
    state = np.concatenate([pose(rng), np.zeros(3)]).astype(np.float32)
    targets = processor.unnormalize_actions(predicted, state)
    assert targets.shape == (HORIZON, 12)
    predicted[HORIZON:], predicted[:, 12:] = 9.0, 9.0
    np.testing.assert_array_equal(processor.unnormalize_actions(predicted, state), targets)
    assert processor.action_mask.sum() == HORIZON * 12


def test_the_model_never_commands_beyond_its_statistics(processor):
    state = np.concatenate([pose(np.random.default_rng(0)), np.zeros(3)]).astype(np.float32)
    targets = processor.unnormalize_actions(np.full((HORIZON, 14), 7.0, np.float32), state)
    np.testing.assert_allclose(targets[:, 0], 1.8, rtol=1e-6)
    np.testing.assert_allclose(targets[:, 10], 0.1 * np.arange(1, HORIZON + 1), rtol=1e-5)


def test_two_groups_that_changed_places_are_noticed(processor, tmp_path):
    files = n1_7()
    action = files['processor_config.json']['processor_kwargs']['modality_configs']['robot'][
        'action']
    for key in ('modality_keys', 'action_configs'):
        action[key][0], action[key][2] = action[key][2], action[key][0]
    swapped = load_processor(write(tmp_path, files), 'robot')
    assert list(swapped.action_groups) == ['arm', 'eef', 'hand']
    state = np.concatenate([pose(np.random.default_rng(0)), np.zeros(3)]).astype(np.float32)
    predicted = np.zeros((HORIZON, 14), np.float32)
    predicted[:, 0] = 1.0
    assert processor.unnormalize_actions(predicted, state)[0, 0] == pytest.approx(1.8)
    assert swapped.unnormalize_actions(predicted, state)[0, 0] == pytest.approx(0.1)


def test_an_arm_may_be_relative_to_another_group(tmp_path):
    files = n1_7()
    modality = files['processor_config.json']['processor_kwargs']['modality_configs']['robot']
    modality['state']['modality_keys'].append('measured_arm')
    modality['state']['sin_cos_embedding_keys'] = []
    modality['action']['action_configs'][2]['state_key'] = 'measured_arm'
    ranges = files['statistics.json']['robot']['state']
    ranges['measured_arm'] = ranges['arm']
    processor = load_processor(write(tmp_path, files), 'robot')
    state = np.concatenate([pose(np.random.default_rng(0)), [0, 0, 0, 0.5, 0.6]])
    targets = processor.unnormalize_actions(
        np.zeros((HORIZON, 14), np.float32), state.astype(np.float32))
    np.testing.assert_allclose(targets[:, 10:], [[0.5, 0.6]] * HORIZON, rtol=1e-6)


def test_relative_actions_can_be_off(tmp_path):
    processor = load_processor(write(tmp_path, n1_7(use_relative_action=False)), 'robot')
    assert not processor.references
    targets = processor.unnormalize_actions(
        np.zeros((HORIZON, 14), np.float32), np.full(12, 0.7, np.float32))
    np.testing.assert_allclose(targets[:, 10:], [[0.45, 0.9]] * HORIZON, rtol=1e-6)


def test_a_model_trained_without_state_reads_zeros(tmp_path):
    processor = load_processor(write(tmp_path, n1_7(exclude_state=True)), 'robot')
    assert not processor.normalize_state(np.ones(12, np.float32)).any()


def test_instructions_lose_their_punctuation_and_nothing_else(processor):
    assert processor.instruction('Put the T-shirt  in, now!') == 'put the tshirt  in now'


def test_the_files_may_lie_in_a_folder_of_their_own(checkpoint, processor):
    (checkpoint / 'processor').mkdir()
    for name in ('processor_config.json', 'statistics.json', 'embodiment_id.json'):
        shutil.move(checkpoint / name, checkpoint / 'processor' / name)
    moved = load_processor(checkpoint, 'robot')
    assert moved.embodiment_id == processor.embodiment_id
    assert moved.action_groups == processor.action_groups


def test_the_checkpoints_own_slots_win_over_the_released_ones(tmp_path):
    files = n1_7()
    modalities = files['processor_config.json']['processor_kwargs']['modality_configs']
    modalities['libero_sim'] = modalities['new_embodiment'] = modalities['robot']
    for tag in ('libero_sim', 'new_embodiment'):
        files['statistics.json'][tag] = files['statistics.json']['robot']
    write(tmp_path, files)
    assert load_processor(tmp_path, 'new_embodiment').embodiment_id == 5
    assert load_processor(tmp_path, 'libero_sim').embodiment_id == 2
    assert load_processor(tmp_path, 'LIBERO_PANDA').embodiment_tag == 'libero_sim'


def test_settings_that_old_files_lack_get_their_defaults(tmp_path):
    files = n1_7()
    settings_ = files['processor_config.json']['processor_kwargs']
    for key in ('use_percentiles', 'use_relative_action', 'apply_sincos_state_encoding',
                'max_action_horizon', 'shortest_image_edge', 'crop_fraction'):
        del settings_[key]
    processor = load_processor(write(tmp_path, files), 'robot')
    assert processor.state[0].high[0] == 2.0
    assert not processor.references
    assert processor.model_horizon == HORIZON + 2
    assert processor.images['front'].output_size(640, 480) == (340, 256)


def biases(trained):
    values = np.zeros((SLOTS, 4), np.float32)
    values[trained, 2] = -1e-6
    return {'action_head.state_encoder.layer1.W': np.ones((SLOTS, 3, 4), np.float32),
            'action_head.state_encoder.layer1.b': np.zeros((SLOTS, 4), np.float32),
            'action_head.action_decoder.layer2.b': values,
            'action_head.vlln.bias': np.ones(4, np.float32)}


def test_a_slot_that_was_never_trained_is_refused(checkpoint):
    write_weights(checkpoint / 'model.safetensors', biases(trained=4))
    with pytest.raises(UntrainedEmbodimentError, match="'robot' is slot 3.*never trained"):
        load_processor(checkpoint, 'robot')
    assert load_processor(checkpoint, 'robot', allow_untrained=True).embodiment_id == 3


def test_a_slot_that_was_trained_is_taken(checkpoint):
    write_weights(checkpoint / 'model.safetensors', biases(trained=3))
    assert load_processor(checkpoint, 'robot').embodiment_id == 3


def test_a_slot_that_the_model_lacks_is_refused(checkpoint):
    write(checkpoint, {'embodiment_id.json': {'robot': SLOTS}})
    write_weights(checkpoint / 'model.safetensors', biases(trained=3))
    with pytest.raises(ProcessorError, match='expected a slot below 6, got 6'):
        load_processor(checkpoint, 'robot')
