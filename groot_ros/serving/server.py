"""A policy server that GR00T clients understand."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np
import zmq

from groot_ros.serving.actions import ActionGroups, encode_actions
from groot_ros.serving.arrays import Limits, pack
from groot_ros.serving.errors import AddressError, RequestError, ServingError
from groot_ros.serving.modality import modalities_to_wire
from groot_ros.serving.observations import decode_observation
from groot_ros.serving.policy import ServedPolicy
from groot_ros.serving.protocol import (
    DEFAULT_PORT,
    PING_REPLY,
    Endpoint,
    ProtocolVersion,
    Request,
    decode_request,
)

LOCAL_HOST = '127.0.0.1'
HARD_LIMIT = 4
"""A client that sends this many times the allowed bytes is cut off while it still sends."""
POLL_MS = 100

_log = logging.getLogger(__name__)


class PolicyServer:
    """Answers one request at a time, and survives every malformed one."""

    def __init__(self, policy: ServedPolicy, version: ProtocolVersion, *, host: str = LOCAL_HOST,
                 port: int = DEFAULT_PORT, api_token: str | None = None,
                 allow_kill: bool = False, limits: Limits | None = None) -> None:
        """Bind the socket.

        Args:
            policy: What answers.
            version: Release that the clients expect.
            host: Address to listen on; '*' or '0.0.0.0' for every network interface.
            port: 0 takes a free one.
            api_token: What clients must send; None asks for nothing.
            allow_kill: Let any client end the server.
            limits: Largest request that is read.

        Raises:
            AddressError: If the address is in use or does not exist.
        """
        self._policy = policy
        self._version = version
        self._api_token = api_token
        self._allow_kill = allow_kill
        self._limits = limits or Limits()
        self._stopped = threading.Event()
        self._context = zmq.Context()
        self._socket = self._bind(host, port)
        self.address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def __enter__(self) -> Self:
        """Return the server."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Close the socket."""
        self.close()

    def serve(self) -> None:
        """Answer requests until `stop`, or until a client ends the server if it may."""
        while not self._stopped.is_set():
            if self._socket.poll(POLL_MS):
                self._socket.send(self.answer(self._socket.recv_multipart()))

    def stop(self) -> None:
        """Let `serve` return after the request in hand; may be called from anywhere."""
        self._stopped.set()

    def close(self) -> None:
        """Close the socket; a reply that was already given is still sent."""
        self._socket.close(linger=1000)
        self._context.term()

    def answer(self, frames: list[bytes]) -> bytes:
        """Return the reply to a message of any content."""
        try:
            if len(frames) != 1:
                raise RequestError(f'a request is one frame, got {len(frames)}')
            request = decode_request(frames[0], self._version, self._api_token, self._limits)
            return pack(self._handle(request))
        except ServingError as error:
            _log.warning('refused a request: %s', error)
            return pack({'error': str(error)})
        # The other clients must still be served when the policy fails on one observation.
        except Exception as error:
            _log.exception('the policy failed')
            return pack({'error': f'the policy failed: {type(error).__name__}: {error}; '
                                  'see the log of the policy server'})

    def _handle(self, request: Request) -> Any:
        match request.endpoint:
            case Endpoint.PING:
                return PING_REPLY
            case Endpoint.GET_MODALITY_CONFIG:
                return modalities_to_wire(self._policy.modalities, self._version)
            case Endpoint.RESET:
                self._policy.reset()
                return {}
            case Endpoint.KILL:
                return self._kill()
            case Endpoint.GET_ACTION:
                return self._act(request.arguments)

    def _kill(self) -> None:
        if not self._allow_kill:
            raise RequestError("'kill' is refused: start the server with --allow-kill to let "
                               'clients end it')
        self.stop()

    def _act(self, arguments: dict[str, Any]) -> Any:
        wire, options = self._split(arguments)
        batch = decode_observation(
            wire, self._version, self._policy.modalities, self._policy.state_dims)
        chunks = [self._policy.act(observation) for observation in batch.observations]
        for chunk in chunks:
            _check_finite(chunk)
        # GR00T's own servers ignore options without a word.
        info = {'ignored_options': [str(key) for key in options]} if options else {}
        return encode_actions(chunks, self._version, batched=batch.batched, info=info)

    def _split(self, arguments: dict[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any]]:
        if not self._version.nested:
            return arguments, {}
        observation, options = arguments.get('observation'), arguments.get('options') or {}
        if not isinstance(observation, dict) or not isinstance(options, dict):
            raise RequestError(
                "get_action needs 'data' with the maps 'observation' and 'options' (or nil), got "
                f'{", ".join(map(str, arguments)) or "none"} (is the client of another GR00T '
                f'version? This server speaks {self._version})')
        return observation, options

    def _bind(self, host: str, port: int) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.REP)
        socket.setsockopt(zmq.IPV6, ':' in host)
        socket.setsockopt(zmq.MAXMSGSIZE, HARD_LIMIT * self._limits.frame_bytes)
        address = f'tcp://[{host}]:{port}' if ':' in host else f'tcp://{host}:{port}'
        try:
            socket.bind(address)
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise AddressError(f'cannot listen on {address}: {error}; give a free --port and '
                               'a --host of this machine') from None
        return socket


def _check_finite(chunk: ActionGroups) -> None:
    for group, values in chunk.items():
        if not np.isfinite(values).all():
            raise ServingError(f'the policy computed NaN or infinity for action group {group!r}: '
                               'its weights or its statistics are damaged')
