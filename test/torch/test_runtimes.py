"""ONNX and torch give the same tokens and actions; checkpoints load strictly."""

import shutil

import numpy as np
import onnx
import pytest
from safetensors.torch import load_file, save_file

from groot_ros.model.checkpoint import CheckpointError, load_model
from groot_ros.model.export import export
from groot_ros.model.export_command import main
from groot_ros.model.fingerprint import fingerprint
from groot_ros.model.policy import (
    Continuation,
    ContinuationError,
    RuntimeChoiceError,
    load_system1,
    load_system2,
    resolve_runtime,
)
from groot_ros.model.tokenizer import TokenizerError


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


@pytest.fixture(scope='module')
def without_freedom(exported, tmp_path_factory):
    """A checkpoint exported before chunks could continue: System 1 has no such input."""
    folder = tmp_path_factory.mktemp('older') / 'checkpoint'
    shutil.copytree(exported, folder)
    model = onnx.load(folder / 'system1.onnx')
    (freedom,) = (given for given in model.graph.input if given.name == 'freedom')
    model.graph.input.remove(freedom)
    model.graph.initializer.append(onnx.numpy_helper.from_array(
        np.ones((16, 1), np.float32), 'freedom'))
    onnx.save(model, folder / 'system1.onnx')
    return folder


STATE = np.linspace(-0.5, 0.5, 17, dtype=np.float32)


def solve(folder, runtime, continuation=None, seed=7):
    """A chunk of seeded goal tokens and noise, from `STATE`."""
    system1, rng = load_system1(folder, 'unitree_g1', runtime), np.random.default_rng(1)
    image = rng.integers(0, 255, (96, 128, 3), dtype=np.uint8)
    tokens = load_system2(folder, 'unitree_g1', 'onnx').encode({'ego_view': image}, 'push')
    noise = system1.draw_noise(np.random.default_rng(seed))
    return system1.solve(system1.prepare(tokens), STATE, noise, continuation)


@pytest.mark.parametrize('runtime', ['torch', 'onnx'])
def test_a_chunk_continues_the_motion_under_way(exported, runtime):
    assert load_system1(exported, 'unitree_g1', runtime).inpaints
    before = solve(exported, runtime)
    continuation = Continuation(before[2:12], frozen=3)
    free, continued = (solve(exported, runtime, given, seed=8) for given in (None, continuation))
    np.testing.assert_allclose(continued[:3], before[2:5], atol=1e-6)
    assert np.abs(free[:3] - before[2:5]).max() > 1e-3
    assert np.abs(continued[3:] - free[3:]).max() > 1e-3


@pytest.mark.parametrize(('overlap', 'frozen'), [(1, 1), (10, 0), (16, 4), (16, 16)])
def test_the_two_runtimes_agree_on_a_continued_chunk(exported, overlap, frozen):
    continuation = Continuation(solve(exported, 'onnx')[16 - overlap:], frozen)
    torch_actions, onnx_actions = (solve(exported, runtime, continuation, seed=8)
                                   for runtime in ('torch', 'onnx'))
    np.testing.assert_allclose(onnx_actions, torch_actions, atol=1e-5, rtol=1e-5)


def test_an_older_export_solves_as_before_and_says_that_it_cannot_continue(
        exported, without_freedom):
    assert not load_system1(without_freedom, 'unitree_g1', 'onnx').inpaints
    before = solve(without_freedom, 'onnx')
    np.testing.assert_array_equal(before, solve(exported, 'onnx'))
    with pytest.raises(ContinuationError, match=r'system1\.onnx: expected an input freedom.*'
                                                r'export_onnx'):
        solve(without_freedom, 'onnx', Continuation(before[:2], frozen=1))


def test_words_change_the_tokens(checkpoint):
    system2 = load_system2(checkpoint, 'unitree_g1', 'torch')
    image = {'ego_view': np.full((96, 128, 3), 90, np.uint8)}
    red, green = (system2.encode(image, f'touch the {colour} block').features
                  for colour in ('red', 'green'))
    assert np.abs(red - green).max() > 1e-3


@pytest.mark.parametrize('runtime', ['torch', 'onnx'])
@pytest.mark.parametrize('words', ['', '...'])
def test_an_instruction_without_words_is_refused(exported, runtime, words):
    system2 = load_system2(exported, 'unitree_g1', runtime)
    with pytest.raises(TokenizerError, match='the instruction holds no word: say what to do'):
        system2.encode({'ego_view': np.zeros((96, 128, 3), np.uint8)}, words)


@pytest.mark.parametrize('mode', ['compile', 'graph'])
def test_the_onnx_runtime_has_no_modes(exported, mode):
    with pytest.raises(RuntimeChoiceError, match=f'mode {mode} is one of the runtime torch'):
        load_system1(exported, 'unitree_g1', mode=mode)


def test_auto_takes_onnx_where_it_was_exported(checkpoint, exported):
    assert resolve_runtime(checkpoint, 'auto') == 'torch'
    assert resolve_runtime(exported, 'auto') == 'onnx'


def test_a_missing_export_names_the_command(checkpoint):
    with pytest.raises(RuntimeChoiceError, match='export_onnx'):
        resolve_runtime(checkpoint, 'onnx')


def test_the_export_command_says_what_cannot_be_exported(released, tmp_path, capsys):
    for folder, problem in ((tmp_path, 'config.json: no such file'),
                            (released['n1_7'], 'this needs a groot_ros_small model')):
        assert main([str(folder)]) == 1
        printed = capsys.readouterr().err
        assert printed.startswith('export_onnx: ')
        assert problem in printed


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
