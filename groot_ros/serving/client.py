"""A client of GR00T policy servers: NVIDIA's own, or this package's."""

from __future__ import annotations

import re
import threading
import time
from types import TracebackType
from typing import Any, Self

import zmq

from groot_ros.serving.actions import decode_actions
from groot_ros.serving.arrays import Limits, unpack
from groot_ros.serving.errors import (
    AddressError,
    CancelledError,
    CodecError,
    ReplyError,
    ServerRefusedError,
    ServerTimeoutError,
    ServingError,
    UnauthorizedError,
)
from groot_ros.serving.modality import Modalities, modalities_from_wire
from groot_ros.serving.observations import FloatArray, Observation, encode_observation
from groot_ros.serving.protocol import Endpoint, ProtocolVersion, encode_request

DEFAULT_TIMEOUT_S = 15.0
LOOK_MS = 20
"""How often a call under way looks whether it was cancelled."""
HARD_LIMIT = 4
"""A peer that sends this many times the allowed bytes is cut off while it still sends."""


class PolicyClient:
    """One connection to a policy server; every call ends by its timeout.

    Not for several threads at once. After an error the next call connects anew, so that a
    server may be started late or restarted.

    Attributes:
        address: As ZeroMQ has it.
        timeout_s: Longest time for one answer [s]; may be changed between calls.
        cancelled: Ends the call under way when another thread sets it; None for none.
    """

    def __init__(self, address: str, version: ProtocolVersion | str,
                 api_token: str | None = None, timeout_s: float = DEFAULT_TIMEOUT_S,
                 limits: Limits | None = None) -> None:
        """Prepare the connection; the server need not run yet.

        Args:
            address: As 'zmq://host:port', 'tcp://host:port' or 'host:port'.
            version: Release of the server.
            api_token: As the server asks for; None sends none.
            timeout_s: Longest time for one answer [s].
            limits: Largest answer that is read.

        Raises:
            AddressError: If the address has another form.
        """
        self.address = parse_address(address)
        self._version = ProtocolVersion(version)
        self._api_token = api_token
        self.timeout_s = timeout_s
        self.cancelled: threading.Event | None = None
        self._limits = limits or Limits()
        self._modalities: Modalities | None = None
        self._context = zmq.Context()
        self._socket = self._connect()

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; unsent messages are dropped."""
        self._context.destroy(linger=0)

    def ping(self) -> None:
        """Check that the server answers.

        Raises:
            ServingError: If it does not; so do all calls below.
        """
        reply = self._call(Endpoint.PING)
        if not isinstance(reply, dict) or reply.get('status') != 'ok':
            raise ReplyError(f'{self.address} answered ping with {str(reply)[:60]!r}: is it a '
                             'GR00T policy server?')

    def get_modality_config(self) -> Modalities:
        """Return what the policy takes and gives; asked once, then remembered."""
        if self._modalities is None:
            self._modalities = modalities_from_wire(self._call(Endpoint.GET_MODALITY_CONFIG))
        return self._modalities

    def get_action(self, observation: Observation) -> dict[str, FloatArray]:
        """Return targets in physical units by action group, shape (action_horizon, dim)."""
        modalities = self.get_modality_config()
        wire = encode_observation(observation, self._version, modalities.language_key)
        arguments = {'observation': wire, 'options': None} if self._version.nested else wire
        try:
            return self._actions(self._call(Endpoint.GET_ACTION, arguments), modalities)
        except ServingError:
            self._modalities = None    # it may be another policy by now
            raise

    def reset(self) -> None:
        """Begin a new episode; N1.5 servers keep no state and have nothing to reset."""
        if Endpoint.RESET in self._version.endpoints:
            self._call(Endpoint.RESET, {'options': None})

    def kill(self) -> None:
        """End the server, where it allows that."""
        self._call(Endpoint.KILL)

    def _actions(self, reply: Any, modalities: Modalities) -> dict[str, FloatArray]:
        try:
            return decode_actions(reply, self._version, modalities)
        except ReplyError as error:
            raise ReplyError(f'{self.address}: {error}') from None

    def _call(self, endpoint: Endpoint, arguments: dict[str, Any] | None = None) -> Any:
        frames = self._exchange(encode_request(endpoint, arguments, self._api_token), endpoint)
        if len(frames) != 1:
            raise ReplyError(f'{self.address} answered {endpoint} in {len(frames)} parts: '
                             'is it a GR00T policy server?')
        try:
            reply = unpack(frames[0], self._limits)
        except CodecError as error:
            raise ReplyError(f'{self.address} answered {endpoint} with a malformed message: '
                             f'{error}') from None
        if isinstance(reply, dict) and 'error' in reply:
            self._refuse(endpoint, str(reply['error']))
        return reply

    def _refuse(self, endpoint: Endpoint, text: str) -> None:
        line = ' '.join(text.split())
        if line.startswith('Unauthorized'):
            raise UnauthorizedError(f'{self.address} refused the API token: give the one the '
                                    'server was started with (--api-token)')
        raise ServerRefusedError(f'{self.address} refused {endpoint}: {line}')

    def _exchange(self, frame: bytes, endpoint: Endpoint) -> list[bytes]:
        answered = False
        try:
            self._socket.send(frame)
            self._wait(endpoint)
            frames = self._socket.recv_multipart()
            answered = True
            return frames
        finally:
            # A REQ socket that still waits for its answer can never send again.
            if not answered and not self._socket.closed:
                self._reconnect()

    def _wait(self, endpoint: Endpoint) -> None:
        """Wait for the answer, as long as it may take."""
        deadline = time.monotonic() + self.timeout_s
        while not self._socket.poll(LOOK_MS):
            if self.cancelled is not None and self.cancelled.is_set():
                raise CancelledError(f'{endpoint} of {self.address} was cancelled')
            if time.monotonic() > deadline:
                raise ServerTimeoutError(
                    f'{self.address} did not answer {endpoint} within {self.timeout_s:g} s: is '
                    'the policy server running there, is its port open, is it that slow?')

    def _reconnect(self) -> None:
        self._socket.close(linger=0)
        self._socket = self._connect()

    def _connect(self) -> zmq.Socket[bytes]:
        socket = self._context.socket(zmq.REQ)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.IPV6, '[' in self.address)
        socket.setsockopt(zmq.MAXMSGSIZE, HARD_LIMIT * self._limits.frame_bytes)
        try:
            socket.connect(self.address)
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise AddressError(f'cannot connect to {self.address}: {error}') from None
        return socket


def parse_address(address: str) -> str:
    """Return an address as ZeroMQ wants it, 'tcp://host:port'.

    Raises:
        AddressError: If it is not 'zmq://host:port', 'tcp://host:port' or 'host:port'.
    """
    match = re.fullmatch(r'(?:(?:zmq|tcp)://)?([\w.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})', address)
    if match is None or not 0 < int(match[2]) < 65536:
        raise AddressError(f'{address!r} is no address of a policy server: write '
                           'zmq://HOST:PORT, such as zmq://192.168.1.5:5555')
    return f'tcp://{match[1]}:{match[2]}'
