"""config.json: read whole, refused with the key that is wrong."""

import copy
import json
from pathlib import Path

import pytest

from groot_ros.model.config import ConfigError, ModelConfig

SHIPPED = Path(__file__).parents[3] / 'config' / 'models' / 'g1_tabletop.json'


@pytest.fixture
def values():
    return copy.deepcopy(json.loads(SHIPPED.read_text()))


def test_a_configuration_survives_writing_and_reading(values, tmp_path):
    config = ModelConfig.from_dict(values)
    (tmp_path / 'config.json').write_text(json.dumps(config.to_dict()))
    assert ModelConfig.from_file(tmp_path / 'config.json') == config


def test_an_unknown_key_is_named_with_its_place(values):
    values['action_head_cfg']['diffusion_model_cfg']['num_layer'] = 4
    with pytest.raises(ConfigError, match="diffusion_model_cfg: unknown key 'num_layer'"):
        ModelConfig.from_dict(values)


def test_a_missing_key_is_named(values):
    del values['backbone_cfg']['num_views']
    with pytest.raises(ConfigError, match='num_views'):
        ModelConfig.from_dict(values)


def test_widths_that_do_not_fit_are_refused(values):
    values['action_head_cfg']['diffusion_model_cfg']['cross_attention_dim'] = 64
    with pytest.raises(ConfigError, match='cross_attention_dim is 64.*hands over 128'):
        ModelConfig.from_dict(values)


def test_a_folder_without_configuration_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r'config.json: no such file'):
        ModelConfig.from_file(tmp_path / 'config.json')
