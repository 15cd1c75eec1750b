"""The server over real sockets, asked in plain msgpack as GR00T's own clients do."""

import io
import json
import pickle
import re
import threading

import msgpack
import numpy as np
import pytest
import zmq

from groot_ros.serving import AddressError, PolicyServer, ProtocolVersion
from groot_ros.serving.arrays import Limits

TIMEOUT_MS = 30_000
LANGUAGE = 'annotation.human.task_description'


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return {'__ndarray_class__': True, 'as_npy': stream.getvalue()}


def revive(value):
    if '__ndarray_class__' in value:
        return np.load(io.BytesIO(value['as_npy']), allow_pickle=False)
    return value


def nested(instruction='touch'):
    return {'video': {'ego_view': npy(np.full((1, 1, 4, 6, 3), 50, np.uint8))},
            'state': {'arm': npy(np.array([[[0.25, -0.5]]], np.float32)),
                      'grip': npy(np.ones((1, 1, 1), np.float32))},
            'language': {LANGUAGE: [[instruction]]}}


def flat():
    return {'video.ego_view': npy(np.full((1, 4, 6, 3), 50, np.uint8)),
            'state.arm': npy(np.array([[0.25, -0.5]])), 'state.grip': npy(np.ones((1, 1))),
            LANGUAGE: ['touch']}


@pytest.fixture
def ask(exchange):
    def send(server, request):
        return msgpack.unpackb(exchange(server.address, msgpack.packb(request)),
                               object_hook=revive)
    return send


def assert_lives(server, ask):
    assert ask(server, {'endpoint': 'ping'}) == {'status': 'ok', 'message': 'Server is running'}


def test_an_n1_7_client_gets_actions_and_info(serve, ask):
    with serve('n1_7') as server:
        actions, info = ask(server, {
            'endpoint': 'get_action', 'data': {'observation': nested(), 'options': None}})
    assert actions.keys() == {'arm', 'grip'}
    assert actions['arm'].dtype == np.float32
    np.testing.assert_array_equal(
        actions['arm'], [[[0.25, -0.5], [1.25, 0.5], [2.25, 1.5]]])
    np.testing.assert_array_equal(actions['grip'], np.full((1, 3, 1), 50))
    assert info == {}


def test_an_n1_5_client_gets_flat_squeezed_actions(serve, ask):
    with serve('n1_5') as server:
        actions = ask(server, {'endpoint': 'get_action', 'data': flat()})
    np.testing.assert_array_equal(actions['action.arm'], [[0.25, -0.5], [1.25, 0.5], [2.25, 1.5]])
    np.testing.assert_array_equal(actions['action.grip'], [50, 50, 50])


def test_a_request_without_endpoint_asks_for_an_action(serve, ask):
    with serve('n1_5') as server:
        assert 'action.arm' in ask(server, {'data': flat()})


def test_options_that_are_ignored_are_named(serve, ask):
    with serve() as server:
        _, info = ask(server, {'endpoint': 'get_action', 'data': {
            'observation': nested(), 'options': {'rtc_frozen_steps': 2}}})
    assert info == {'ignored_options': ['rtc_frozen_steps']}


def test_modality_config_and_reset(serve, ask, policy):
    with serve('n1_7') as server:
        config = ask(server, {'endpoint': 'get_modality_config'})
        assert config['video']['as_json']['modality_keys'] == ['ego_view']
        assert ask(server, {'endpoint': 'reset', 'data': {'options': None}}) == {}
    with serve('n1_5') as server:
        config = ask(server, {'endpoint': 'get_modality_config'})
        assert json.loads(config['video']['as_json'])['modality_keys'] == ['video.ego_view']
        assert 'unknown endpoint' in ask(server, {'endpoint': 'reset'})['error']
    assert policy.episodes == 1


@pytest.mark.parametrize('token', [None, 'wrong', '', 7, 'pässword'])
def test_a_wrong_token_is_refused_before_anything_else(serve, ask, policy, token):
    request = {'endpoint': 'reset', 'data': {'options': None}}
    with serve(api_token='secret') as server:
        assert ask(server, request | ({} if token is None else {'api_token': token})) == {
            'error': 'Unauthorized: Invalid API token'}
        assert policy.episodes == 0
        assert ask(server, request | {'api_token': 'secret'}) == {}


