"""ONNX and torch give the same tokens and actions; checkpoints load strictly."""

import shutil

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from groot_ros.model.checkpoint import CheckpointError, load_model
from groot_ros.model.export import export
from groot_ros.model.fingerprint import fingerprint
from groot_ros.model.policy import RuntimeChoiceError, load_system1, load_system2, resolve_runtime


@pytest.fixture(scope='module')
def exported(checkpoint, tmp_path_factory):
    folder = tmp_path_factory.mktemp('exported') / 'checkpoint'
    shutil.copytree(checkpoint, folder)
    export(folder)
    return folder


@pytest.mark.parametrize('instruction', [
    'Touch the red block!', 'put the blue cube in the yellow bin', 'push'])
def test_the_two_runtimes_agree(exported, instruction):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (96, 128, 3), dtype=np.uint8)
    state = rng.uniform(-0.5, 0.5, 17).astype(np.float32)
    results = []
    for runtime in ('torch', 'onnx'):
        tokens = load_system2(exported, 'unitree_g1', runtime).encode(
            {'ego_view': image}, instruction)
        system1 = load_system1(exported, 'unitree_g1', runtime)
        noise = system1.draw_noise(np.random.default_rng(7))
        results.append((tokens, system1.solve(system1.prepare(tokens), state, noise)))
    (tokens, actions), (onnx_tokens, onnx_actions) = results
    np.testing.assert_allclose(onnx_tokens.features, tokens.features, atol=1e-5, rtol=1e-5)
    np.testing.assert_array_equal(onnx_tokens.image_mask, tokens.image_mask)
    np.testing.assert_allclose(onnx_actions, actions, atol=1e-5, rtol=1e-5)
    assert actions.shape == (16, 17)


def test_words_change_the_tokens(checkpoint):
    system2 = load_system2(checkpoint, 'unitree_g1', 'torch')
    image = {'ego_view': np.full((96, 128, 3), 90, np.uint8)}
    red, green = (system2.encode(image, f'touch the {colour} block').features
                  for colour in ('red', 'green'))
    assert np.abs(red - green).max() > 1e-3


def test_auto_takes_onnx_where_it_was_exported(checkpoint, exported):
    assert resolve_runtime(checkpoint, 'auto') == 'torch'
    assert resolve_runtime(exported, 'auto') == 'onnx'


def test_a_missing_export_names_the_command(checkpoint):
    with pytest.raises(RuntimeChoiceError, match='export_onnx'):
        resolve_runtime(checkpoint, 'onnx')


def test_a_missing_weight_is_named(checkpoint, tmp_path):
    folder = tmp_path / 'checkpoint'
    shutil.copytree(checkpoint, folder)
    weights = load_file(folder / 'model.safetensors')
    del weights['action_head.vlln.weight']
    save_file(weights, folder / 'model.safetensors')
    with pytest.raises(CheckpointError, match=r'action_head\.vlln\.weight is missing'):
        load_model(folder)


def test_the_fingerprint_changes_with_a_weight(checkpoint, tmp_path):
    folder = tmp_path / 'checkpoint'
    shutil.copytree(checkpoint, folder)
    assert fingerprint(folder) == fingerprint(checkpoint)
    weights = load_file(folder / 'model.safetensors')
    weights['action_head.vlln.weight'][0] += 1
    save_file(weights, folder / 'model.safetensors')
    assert fingerprint(folder) != fingerprint(checkpoint)
