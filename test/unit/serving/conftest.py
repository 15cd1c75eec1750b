"""A policy without a model, and servers that run beside the test on free ports."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import numpy as np
import pytest
import zmq

from groot_ros.serving import (
    Modalities,
    ModalityConfig,
    Observation,
    PolicyServer,
    ProtocolVersion,
    ServedPolicy,
)

HORIZON = 3
TIMEOUT_MS = 30_000


class ToyPolicy:
    """Row k of the arm is its state plus k; the gripper says how bright the image is."""

    def __init__(self) -> None:
        self.modalities = Modalities(
            video=ModalityConfig((0,), ('ego_view',)), state=ModalityConfig((0,), ('arm', 'grip')),
            action=ModalityConfig(tuple(range(HORIZON)), ('arm', 'grip')),
            language=ModalityConfig((0,), ('annotation.human.task_description',)))
        self.state_dims = {'arm': 2, 'grip': 1}
        self.episodes = 0
        self.instructions: list[str] = []

    def act(self, observation: Observation) -> dict[str, Any]:
        self.instructions.append(observation.instruction)
        if observation.instruction == 'fail':
            raise ZeroDivisionError('planted')
        steps = np.arange(HORIZON, dtype=np.float32)[:, None]
        arm = observation.state['arm'] + steps
        if observation.instruction == 'break':
            arm[1, 0] = np.nan
        bright = np.full((HORIZON, 1), observation.images['ego_view'].mean(), np.float32)
        return {'arm': arm, 'grip': bright}

    def reset(self) -> None:
        self.episodes += 1


@pytest.fixture
def policy() -> ToyPolicy:
    return ToyPolicy()


@pytest.fixture
def observation() -> Observation:
    return Observation(
        images={'ego_view': np.full((1, 4, 6, 3), 50, np.uint8)},
        state={'arm': np.array([[0.25, -0.5]], np.float32), 'grip': np.array([[1.0]], np.float32)},
        instruction='touch the red block')


@contextmanager
def _running(policy: ServedPolicy, version: str = 'n1_7', port: int = 0,
             **settings: Any) -> Iterator[PolicyServer]:
    server = PolicyServer(policy, ProtocolVersion(version), port=port, **settings)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(TIMEOUT_MS / 1000)
        assert not thread.is_alive()
        server.close()


@pytest.fixture
def running() -> Callable[..., AbstractContextManager[PolicyServer]]:
    """Run a server of any policy on a free port."""
    return _running


@pytest.fixture
def serve(policy: ToyPolicy) -> Callable[..., AbstractContextManager[PolicyServer]]:
    """Run a server of the toy policy on a free port."""
    return partial(_running, policy)


class ScriptedServer:
    """Answers each request with a given reply; None leaves the request without one for good."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self._socket = context.socket(zmq.ROUTER)
        port = self._socket.bind_to_random_port('tcp://127.0.0.1')
        self.address = f'zmq://127.0.0.1:{port}'

    def answer(self, *replies: bytes | list[bytes] | None) -> threading.Thread:
        return self._start(self._answer, replies)

    def answer_late(self, late: bytes, fresh: bytes) -> threading.Thread:
        """Answer the first request when the second one came, and only then the second."""
        return self._start(self._answer_late, (late, fresh))

    def _start(self, work: Callable[..., None], arguments: tuple[Any, ...]) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        thread.start()
        return thread

    def _answer(self, *replies: bytes | list[bytes] | None) -> None:
        for reply in replies:
            peer = self._request()
            if reply is not None:
                self._reply(peer, [reply] if isinstance(reply, bytes) else reply)

    def _answer_late(self, late: bytes, fresh: bytes) -> None:
        first, second = self._request(), self._request()
        self._reply(first, [late])
        self._reply(second, [fresh])

    def _request(self) -> list[bytes]:
        """Return the envelope of the next request."""
        assert self._socket.poll(TIMEOUT_MS)
        return self._socket.recv_multipart()[:-1]

    def _reply(self, envelope: list[bytes], parts: list[bytes]) -> None:
        self._socket.send_multipart([*envelope, *parts])


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield ScriptedServer(context)
    context.destroy(linger=0)


@pytest.fixture
def exchange() -> Iterator[Callable[[str, bytes], bytes]]:
    """Send bytes as any REQ client would, and return the reply."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()

    def send(address: str, frame: bytes) -> bytes:
        with context.socket(zmq.REQ) as socket:
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.RCVTIMEO, TIMEOUT_MS)
            socket.connect(address)
            socket.send(frame)
            return socket.recv()

    yield send
    context.destroy(linger=0)
