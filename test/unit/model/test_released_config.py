"""config.json of every release: what is read, what is refused and how that is said."""

import copy
import dataclasses
import json
from pathlib import Path

import pytest
from released_configs import RELEASED, VERSIONS, released_config, small_config

from groot_ros.model.json_section import ConfigError
from groot_ros.model.released_config import read_config

SHIPPED = Path(__file__).parents[3] / 'config' / 'models' / 'g1_tabletop.json'


@pytest.fixture
def read(tmp_path):
    def write_and_read(values):
        (tmp_path / 'config.json').write_text(json.dumps(values))
        return read_config(tmp_path)
    return write_and_read


@pytest.mark.parametrize(('version', 'expected'), [
    ('n1', {'max_state_dim': 64, 'max_action_dim': 32, 'action_horizon': 16,
            'num_inference_timesteps': 16, 'time_sampling': 'shifted', 'loss_epsilon': 0.0,
            'use_vlln': False, 'num_target_vision_tokens': 0}),
    ('n1_5', {'max_state_dim': 64, 'max_action_dim': 32, 'action_horizon': 16,
              'num_inference_timesteps': 4, 'time_sampling': 'shifted', 'loss_epsilon': 0.0,
              'use_vlln': True, 'num_target_vision_tokens': 32, 'max_seq_len': 1024,
              'max_num_embodiments': 32}),
    ('n1_6', {'max_state_dim': 128, 'max_action_dim': 128, 'action_horizon': 50,
              'time_sampling': 'reversed', 'loss_epsilon': 1e-6, 'use_mask_token': False}),
    ('n1_7', {'max_state_dim': 132, 'max_action_dim': 132, 'action_horizon': 40,
              'time_sampling': 'reversed', 'loss_epsilon': 1e-6, 'state_history_length': 1,
              'state_dropout_prob': 0.2, 'use_mask_token': False})])
def test_the_head_of_a_release_is_read(read, version, expected):
    head = read(released_config(version)).action_head_cfg
    assert {key: getattr(head, key) for key in expected} == expected


@pytest.mark.parametrize(('version', 'layers', 'context', 'alternates', 'self_attention'), [
    ('n1', 16, 1536, False, 0), ('n1_5', 16, 2048, False, 4), ('n1_6', 32, 2048, True, 0),
    ('n1_7', 32, 2048, True, 4)])
def test_the_transformers_of_a_release_are_read(read, version, layers, context, alternates,
                                                self_attention):
    head = read(released_config(version)).action_head_cfg
    dit = head.diffusion_model_cfg
    assert (dit.num_layers, dit.width, dit.cross_attention_dim, dit.use_alternate_vl,
            dit.output_dim, dit.dropout) == (layers, 1536, context, alternates, 1024, 0.2)
    assert head.vl_self_attention_cfg.num_layers == self_attention


@pytest.mark.parametrize(('version', 'kind', 'layers', 'width', 'projected'), [
    ('n1', 'eagle2', 12, 1536, True), ('n1_5', 'eagle2_5', 12, 2048, False),
    ('n1_6', 'eagle3', 16, 2048, False), ('n1_7', 'qwen3_vl', 16, 2048, False)])
def test_the_backbone_of_a_release_is_read(read, version, kind, layers, width, projected):
    backbone = read(released_config(version)).backbone_cfg
    assert (backbone.kind, backbone.select_layer, backbone.embedding_dim,
            backbone.projected) == (kind, layers, width, projected)
    assert backbone.text['hidden_size'] == 2048


def test_our_own_model_is_read_as_before(read):
    config = read(json.loads(SHIPPED.read_text()))
    assert config.model_type == 'groot_ros_small'
    assert config.action_head_cfg.time_sampling == 'reversed'
    assert config.action_head_cfg.loss_epsilon == 1e-6


def test_small_dimensions_replace_the_released_ones(read):
    backbone = read(small_config('n1_7')).backbone_cfg
    assert backbone.text['hidden_size'] == 32
    assert backbone.text['rms_norm_eps'] == 1e-6  # not replaced


def test_a_projection_of_n1_5_hands_over_its_own_width(read):
    values = small_config('n1_5')
    values['backbone_cfg']['project_to_dim'] = 24
    values['action_head_cfg']['diffusion_model_cfg']['cross_attention_dim'] = 24
    values['action_head_cfg']['vl_self_attention_cfg']['num_attention_heads'] = 3
    backbone = read(values).backbone_cfg
    assert (backbone.embedding_dim, backbone.projected) == (24, True)


