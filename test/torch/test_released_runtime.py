"""Released checkpoints in the two runtimes that planner and controller load."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from skeletons import TRAINED

from groot_ros.model.checkpoint import load_model
from groot_ros.model.fingerprint import fingerprint
from groot_ros.model.policy import GoalTokens, load_system1, load_system2
from groot_ros.model.processor import UntrainedEmbodimentError
from groot_ros.model.system2.prompt import build_inputs
from groot_ros.model.system2.prompt_tokenizer import load_tokenizer
from groot_ros.model.system2.released import BackboneError
from groot_ros.observation import prepare_image

VERSIONS = ('n1_5', 'n1_6', 'n1_7')
IMAGE_TOKENS = {'n1_5': 16, 'n1_6': 9 * 12, 'n1_7': 64}
INSTRUCTION = 'Touch the red block!'


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def observation():
    """A camera image and a state within the range of the statistics."""
    rng = np.random.default_rng(0)
    return (rng.integers(0, 255, (480, 640, 3), dtype=np.uint8),
            rng.uniform(-0.5, 0.5, 17).astype(np.float32))


def encode(system2, image):
    spec = system2.processor.images['ego_view']
    return system2.encode({'ego_view': prepare_image(image, spec)}, INSTRUCTION)


def solve(system1, tokens, state):
    noise = system1.draw_noise(np.random.default_rng(7))
    return system1.solve(system1.prepare(tokens), state, noise)


@torch.inference_mode()
def joint_actions(folder, processor, image, state):
    """What one process computes that holds the whole model and sends nothing."""
    model = load_model(folder)
    config = model.config.backbone_cfg
    prepared = prepare_image(image, processor.images['ego_view'])
    inputs = build_inputs(config, load_tokenizer(config.kind, folder), [prepared],
                          processor.instruction(INSTRUCTION))
    backbone = model.backbone(inputs)
    head = model.action_head
    context = head.model.prepare(head.goal_tokens(backbone.features), backbone.attention_mask,
                                 backbone.image_mask)
    noise = np.random.default_rng(7).standard_normal(
        (processor.model_horizon, processor.max_action_dim), np.float32)
    normalized = torch.from_numpy(processor.normalize_state(state))[None, None]
    actions = head.denoise(context, normalized, torch.from_numpy(noise)[None],
                           torch.tensor([processor.embodiment_id]))
    return processor.unnormalize_actions(actions[0].numpy(), state)


@pytest.mark.parametrize(('dtype', 'tolerance'), [('float32', 0.0), ('bfloat16', 1e-2)])
def test_planner_message_controller_equals_the_whole_model(
        released, version, observation, dtype, tolerance):
    messages = pytest.importorskip('groot_ros.msg', reason='the ROS messages are not built')
    from groot_ros.nodes.messages.goal_tokens import read_tokens, write_tokens
    folder, tag, (image, state) = released[version], TRAINED[version][0], observation
    system2, system1 = load_system2(folder, tag), load_system1(folder, tag)
    message = messages.GoalTokens()
    write_tokens(message, encode(system2, image), dtype)
    actions = solve(system1, read_tokens(message), state)
    joint = joint_actions(folder, system1.processor, image, state)
    assert actions.shape == (8, 17)
    assert np.ptp(joint, axis=0).min() > 0
    np.testing.assert_allclose(actions, joint, rtol=0, atol=tolerance)


def test_the_tokens_are_those_of_the_prompt(released, version, observation):
    tokens = encode(load_system2(released[version], TRAINED[version][0]), observation[0])
    assert tokens.features.dtype == np.float32
    assert tokens.features.shape == (len(tokens.image_mask), 32)
    assert tokens.attention_mask.all()
    assert tokens.image_mask.sum() == IMAGE_TOKENS[version]


def test_words_change_the_actions(released, version, observation):
    folder, tag = released[version], TRAINED[version][0]
    system2, system1 = load_system2(folder, tag), load_system1(folder, tag)
    image, state = observation
    prepared = {'ego_view': prepare_image(image, system2.processor.images['ego_view'])}
    one, other = (solve(system1, system2.encode(prepared, words), state)
                  for words in ('touch', 'push the red block'))
    assert np.abs(one - other).max() > 1e-6


def test_both_systems_run_in_bfloat16(released, version, observation):
    folder, tag, (image, state) = released[version], TRAINED[version][0], observation
    results = [solve(load_system1(folder, tag, dtype=dtype),
                     encode(load_system2(folder, tag, dtype=dtype), image), state)
               for dtype in ('float32', 'bfloat16')]
    assert results[1].dtype == np.float32
    assert 0 < np.abs(results[0] - results[1]).max() < 0.1


@pytest.mark.parametrize(('image', 'name'), [(False, 'image'), (True, 'text')])
@pytest.mark.parametrize('version', ['n1_6', 'n1_7'])
def test_goal_tokens_without_images_or_words_are_refused(released, version, image, name):
    system1 = load_system1(released[version], TRAINED[version][0])
    mask = np.array([True, True, False])  # the last is padding
    tokens = GoalTokens(np.ones((3, 32), np.float32), mask, mask & image)
    with pytest.raises(ValueError, match=f'expected image and text tokens, got 3 without any '
                                         f'{name}: give each prompt'):
        system1.prepare(tokens)


def test_goal_tokens_of_another_model_are_refused(released, version):
    system1 = load_system1(released[version], TRAINED[version][0])
    mask = np.array([True, False])
    with pytest.raises(ValueError, match='expected width 32.*, got 16: give planner and'):
        system1.prepare(GoalTokens(np.ones((2, 16), np.float32), np.ones(2, bool), mask))


def test_each_node_holds_its_own_part_of_the_weights(released):
    planner = load_system2(released['n1_7'], 'unitree_g1')._encoder
    controller = load_system1(released['n1_7'], 'unitree_g1')._head
    parts = [{name.split('.')[0] for name in module.state_dict()}
             for module in (planner, controller)]
    assert parts == [{'backbone', 'vlln', 'vl_self_attention'},
                     {'model', 'state_encoder', 'action_encoder', 'action_decoder',
                      'position_embedding'}]


def test_a_shorter_horizon_takes_the_models_rows_and_keeps_its_own(
        released, observation, tmp_path):
    folder = shutil.copytree(released['n1_7'], tmp_path / 'n1_7')
    path = folder / 'processor_config.json'
    settings = json.loads(path.read_text())
    modality = settings['processor_kwargs']['modality_configs']['unitree_g1']
    modality['action']['delta_indices'] = [0, 1, 2, 3, 4]
    path.write_text(json.dumps(settings))
    statistics = json.loads((folder / 'statistics.json').read_text())
    for group in statistics['unitree_g1']['relative_action'].values():
        for name, rows in group.items():
            group[name] = rows[:5]
    (folder / 'statistics.json').write_text(json.dumps(statistics))
    image, state = observation
    long, short = (load_system1(each, 'unitree_g1') for each in (released['n1_7'], folder))
    tokens = encode(load_system2(folder, 'unitree_g1'), image)
    assert short.draw_noise(np.random.default_rng(0)).shape == (8, 32)
    np.testing.assert_array_equal(solve(short, tokens, state), solve(long, tokens, state)[:5])


@pytest.mark.parametrize('load', [load_system1, load_system2])
def test_an_untrained_embodiment_is_refused_unless_it_is_allowed(released, load):
    with pytest.raises(UntrainedEmbodimentError, match='set allow_untrained'):
        load(released['n1_7'], 'new_embodiment')
    system = load(released['n1_7'], 'new_embodiment', allow_untrained=True)
    assert system.processor.embodiment_id == 3


def test_the_tokenizer_may_lie_elsewhere(released, tmp_path):
    folder = shutil.copytree(released['n1_7'], tmp_path / 'n1_7')
    elsewhere = tmp_path / 'tokenizer.json'
    (folder / 'tokenizer.json').rename(elsewhere)
    load_system2(folder, 'unitree_g1', tokenizer=elsewhere)
    load_system2(folder, 'unitree_g1', tokenizer=tmp_path)


def test_an_instruction_without_words_is_refused(released, observation):
    system2 = load_system2(released['n1_7'], 'unitree_g1')
    image = prepare_image(observation[0], system2.processor.images['ego_view'])
    with pytest.raises(BackboneError, match='holds no word: say what to do'):
        system2.encode({'ego_view': image}, '?!')


def change_weight(folder, end, index):
    """Add 1 to one number of the weight whose name ends so."""
    for path in folder.glob('*.safetensors'):
        weights = load_file(path)
        for name, value in weights.items():
            if name.endswith(end):
                value.view(-1)[index] += 1
                save_file(weights, path)
                return
    raise AssertionError(f'no weight ends with {end}')


@pytest.mark.parametrize(('end', 'index'), [
    ('action_head.action_decoder.layer2.b', 40), ('language_model.norm.weight', 0),
    ('action_head.model.proj_out_2.weight', -1)])
def test_the_fingerprint_changes_with_a_weight_of_any_shard(released, tmp_path, end, index):
    folder = shutil.copytree(released['n1_7'], tmp_path / 'n1_7')
    assert fingerprint(folder) == fingerprint(released['n1_7'])
    change_weight(folder, end, index)
    assert fingerprint(folder) != fingerprint(released['n1_7'])


@pytest.mark.parametrize(('version', 'name'), [
    ('n1_5', 'experiment_cfg/metadata.json'), ('n1_5', 'experiment_cfg/data_config.json'),
    ('n1_6', 'processor/statistics.json'), ('n1_7', 'statistics.json'), ('n1_7', 'config.json')])
def test_the_fingerprint_changes_with_a_sidecar(released, tmp_path, version, name):
    folder = shutil.copytree(released[version], tmp_path / version)
    path = folder / name
    if not path.is_file():
        path.parent.mkdir()
        (folder / path.name).rename(path)
    before = fingerprint(folder)
    path.write_text(path.read_text() + ' ')
    assert fingerprint(folder) != before


def test_the_fingerprint_of_large_weights_reads_fixed_samples_of_them(tmp_path):
    values = torch.zeros(1 << 20, dtype=torch.bfloat16)
    found = []
    for index in (None, 0, -1, len(values) // 7 + 1, 4000):
        changed = values.clone()
        if index is not None:
            changed[index] = 1
        save_file({'large': changed}, tmp_path / 'model.safetensors')
        found.append(fingerprint(tmp_path))
    unchanged, first, last, inside, between = found
    assert len({unchanged, first, last, inside}) == 4
    assert between == unchanged
