"""The executable as a process of its own."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from groot_ros.serving import PolicyClient, UnauthorizedError
from groot_ros.serving.policy_server import is_local, main

ROOT = Path(__file__).parents[3]
SHIPPED = str(ROOT / 'models' / 'g1_tabletop')
PATIENCE_S = 60


@contextmanager
def started(*options, checkpoint=SHIPPED, **environment):
    """Start the executable; yields it and what it logged up to its address."""
    process = subprocess.Popen(
        [sys.executable, str(ROOT / 'executables' / 'policy_server'), '--checkpoint', checkpoint,
         '--embodiment-tag', 'unitree_g1', '--port', '0', *options],
        stderr=subprocess.PIPE, text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT), **environment})
    try:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if 'clients on' in line:
                break
        yield process, ''.join(lines)
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_the_server_answers_and_ends_well_when_interrupted(number):
    pytest.importorskip('onnxruntime')
    with started('--version', 'n1_7') as (process, log):
        address = re.search(r'tcp://127\.0\.0\.1:\d+', log)
        assert address, log
        assert 'use this server' not in log
        with PolicyClient(address[0], 'n1_7', timeout_s=PATIENCE_S) as client:
            assert client.get_modality_config().video.modality_keys == ('ego_view',)
        process.send_signal(number)
        _, rest = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, rest
        assert 'Traceback' not in rest


def test_a_server_open_to_the_network_without_token_warns():
    pytest.importorskip('onnxruntime')
    with started('--host', '0.0.0.0') as (_, log):
        assert 'anyone who reaches 0.0.0.0 can use this server: give --api-token' in log


def test_a_shipped_policy_is_served_by_its_name_with_the_token_of_the_environment():
    pytest.importorskip('onnxruntime')
    with started(checkpoint='g1_tabletop', GROOT_API_TOKEN='secret') as (_, log):
        address = re.search(r'tcp://127\.0\.0\.1:\d+', log)
        assert 'secret' not in log
        with PolicyClient(address[0], 'n1_7', timeout_s=PATIENCE_S) as client, \
                pytest.raises(UnauthorizedError):
            client.ping()
        with PolicyClient(address[0], 'n1_7', 'secret', timeout_s=PATIENCE_S) as client:
            client.ping()


@pytest.mark.parametrize(('options', 'reason'), [
    (['--checkpoint', '/nowhere', '--embodiment-tag', 'unitree_g1'], 'nowhere'),
    (['--checkpoint', SHIPPED, '--embodiment-tag', 'teapot'], 'teapot'),
])
def test_what_cannot_be_served_is_told_in_one_line(capsys, options, reason):
    pytest.importorskip('onnxruntime')
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        assert main([*options, '--runtime', 'auto']) == 2
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), handlers, strict=True):
            signal.signal(number, handler)
    error = capsys.readouterr().err
    assert error.startswith('policy_server: ')
    assert reason in error
    assert error.count('\n') == 1


def test_loopback_addresses_are_local():
    assert all(map(is_local, ('127.0.0.1', '127.1.2.3', 'localhost', '::1')))
    assert not any(map(is_local, ('*', '0.0.0.0', '192.168.1.5', '::')))
