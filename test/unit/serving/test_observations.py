import numpy as np
import pytest

from groot_ros.serving.errors import ObservationError
from groot_ros.serving.observations import (
    MAX_BATCH,
    MAX_INSTRUCTION,
    decode_observation,
    encode_observation,
)
from groot_ros.serving.protocol import ProtocolVersion

N1_5, N1_7 = ProtocolVersion.N1_5, ProtocolVersion.N1_7
LANGUAGE = 'annotation.human.task_description'


def nested(batch=1):
    return {'video': {'ego_view': np.zeros((batch, 1, 4, 6, 3), np.uint8)},
            'state': {'arm': np.zeros((batch, 1, 2), np.float32),
                      'grip': np.zeros((batch, 1, 1), np.float32)},
            'language': {LANGUAGE: [[f'task {index}'] for index in range(batch)]}}


def flat():
    return {'video.ego_view': np.zeros((1, 4, 6, 3), np.uint8),
            'state.arm': np.zeros((1, 2), np.float64), 'state.grip': np.zeros((1, 1), np.float64),
            LANGUAGE: ['touch the block']}


def decode(wire, policy, version=N1_7):
    return decode_observation(wire, version, policy.modalities, policy.state_dims)


@pytest.mark.parametrize('version', list(ProtocolVersion))
def test_an_observation_comes_back_as_it_was(policy, observation, version):
    wire = encode_observation(observation, version, LANGUAGE)
    batch = decode(wire, policy, version)
    assert batch.batched
    (back,) = batch.observations
    assert back.instruction == observation.instruction
    np.testing.assert_array_equal(back.images['ego_view'], observation.images['ego_view'])
    for group in ('arm', 'grip'):
        np.testing.assert_array_equal(back.state[group], observation.state[group])


def test_keys_on_the_wire_are_those_of_the_release(observation):
    assert encode_observation(observation, N1_7, LANGUAGE).keys() == {
        'video', 'state', 'language'}
    wire = encode_observation(observation, N1_5, LANGUAGE)
    assert wire.keys() == {'video.ego_view', 'state.arm', 'state.grip', LANGUAGE}
    assert wire['video.ego_view'].shape == (1, 1, 4, 6, 3)


def test_a_batch_is_taken_apart(policy):
    wire = nested(3)
    wire['state']['arm'][2] = 7.0
    batch = decode(wire, policy)
    assert [each.instruction for each in batch.observations] == ['task 0', 'task 1', 'task 2']
    np.testing.assert_array_equal(batch.observations[2].state['arm'], [[7.0, 7.0]])


def test_n1_5_without_batch_dimension_is_one_observation(policy):
    batch = decode(flat(), policy, N1_5)
    assert not batch.batched
    assert batch.observations[0].images['ego_view'].shape == (1, 4, 6, 3)
    assert batch.observations[0].state['arm'].dtype == np.float32


def test_one_state_without_batch_dimension_makes_n1_5_unbatched(policy):
    wire = flat() | {'state.arm': np.zeros((1, 1, 2))}
    with pytest.raises(ObservationError, match=r'state.arm .* got shape \(1, 1, 1, 2\)'):
        decode(wire, policy, N1_5)


@pytest.mark.parametrize('words', [
    'go', ['go'], [['go']], np.array(['go']), np.array([['go']]), np.array('go')])
def test_every_way_to_send_one_instruction_is_understood(policy, words):
    wire = nested() | {'language': {LANGUAGE: words}}
    assert decode(wire, policy).observations[0].instruction == 'go'


def test_keys_that_the_policy_does_not_use_are_ignored(policy):
    wire = nested()
    wire['video']['depth'] = 'anything'
    wire['reward'] = 1.0
    assert len(decode(wire, policy).observations) == 1


@pytest.mark.parametrize(('part', 'key', 'value', 'reason'), [
    ('video', 'ego_view', None, 'an array|got nothing'),
    ('video', 'ego_view', [1, 2], 'got list'),
    ('video', 'ego_view', np.zeros((1, 1, 4, 6, 3), np.float32), 'got an array of float32'),
    ('video', 'ego_view', np.zeros((1, 4, 6, 3), np.uint8), r'got shape \(1, 4, 6, 3\)'),
    ('video', 'ego_view', np.zeros((1, 2, 4, 6, 3), np.uint8), r'\(B, 1, height, width, 3\)'),
    ('video', 'ego_view', np.zeros((1, 1, 4, 6, 4), np.uint8), 'got shape'),
    ('video', 'ego_view', np.zeros((1, 1, 0, 6, 3), np.uint8), 'got shape'),
    ('state', 'arm', np.zeros((1, 1, 2), np.int64), 'got an array of int64'),
    ('state', 'arm', np.zeros((1, 1, 2), bool), 'got an array of bool'),
    ('state', 'arm', np.zeros((1, 1, 3), np.float32), r'shape \(B, 1, 2\), got shape'),
    ('state', 'arm', np.full((1, 1, 2), np.nan, np.float32), 'NaN or infinity'),
    ('state', 'arm', np.full((1, 1, 2), 1e300), 'NaN or infinity'),
    ('state', 'arm', np.zeros((2, 1, 2), np.float32), 'batch sizes differ.*state.arm'),
    ('language', LANGUAGE, 7, 'a list of text'),
    ('language', LANGUAGE, [['']], 'one instruction per observation'),
    ('language', LANGUAGE, [7], 'one instruction per observation'),
    ('language', LANGUAGE, [['a', 'b']], 'one instruction per observation'),
    ('language', LANGUAGE, np.zeros(3), 'a list of text'),
    ('language', LANGUAGE, np.full(MAX_BATCH + 1, 'a'), 'a list of text'),
    ('language', LANGUAGE, ['a' * (MAX_INSTRUCTION + 1)], f'{MAX_INSTRUCTION} characters'),
    ('language', LANGUAGE, ['a', 'b'], 'batch sizes differ'),
])
def test_a_wrong_value_is_named(policy, part, key, value, reason):
    wire = nested()
    wire[part] |= {key: value}
    with pytest.raises(ObservationError, match=reason) as caught:
        decode(wire, policy)
    assert key in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(('part', 'key'), [
    ('video', 'ego_view'), ('state', 'grip'), ('language', LANGUAGE)])
def test_a_missing_key_is_named_with_those_that_came(policy, part, key):
    wire = nested()
    wire[part].pop(key)
    with pytest.raises(ObservationError, match=f"{part} key '{key}' is missing, got"):
        decode(wire, policy)


@pytest.mark.parametrize('part', ['video', 'state', 'language'])
def test_a_missing_modality_is_named(policy, part):
    wire = nested()
    del wire[part]
    with pytest.raises(ObservationError, match=f"needs a map '{part}'"):
        decode(wire, policy)


@pytest.mark.parametrize('key', ['video.ego_view', 'state.arm', LANGUAGE])
def test_a_missing_flat_key_is_named(policy, key):
    wire = flat()
    del wire[key]
    with pytest.raises(ObservationError, match='is missing'):
        decode(wire, policy, N1_5)


def test_the_other_release_is_guessed(policy):
    with pytest.raises(ObservationError, match='client of another GR00T version'):
        decode(flat(), policy)


def test_too_large_a_batch_is_refused(policy):
    with pytest.raises(ObservationError, match=f'send 1 to {MAX_BATCH}'):
        decode(nested(MAX_BATCH + 1), policy)
    with pytest.raises(ObservationError, match='got shape'):
        decode(nested(0), policy)
