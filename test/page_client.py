"""What a browser sends to the operator page, without a browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlencode

PATIENCE_S = 60.0


class Reply(NamedTuple):
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


class PageClient:
    """Sends requests to a page on this machine; may be used by several threads.

    Args:
        port: Of the page.
    """

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str, **headers: str) -> Reply:
        return self._send('GET', path, None, headers)

    def post(self, path: str, fields: Mapping[str, str] | None = None, **headers: str) -> Reply:
        form = {'Content-Type': 'application/x-www-form-urlencoded'}
        return self._send('POST', path, urlencode(fields or {}), form | headers)

    def state(self) -> dict[str, Any]:
        """Return the robot as the page shows it."""
        return self.get('/state').json

    def _send(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str]
    ) -> Reply:
        connection = HTTPConnection('127.0.0.1', self._port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, dict(headers))
            reply = connection.getresponse()
            return Reply(reply.status, dict(reply.getheaders()), reply.read())
        finally:
            connection.close()
