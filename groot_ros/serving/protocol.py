"""Requests and replies of GR00T's own policy server: one msgpack map over ZeroMQ REQ/REP."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from groot_ros.serving.arrays import Limits, pack, unpack
from groot_ros.serving.errors import RequestError, UnauthorizedError

DEFAULT_PORT = 5555
TOKEN_VARIABLE = 'GROOT_API_TOKEN'
"""Environment variable that holds the API token, for both sides."""
UNAUTHORIZED = 'Unauthorized: Invalid API token'
PING_REPLY = {'status': 'ok', 'message': 'Server is running'}


class ProtocolVersion(StrEnum):
    """The releases that differ on the wire; the first N1 servers spoke pickle and are left out."""

    N1_5 = 'n1_5'
    N1_6 = 'n1_6'
    N1_7 = 'n1_7'

    @property
    def nested(self) -> bool:
        """Whether observations are maps of maps (N1.6, N1.7) or have flat keys (N1.5)."""
        return self is not ProtocolVersion.N1_5

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What a server of this release answers."""
        return tuple(endpoint for endpoint in Endpoint
                     if self.nested or endpoint is not Endpoint.RESET)


class Endpoint(StrEnum):
    """What a client can ask for."""

    PING = 'ping'
    KILL = 'kill'
    GET_ACTION = 'get_action'
    RESET = 'reset'
    GET_MODALITY_CONFIG = 'get_modality_config'


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was read and allowed."""

    endpoint: Endpoint
    arguments: dict[str, Any]


def encode_request(
        endpoint: Endpoint, arguments: dict[str, Any] | None, api_token: str | None) -> bytes:
    """Return the message of a request; `arguments` is None for endpoints without input."""
    request: dict[str, Any] = {'endpoint': endpoint.value}
    if arguments is not None:
        request['data'] = arguments
    if api_token is not None:
        request['api_token'] = api_token
    return pack(request)


def decode_request(frame: bytes, version: ProtocolVersion, api_token: str | None,
                   limits: Limits | None = None) -> Request:
    """Read a request and check its token.

    Raises:
        CodecError: If the bytes are not a message.
        UnauthorizedError: If the token is not the server's.
        RequestError: If it is no request, or one for an endpoint that does not exist.
    """
    request = unpack(frame, limits)
    if not isinstance(request, dict):
        raise RequestError(f'a request must be a map, got {type(request).__name__}')
    _check_token(request.get('api_token'), api_token)
    name = request.get('endpoint', Endpoint.GET_ACTION.value)
    if not isinstance(name, str) or name not in version.endpoints:
        raise RequestError(f'unknown endpoint {str(name)[:40]!r}; a {version} server has '
                           f'{", ".join(version.endpoints)}')
    arguments = request.get('data')
    if arguments is not None and not isinstance(arguments, dict):
        raise RequestError(f"'data' must be a map, got {type(arguments).__name__}")
    return Request(Endpoint(name), arguments or {})


def _check_token(given: Any, expected: str | None) -> None:
    if expected is None:
        return
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), expected.encode()):
        raise UnauthorizedError(UNAUTHORIZED)