def test_state_dropout_brings_the_mask_token_in_n1_6_only(read):
    for version, expected in (('n1_6', True), ('n1_7', False)):
        head = read({**released_config(version), 'state_dropout_prob': 0.8}).action_head_cfg
        assert head.use_mask_token is expected


def test_a_n1_7_without_self_attention_has_none(read):
    values = released_config('n1_7')
    del values['vl_self_attention_cfg']
    assert read(values).action_head_cfg.vl_self_attention_cfg.num_layers == 0


@pytest.mark.parametrize('spelling', ['gr00tn1d7', 'GR00TN1D7', 'Gr00tN1d7'])
def test_the_model_type_is_read_in_any_case(read, spelling):
    assert read({**released_config('n1_7'), 'model_type': spelling}).model_type == 'Gr00tN1d7'


def test_an_unknown_model_type_names_the_known_ones(read):
    with pytest.raises(ConfigError, match=r"config\.json: model_type is 'pi0'; known: "
                       'groot_ros_small, gr00t_n1, gr00t_n1_5, Gr00tN1d6, Gr00tN1d7: '
                       'give the folder of a GR00T checkpoint'):
        read({'model_type': 'pi0'})


@pytest.mark.parametrize(('version', 'path'), [
    (version, path) for version in VERSIONS for path in (
        ('num_inference_timesteps',), ('noise_s',), ('max_state_dim',), ('action_horizon',),
        ('diffusion_model_cfg',), ('diffusion_model_cfg', 'num_layers'))])
def test_a_missing_key_is_named_with_its_file(read, version, path):
    values = released_config(version)
    place = values.get('action_head_cfg', values)
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    with pytest.raises(ConfigError, match=rf'config\.json.*: {path[-1]} is missing: copy '):
        read(values)


@pytest.mark.parametrize(('key', 'value', 'message'), [
    ('action_horizon', '40', 'action_horizon must be a whole number of at least 1, got "40"'),
    ('select_layer', 0, 'select_layer must be a whole number of at least 1, got 0'),
    ('noise_s', -1, 'noise_s must be a number of at least 0'),
    ('use_vlln', 1, 'use_vlln must be true or false'),
    ('reproject_vision', True, 'reproject_vision is true, but this package implements false'),
    ('input_embedding_dim', 1024, 'input_embedding_dim is 1024, but this package implements 1536'),
    ('backbone_embedding_dim', 1024, 'the language model of qwen3_vl is 2048 wide'),
    ('max_seq_len', 8, 'action_horizon is 40, but there are 8 positions')])
def test_a_wrong_value_is_named(read, key, value, message):
    with pytest.raises(ConfigError, match=message) as error:
        read({**released_config('n1_7'), key: value})
    assert 'config.json' in str(error.value)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(('key', 'value'), [
    ('interleave_self_attention', False), ('norm_type', 'layer_norm'),
    ('positional_embeddings', 'sinusoidal'), ('final_dropout', False)])
def test_a_transformer_of_another_kind_is_refused(read, key, value):
    values = released_config('n1_6')
    values['diffusion_model_cfg'][key] = value
    with pytest.raises(ConfigError, match=f'diffusion_model_cfg: {key} is'):
        read(values)


def test_an_unknown_dimension_is_named(read):
    values = small_config('n1_7')
    values['backbone_dimensions']['text']['layers'] = 3
    with pytest.raises(ConfigError, match="text: unknown key 'layers'; known keys: hidden_size"):
        read(values)


def test_a_released_configuration_is_not_rewritten(read):
    config = read(released_config('n1_7'))
    with pytest.raises(ConfigError, match='Gr00tN1d7 has the backbone qwen3_vl'):
        config.to_dict()


def test_a_file_that_holds_no_object_is_refused(tmp_path):
    for text, message in (('[]', 'expected an object, got list'), ('{', 'expected JSON')):
        (tmp_path / 'config.json').write_text(text)
        with pytest.raises(ConfigError, match=message):
            read_config(tmp_path)
    with pytest.raises(ConfigError, match='no such file'):
        read_config(tmp_path / 'nowhere')


def test_the_small_configurations_keep_the_keys_of_the_release():
    for version in VERSIONS:
        small = small_config(version)
        small.pop('backbone_dimensions')
        assert small.keys() == RELEASED[version].keys()
        assert copy.deepcopy(small) != RELEASED[version]


def test_a_configuration_cannot_be_changed(read):
    with pytest.raises(dataclasses.FrozenInstanceError):
        read(released_config('n1')).action_head_cfg.noise_s = 1.0
