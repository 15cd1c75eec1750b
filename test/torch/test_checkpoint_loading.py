"""Released checkpoint folders: read whole or by part, and refused with one line."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from skeletons import write_skeleton

from groot_ros.model.checkpoint import (
    CheckpointError,
    load_model,
    load_system1_head,
    load_system2_backbone,
    save_model,
)
from groot_ros.model.json_section import ConfigError
from groot_ros.model.released_config import read_config
from groot_ros.model.system1.action_head import ActionHead

INDEX = 'model.safetensors.index.json'
BACKBONE_SHARD, MIXED_SHARD, HEAD_SHARD = (
    f'model-0000{index}-of-00003.safetensors' for index in (1, 2, 3))
VERSIONS = ('n1_5', 'n1_6', 'n1_7')


@pytest.fixture(scope='module')
def skeletons(tmp_path_factory):
    folder = tmp_path_factory.mktemp('skeletons')
    return {version: write_skeleton(folder / version, version, seed=0) for version in VERSIONS}


@pytest.fixture(params=VERSIONS)
def skeleton(request, skeletons):
    return skeletons[request.param]


@pytest.fixture
def damaged(skeletons, tmp_path):
    """A copy of an N1.7 skeleton that a test may damage."""
    return shutil.copytree(skeletons['n1_7'], tmp_path / 'n1_7')


def edit_shard(folder, name, change):
    weights = load_file(folder / name)
    change(weights)
    save_file(weights, folder / name)


def edit_index(folder, change):
    index = json.loads((folder / INDEX).read_text())
    change(index['weight_map'])
    (folder / INDEX).write_text(json.dumps(index))


def refused(load, folder, *parts):
    """Return the message, which is one line and names the given parts."""
    with pytest.raises(CheckpointError) as error:
        load(folder)
    message = str(error.value)
    assert '\n' not in message
    for part in parts:
        assert part in message
    return message


def stored(folder):
    """Every weight of a folder by its released name."""
    return {name: value for path in folder.glob('*.safetensors')
            for name, value in load_file(path).items()}


def test_each_weight_of_a_skeleton_is_loaded(skeleton):
    model, weights = load_model(skeleton), stored(skeleton)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, weights[name].float(), atol=0, rtol=0)
    assert not model.training


def test_the_parts_hold_the_weights_of_the_whole(skeleton):
    whole = load_model(skeleton).state_dict()
    planner, head = load_system2_backbone(skeleton), load_system1_head(skeleton)
    names = {name if name.startswith('backbone.') else f'action_head.{name}': value
             for name, value in planner.state_dict().items()}
    names |= {f'action_head.{name}': value for name, value in head.state_dict().items()}
    assert names.keys() == whole.keys()
    assert all(torch.equal(value, whole[name]) for name, value in names.items())


def test_the_controllers_part_leaves_out_what_the_planner_runs(skeleton):
    head = load_system1_head(skeleton)
    assert not [name for name in head.state_dict() if name.startswith(('vlln', 'vl_self'))]
    with pytest.raises(CheckpointError, match="System 2's; load_system1_head left them out"):
        head.goal_tokens(torch.zeros(1, 2, 32))


def test_the_split_path_equals_the_joint_path_bit_for_bit(skeleton):
    model, head = load_model(skeleton), load_system1_head(skeleton)
    planner = load_system2_backbone(skeleton)
    random = torch.Generator().manual_seed(0)
    features = torch.randn(1, 9, 32, generator=random)
    attention = torch.ones(1, 9, dtype=torch.bool)
    image = torch.arange(9)[None] > 4
    state, noise = (torch.randn(1, rows, 32, generator=random) for rows in (1, 8))
    chunks = []
    for tokens, system1 in (
            (model.action_head.goal_tokens(features), model.action_head),
            (planner.vl_self_attention(planner.vlln(features)), head)):
        context = system1.model.prepare(tokens, attention, image)
        chunks.append(system1.denoise(context, state, noise, torch.tensor([1])))
    assert torch.equal(*chunks)


def test_the_controller_does_not_open_the_backbones_shards(damaged):
    (damaged / BACKBONE_SHARD).unlink()
    load_system1_head(damaged)
    refused(load_system2_backbone, damaged, BACKBONE_SHARD, 'no such file')


def test_the_planner_does_not_open_the_heads_shards(damaged):
    layers = ('action_head.vlln', 'action_head.vl_self_attention')
    moved = {name: value for name, value in load_file(damaged / HEAD_SHARD).items()
             if name.startswith(layers)}
    edit_shard(damaged, MIXED_SHARD, lambda weights: weights.update(moved))
    edit_index(damaged, lambda files: files.update(dict.fromkeys(moved, MIXED_SHARD)))
    (damaged / HEAD_SHARD).unlink()
    load_system2_backbone(damaged)
    refused(load_system1_head, damaged, HEAD_SHARD, 'no such file')


def test_n1_keeps_its_head_in_one_file(tmp_path):
    folder = write_skeleton(tmp_path, 'n1')
    head = load_system1_head(folder)
    assert (folder / 'model.safetensors').is_file()
    assert head.state_dict().keys() == ActionHead(
        read_config(folder).action_head_cfg).state_dict().keys()


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_weights_come_in_the_wanted_dtype(skeletons, dtype):
    head = load_system1_head(skeletons['n1_7'], dtype)
    assert {value.dtype for value in head.parameters()} == {dtype}
    context = head.model.prepare(*(torch.ones(1, 5, *size, dtype=kind) for size, kind in (
        ((32,), dtype), ((), torch.bool), ((), torch.bool))))
    actions = head.denoise(context, torch.zeros(1, 1, 32, dtype=dtype),
                           torch.zeros(1, 8, 32, dtype=dtype), torch.tensor([1]))
    assert actions.dtype == dtype


def test_no_tensor_is_left_without_memory(skeleton):
    encoder = load_system2_backbone(skeleton)
    tensors = [*encoder.parameters(), *encoder.buffers()]
    assert {tensor.device.type for tensor in tensors} == {'cpu'}
    assert all(tensor.isfinite().all() for tensor in tensors)


@pytest.mark.parametrize('version', ['n1_5', 'n1_7'])
def test_the_unused_output_layer_may_be_there_or_not(skeletons, version, tmp_path):
    folder = shutil.copytree(skeletons[version], tmp_path / version)
    names = [name for name in stored(folder) if name.endswith('lm_head.weight')]
    assert len(names) == 1
    files = json.loads((folder / INDEX).read_text())['weight_map']
    edit_shard(folder, files[names[0]], lambda weights: weights.pop(names[0]))
    edit_index(folder, lambda weight_map: weight_map.pop(names[0]))
    load_model(folder)


def test_a_fine_tuned_n1_6_brings_its_mask_token(tmp_path):
    folder = write_skeleton(tmp_path, 'n1_6', backbone=False, changes={'state_dropout_prob': 0.8})
    assert load_system1_head(folder).mask_token.shape == (1, 1, 32)


def test_every_slot_but_the_trained_one_has_zero_biases(skeletons):
    biases = load_system1_head(skeletons['n1_7']).state_encoder.layer1.b
    assert [bool(row.any()) for row in biases] == [False, True, False, False]


def test_a_seed_makes_the_weights(skeletons, tmp_path):
    same, other = (write_skeleton(tmp_path / str(seed), 'n1_6', seed, backbone=False)
                   for seed in (0, 1))
    first, second = stored(same), stored(other)
    assert any(not torch.equal(value, second[name]) for name, value in first.items())
    again = stored(write_skeleton(tmp_path / 'again', 'n1_6', 0, backbone=False))
    assert all(torch.equal(value, again[name]) for name, value in first.items())


@pytest.mark.parametrize(('name', 'load'), [
    ('action_head.model.proj_out_1.bias', load_system1_head),
    ('action_head.vlln.weight', load_system2_backbone),
    ('action_head.vl_self_attention.transformer_blocks.1.norm3.bias', load_system2_backbone)])
def test_a_missing_weight_is_named(damaged, name, load):
    edit_index(damaged, lambda files: files.pop(name))
    refused(load, damaged, INDEX, f'{name} is missing',
            'copy the whole checkpoint')


@pytest.mark.parametrize('name', [
    'action_head.model.proj_out_3.bias', 'action_head.lm_head.weight', 'other.weight'])
def test_an_unknown_weight_is_named(damaged, name):
    edit_shard(damaged, HEAD_SHARD, lambda weights: weights.update({name: torch.zeros(2)}))
    refused(load_system1_head, damaged, HEAD_SHARD, f'{name} is not listed in {INDEX}')
    edit_index(damaged, lambda files: files.update({name: HEAD_SHARD}))
    refused(load_system1_head, damaged, INDEX, f'{name} is not part of the model')


def test_a_weight_that_the_index_promises_is_named(damaged):
    name = 'action_head.model.proj_out_1.bias'
    edit_shard(damaged, HEAD_SHARD, lambda weights: weights.pop(name))
    refused(load_system1_head, damaged, HEAD_SHARD, name, 'is missing')


def test_a_wrong_shape_names_both(damaged):
    name = 'action_head.model.proj_out_1.bias'
    edit_shard(damaged, HEAD_SHARD, lambda weights: weights.update({name: torch.zeros(3)}))
    refused(load_system1_head, damaged, HEAD_SHARD, f'{name}: expected shape (64,), as '
            'config.json says, got (3,): copy the whole checkpoint folder again')


def test_a_wrong_dtype_names_the_right_ones(damaged):
    name = 'action_head.model.proj_out_1.bias'
    edit_shard(damaged, HEAD_SHARD, lambda weights: weights.update(
        {name: torch.zeros(64, dtype=torch.int8)}))
    refused(load_system1_head, damaged, HEAD_SHARD, f'{name}: expected dtype F32 or BF16 or '
            'F16, got I8: save the weights unquantised')


@pytest.mark.parametrize('size', [0, 4, 100, -1])
def test_a_truncated_file_is_named(damaged, size):
    path = damaged / HEAD_SHARD
    path.write_bytes(path.read_bytes()[:size])
    refused(load_system1_head, damaged, HEAD_SHARD, 'truncated', 'copy the whole')


def test_a_folder_without_weights_names_what_belongs_there(damaged):
    (damaged / INDEX).unlink()
    refused(load_system1_head, damaged, 'model.safetensors', INDEX)


@pytest.mark.parametrize('text', [
    '', '[]', '{}', '{"weight_map": []}', '{"weight_map": {"a": 1}}'])
def test_an_index_of_another_form_is_named(damaged, text):
    (damaged / INDEX).write_text(text)
    refused(load_system1_head, damaged, INDEX, 'weight_map')


def test_an_unknown_model_is_refused_before_its_weights(damaged):
    (damaged / 'config.json').write_text('{"model_type": "pi0"}')
    with pytest.raises(ConfigError, match="model_type is 'pi0'"):
        load_model(damaged)


def test_a_released_model_is_not_saved_in_our_layout(skeletons, tmp_path):
    with pytest.raises(ConfigError, match='Gr00tN1d7'):
        save_model(load_model(skeletons['n1_7']), tmp_path / 'copy')
