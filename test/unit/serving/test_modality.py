import json

import msgpack
import pytest

from groot_ros.serving.arrays import pack, unpack
from groot_ros.serving.errors import ReplyError
from groot_ros.serving.modality import modalities_from_wire, modalities_to_wire
from groot_ros.serving.protocol import ProtocolVersion


@pytest.mark.parametrize('version', list(ProtocolVersion))
def test_modalities_come_back_as_they_were(policy, version):
    wire = unpack(pack(modalities_to_wire(policy.modalities, version)))
    assert modalities_from_wire(wire) == policy.modalities


def test_n1_5_sends_a_json_text_with_prefixed_keys(policy):
    wire = msgpack.unpackb(pack(modalities_to_wire(policy.modalities, ProtocolVersion.N1_5)))
    assert wire['state'].keys() == {'__ModalityConfig_class__', 'as_json'}
    assert json.loads(wire['state']['as_json']) == {
        'delta_indices': [0], 'modality_keys': ['state.arm', 'state.grip']}
    assert json.loads(wire['language']['as_json'])['modality_keys'] == [
        'annotation.human.task_description']


def test_n1_7_sends_a_map_with_the_fields_of_its_class(policy):
    wire = msgpack.unpackb(pack(modalities_to_wire(policy.modalities, ProtocolVersion.N1_7)))
    assert wire['action'] == {'__ModalityConfig_class__': True, 'as_json': {
        'delta_indices': [0, 1, 2], 'modality_keys': ['arm', 'grip'],
        'sin_cos_embedding_keys': None, 'mean_std_embedding_keys': None, 'action_configs': None}}


@pytest.mark.parametrize(('part', 'content'), [
    ('video', {'as_json': '{'}), ('video', {'as_json': '[]'}), ('video', {}), ('video', None),
    ('state', {'as_json': {'delta_indices': [0]}}),
    ('state', {'as_json': {'delta_indices': ['now'], 'modality_keys': ['arm']}}),
    ('language', {'as_json': {'delta_indices': [0], 'modality_keys': []}})])
def test_a_malformed_config_is_refused(policy, part, content):
    wire = modalities_to_wire(policy.modalities, ProtocolVersion.N1_7)
    with pytest.raises(ReplyError, match='get_modality_config is malformed'):
        modalities_from_wire({**wire, part: content})


@pytest.mark.parametrize('reply', [None, [], {}, 'text'])
def test_another_reply_is_refused(reply):
    with pytest.raises(ReplyError, match='get_modality_config is malformed'):
        modalities_from_wire(reply)
