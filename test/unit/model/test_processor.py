"""Normalisation, relative actions and the errors of a checkpoint's sidecar files."""

import json

import numpy as np
import pytest

from groot_ros.model.processor import ProcessorError, load_processor

HORIZON = 4
GROUPS = {'arm': 2, 'hand': 1}


def bounds(low, high):
    return {'min': low, 'max': high, 'q01': low, 'q99': high}


@pytest.fixture
def checkpoint(tmp_path):
    modality = {
        'video': {'delta_indices': [0], 'modality_keys': ['ego_view']},
        'state': {'delta_indices': [0], 'modality_keys': list(GROUPS)},
        'action': {'delta_indices': list(range(HORIZON)), 'modality_keys': list(GROUPS),
                   'action_configs': [{'rep': 'RELATIVE'}, {'rep': 'ABSOLUTE'}]}}
    settings = {
        'modality_configs': {'robot': modality}, 'image_crop': [0.1, 0.2, 0.8, 0.6],
        'image_target_size': [64, 48], 'max_state_dim': 5, 'max_action_dim': 6,
        'use_percentiles': True, 'use_relative_action': True,
        'formalize_language': True, 'action_period_s': 0.05}
    rows = np.arange(1, HORIZON + 1)[:, None] * [0.1, 0.2]
    files = {
        'processor_config.json': {'processor_kwargs': settings},
        'embodiment_id.json': {'robot': 3},
        'statistics.json': {'robot': {
            'state': {'arm': bounds([-1.0, -2.0], [1.0, 2.0]), 'hand': bounds([0.0], [1.0])},
            'action': {'arm': bounds([-1.0, -2.0], [1.0, 2.0]), 'hand': bounds([0.0], [1.0])},
            'relative_action': {'arm': bounds((-rows).tolist(), rows.tolist())}}}}
    for name, values in files.items():
        (tmp_path / name).write_text(json.dumps(values))
    return tmp_path


def test_it_reads_what_the_checkpoint_says(checkpoint):
    processor = load_processor(checkpoint, 'robot')
    assert processor.embodiment_id == 3
    assert processor.state_groups == GROUPS
    assert processor.images['ego_view'].crop == (0.1, 0.2, 0.8, 0.6)
    assert processor.images['ego_view'].size == (64, 48)
    assert processor.action_horizon == HORIZON


def test_state_is_scaled_to_its_range_clipped_and_padded(checkpoint):
    processor = load_processor(checkpoint, 'robot')
    normalized = processor.normalize_state(np.array([0.5, -4.0, 0.5], np.float32))
    np.testing.assert_allclose(normalized, [0.5, -1.0, 0.0, 0.0, 0.0])


def test_relative_actions_are_offsets_from_the_state_in_the_range_of_their_row(checkpoint):
    processor = load_processor(checkpoint, 'robot')
    state = np.array([0.3, -0.3, 0.2], np.float32)
    actions = np.tile(state, (HORIZON, 1))
    actions[:, 0] += 0.1
    normalized = processor.normalize_actions(actions, state)
    assert normalized.shape == (HORIZON, 6)
    np.testing.assert_allclose(normalized[:, 0], 1 / np.arange(1, HORIZON + 1), rtol=1e-5)
    np.testing.assert_allclose(normalized[:, 1], 0.0, atol=1e-6)
    np.testing.assert_allclose(normalized[:, 2], 2 * 0.2 - 1, rtol=1e-5)


def test_unnormalize_inverts_normalize_within_the_ranges(checkpoint):
    processor = load_processor(checkpoint, 'robot')
    rng = np.random.default_rng(0)
    state = rng.uniform([-1, -2, 0], [1, 2, 1]).astype(np.float32)
    offsets = rng.uniform(-1, 1, (HORIZON, 2)) * np.arange(1, HORIZON + 1)[:, None] * [0.1, 0.2]
    actions = np.concatenate([state[:2] + offsets, rng.uniform(0, 1, (HORIZON, 1))],
                             axis=1).astype(np.float32)
    back = processor.unnormalize_actions(processor.normalize_actions(actions, state), state)
    np.testing.assert_allclose(back, actions, atol=1e-6)


def test_images_are_scaled_to_minus_one_and_one(checkpoint):
    processor = load_processor(checkpoint, 'robot')
    image = np.zeros((2, 3, 3), np.uint8)
    image[..., 0] = 255
    prepared = processor.image(image)
    assert prepared.shape == (3, 2, 3)
    assert prepared[0].min() == 1.0
    assert prepared[1].max() == -1.0


def test_instructions_are_formalised(checkpoint):
    processor = load_processor(checkpoint, 'robot')
    assert processor.instruction('  Touch the RED block, please! ') == 'touch the red block please'


def test_a_wrong_state_size_is_refused_with_the_groups(checkpoint):
    processor = load_processor(checkpoint, 'robot')
    with pytest.raises(ProcessorError, match=r'expected 3 values \(arm 2, hand 1\), got 4'):
        processor.normalize_state(np.zeros(4, np.float32))


def test_an_unknown_embodiment_is_refused_with_the_known_ones(checkpoint):
    with pytest.raises(ProcessorError, match="no embodiment 'dog'.*robot"):
        load_processor(checkpoint, 'dog')


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(ProcessorError, match='processor_config.json: no such file'):
        load_processor(tmp_path, 'robot')