def test_kill_is_refused_unless_allowed(serve, ask):
    with serve() as server:
        assert '--allow-kill' in ask(server, {'endpoint': 'kill'})['error']
        assert_lives(server, ask)


def test_an_allowed_kill_ends_the_server_after_its_reply(policy, ask):
    with PolicyServer(policy, ProtocolVersion.N1_7, port=0, allow_kill=True) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        assert ask(server, {'endpoint': 'kill'}) is None
        thread.join(TIMEOUT_MS / 1000)
        assert not thread.is_alive()


@pytest.mark.parametrize(('request_', 'reason'), [
    ([], 'must be a map, got list'),
    (None, 'must be a map'),
    ({'endpoint': 'fly'}, "unknown endpoint 'fly'; a n1_7 server has ping"),
    ({'endpoint': npy(np.zeros(2))}, 'unknown endpoint'),
    ({'endpoint': 'get_action'}, "needs 'data' with the maps 'observation'"),
    ({'endpoint': 'get_action', 'data': 3}, "'data' must be a map"),
    ({'endpoint': 'get_action', 'data': {'observation': nested(), 'options': 3}}, 'options'),
    ({'endpoint': 'get_action', 'data': flat()}, 'another GR00T version'),
    ({'endpoint': 'get_action', 'data': {'observation': {'video': {}}}}, 'ego_view'),
    ({'endpoint': 'get_action', 'data': {'observation': nested('break')}}, "NaN.*'arm'"),
    ({'endpoint': 'get_action', 'data': {'observation': nested('fail')}},
     'ZeroDivisionError: planted'),
])
def test_a_malformed_request_is_answered_and_the_server_lives_on(serve, ask, request_, reason):
    with serve() as server:
        assert re.search(reason, ask(server, request_)['error'])
        assert_lives(server, ask)


@pytest.mark.parametrize(('frame', 'reason'), [
    (b'', 'not a msgpack message'),
    (b'\x82\xa1', 'not a msgpack message'),
    (pickle.dumps({'endpoint': 'ping'}), 'pickle'),
    (b'PK\x03\x04' + bytes(40), 'pickle'),
    (msgpack.packb({'endpoint': msgpack.ExtType(1, b'x')}), 'extension type 1'),
    (bytes(1025), 'exceeds the limit of 1024'),
])
def test_malformed_bytes_are_answered_and_the_server_lives_on(
        serve, ask, exchange, frame, reason):
    with serve(limits=Limits(frame_bytes=1024)) as server:
        reply = msgpack.unpackb(exchange(server.address, frame))
        assert reason in reply['error']
        assert_lives(server, ask)


def test_a_frame_far_beyond_the_limit_is_cut_off_and_the_server_lives_on(serve, ask):
    with serve(limits=Limits(frame_bytes=1024)) as server, zmq.Context() as context, \
            context.socket(zmq.REQ) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        monitor = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        socket.connect(server.address)
        socket.send(bytes(100_000))
        assert monitor.poll(TIMEOUT_MS)
        socket.disable_monitor()
        assert_lives(server, ask)


def test_a_request_in_two_parts_is_refused(serve, ask):
    with serve() as server, zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(server.address)
        socket.send_multipart([b'a', b'b'])
        assert socket.poll(TIMEOUT_MS)
        assert 'one frame, got 2' in msgpack.unpackb(socket.recv())['error']
        assert_lives(server, ask)


def test_a_client_that_leaves_does_not_stop_the_others(serve, ask):
    with serve() as server:
        with zmq.Context() as context, context.socket(zmq.REQ) as socket:
            socket.connect(server.address)
            socket.send(msgpack.packb({'endpoint': 'ping'}))
        assert_lives(server, ask)


def test_a_port_in_use_is_named(serve, policy):
    with serve() as server:
        port = int(server.address.rpartition(':')[2])
        with pytest.raises(AddressError, match=f'cannot listen on tcp://127.0.0.1:{port}.*--port'):
            PolicyServer(policy, ProtocolVersion.N1_7, port=port)


def test_only_this_machine_is_served_by_default(serve):
    with serve() as server:
        assert server.address.startswith('tcp://127.0.0.1:')
