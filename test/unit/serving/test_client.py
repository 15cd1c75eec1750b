"""The client against servers that are late, dead, restarted or broken."""

import msgpack
import numpy as np
import pytest

from groot_ros.serving import (
    AddressError,
    PolicyClient,
    ProtocolVersion,
    ReplyError,
    ServerRefusedError,
    ServerTimeoutError,
    UnauthorizedError,
)
from groot_ros.serving.arrays import Limits, pack
from groot_ros.serving.client import parse_address
from groot_ros.serving.protocol import PING_REPLY

PING = pack(PING_REPLY)
SHORT_S, LONG_S = 0.2, 30.0


def port_of(server):
    return int(server.address.rpartition(':')[2])


@pytest.mark.parametrize('version', list(ProtocolVersion))
def test_a_client_gets_the_actions_of_the_policy(serve, policy, observation, version):
    with serve(version) as server, PolicyClient(server.address, version) as client:
        client.ping()
        assert client.get_modality_config() == policy.modalities
        client.reset()
        actions = client.get_action(observation)
    wanted = policy.act(observation)
    assert list(actions) == ['arm', 'grip']
    for group, values in wanted.items():
        np.testing.assert_array_equal(actions[group], values)
        assert actions[group].dtype == np.float32
    assert policy.episodes == (1 if version.nested else 0)


@pytest.mark.parametrize('token', [None, 'wrong'])
def test_a_wrong_token_is_told(serve, token):
    with serve(api_token='secret') as server:
        with PolicyClient(server.address, 'n1_7', api_token=token) as client, \
                pytest.raises(UnauthorizedError, match=f'{server.address}.*--api-token'):
            client.ping()
        with PolicyClient(server.address, 'n1_7', api_token='secret') as client:
            client.ping()


def test_a_dead_server_is_told_within_the_timeout():
    with PolicyClient('zmq://127.0.0.1:9', 'n1_7', timeout_s=SHORT_S) as client:
        for _ in range(2):
            with pytest.raises(ServerTimeoutError, match='tcp://127.0.0.1:9 did not answer ping '
                                                         'within 0.2 s'):
                client.ping()


def test_a_server_that_starts_late_is_found_by_the_same_client(serve):
    with serve() as server:
        port = port_of(server)
    with PolicyClient(f'127.0.0.1:{port}', 'n1_7', timeout_s=SHORT_S) as client:
        with pytest.raises(ServerTimeoutError):
            client.ping()
        client.timeout_s = LONG_S
        with serve(port=port):
            client.ping()


def test_a_restarted_server_is_found_again(serve, observation):
    with serve() as server:
        port = port_of(server)
        client = PolicyClient(server.address, 'n1_7', timeout_s=LONG_S)
        before = client.get_action(observation)
    with client:
        with serve(port=port):
            after = client.get_action(observation)
        np.testing.assert_array_equal(before['arm'], after['arm'])


def test_a_late_answer_is_not_taken_for_the_next_one(scripted):
    late = pack({'status': 'late'})
    thread = scripted.answer_late(late, PING)
    with PolicyClient(scripted.address, 'n1_7', timeout_s=SHORT_S) as client:
        with pytest.raises(ServerTimeoutError):
            client.ping()
        client.timeout_s = LONG_S
        client.ping()
    thread.join(LONG_S)


def test_a_refusal_of_the_server_is_told_in_one_line(serve, observation):
    with serve() as server, PolicyClient(server.address, 'n1_7') as client:
        broken = type(observation)(observation.images, {'arm': observation.state['arm']}, 'go')
        with pytest.raises(ServerRefusedError, match="get_action: state key 'grip'") as told:
            client.get_action(broken)
        assert server.address in str(told.value)
        assert '\n' not in str(told.value)
        client.get_action(observation)
        with pytest.raises(ServerRefusedError, match='--allow-kill'):
            client.kill()


@pytest.mark.parametrize(('reply', 'reason'), [
    (b'\x82\xa1', 'malformed message'),
    (b'ERROR', 'pickle protocol of the first GR00T N1'),
    (b'\x80\x04K\x01.', 'pickle'),
    (msgpack.packb(msgpack.ExtType(3, b'x')), 'extension type 3'),
    (bytes(2000), 'exceeds the limit of 1024'),
    ([PING, PING], 'in 2 parts'),
    (msgpack.packb([]), 'is it a GR00T policy server'),
    (msgpack.packb(None), 'is it a GR00T policy server'),
])
def test_a_malformed_reply_is_told_and_the_next_call_works(scripted, reply, reason):
    thread = scripted.answer(reply, PING)
    limits = Limits(frame_bytes=1024)
    with PolicyClient(scripted.address, 'n1_7', timeout_s=LONG_S, limits=limits) as client:
        with pytest.raises(ReplyError, match=reason):
            client.ping()
        client.ping()
    thread.join(LONG_S)


def test_a_server_of_another_release_is_told(serve, observation):
    with serve('n1_5') as server, PolicyClient(server.address, 'n1_7') as client, \
            pytest.raises(ServerRefusedError, match='is missing'):
        client.get_action(observation)


def test_what_the_policy_takes_is_asked_again_after_an_error(serve, policy, observation):
    with serve() as server, PolicyClient(server.address, 'n1_7') as client:
        client.get_action(observation)
        policy.modalities = type(policy.modalities)(
            policy.modalities.video, policy.modalities.state,
            type(policy.modalities.action)((0,), ('arm',)), policy.modalities.language)
        policy.act = lambda _: {'arm': np.zeros((1, 2), np.float32)}
        with pytest.raises(ReplyError, match=f"{server.address}: action group 'grip' is missing"):
            client.get_action(observation)
        assert list(client.get_action(observation)) == ['arm']


@pytest.mark.parametrize(('given', 'wanted'), [
    ('zmq://gpu.local:5555', 'tcp://gpu.local:5555'), ('tcp://10.0.0.1:1', 'tcp://10.0.0.1:1'),
    ('robot_1:65535', 'tcp://robot_1:65535'), ('zmq://[::1]:5555', 'tcp://[::1]:5555')])
def test_addresses(given, wanted):
    assert parse_address(given) == wanted


@pytest.mark.parametrize('address', [
    '', 'host', 'zmq://host', 'http://host:80', 'host:0', 'host:65536', 'ipc:///tmp/x',
    'a b:5555', 'host:5555/path'])
def test_an_unusable_address_is_refused(address):
    with pytest.raises(AddressError, match='zmq://HOST:PORT'):
        PolicyClient(address, 'n1_7')


def test_an_unknown_release_is_refused():
    with pytest.raises(ValueError, match='n1'):
        PolicyClient('zmq://127.0.0.1:9', 'n1')
