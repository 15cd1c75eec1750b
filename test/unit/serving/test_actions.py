import numpy as np
import pytest

from groot_ros.serving.actions import decode_actions, encode_actions
from groot_ros.serving.errors import ReplyError
from groot_ros.serving.protocol import ProtocolVersion

N1_5, N1_7 = ProtocolVersion.N1_5, ProtocolVersion.N1_7
CHUNK = {'arm': np.arange(6, dtype=np.float32).reshape(3, 2),
         'grip': np.ones((3, 1), np.float32)}


@pytest.mark.parametrize('version', list(ProtocolVersion))
def test_actions_come_back_as_they_were(policy, version):
    back = decode_actions(encode_actions([CHUNK], version, batched=True), version,
                          policy.modalities)
    for group, values in CHUNK.items():
        np.testing.assert_array_equal(back[group], values)


def test_n1_7_answers_actions_and_info():
    actions, info = encode_actions([CHUNK, CHUNK], N1_7, batched=True)
    assert {group: values.shape for group, values in actions.items()} == {
        'arm': (2, 3, 2), 'grip': (2, 3, 1)}
    assert info == {}


@pytest.mark.parametrize(('batched', 'shapes'), [
    (True, {'action.arm': (1, 3, 2), 'action.grip': (1, 3, 1)}),
    (False, {'action.arm': (3, 2), 'action.grip': (3,)})])
def test_n1_5_squeezes_what_came_without_a_batch(batched, shapes):
    reply = encode_actions([CHUNK], N1_5, batched=batched)
    assert {group: values.shape for group, values in reply.items()} == shapes


@pytest.mark.parametrize(('group', 'reason'), [
    (None, "'grip' is missing, got arm"),
    ([1.0], 'an array of floats'),
    (np.ones((1, 3, 1), np.int64), 'an array of floats'),
    (np.ones((3, 1), np.float32), r'shape \(1, horizon, dim\), got \(3, 1\)'),
    (np.ones((2, 3, 1), np.float32), r'got \(2, 3, 1\)'),
    (np.ones((1, 0, 1), np.float32), r'got \(1, 0, 1\)'),
    (np.ones((1, 2, 1), np.float32), 'different horizons'),
    (np.full((1, 3, 1), np.inf, np.float32), 'NaN or infinity'),
    (np.full((1, 3, 1), 1e300), 'NaN or infinity')])
def test_a_wrong_group_is_refused(policy, group, reason):
    (actions, info) = encode_actions([CHUNK], N1_7, batched=True)
    actions.pop('grip')
    if group is not None:
        actions['grip'] = group
    with pytest.raises(ReplyError, match=reason):
        decode_actions([actions, info], N1_7, policy.modalities)


@pytest.mark.parametrize(('reply', 'version'), [
    ({}, N1_7), (None, N1_7), ([{}], N1_7), ([1, 2], N1_7), ([], N1_5), (None, N1_5), ({}, N1_5)])
def test_another_form_is_refused(policy, reply, version):
    with pytest.raises(ReplyError, match='is the version right'):
        decode_actions(reply, version, policy.modalities)
