"""A service call that outlives a lost answer."""

from __future__ import annotations

import time
from typing import Any

from rclpy.client import Client
from rclpy.task import Future

ASK_AGAIN_S = 10.0


class Question:
    """A request that is sent again while no answer comes; the first answer counts.

    A server that died is known for a while, and one that is new does not yet know the client: an
    answer may be lost. A slow server answers each of the requests, in order.

    Args:
        client: Of the service.
        request: Sent at once.
    """

    def __init__(self, client: Client, request: Any) -> None:
        self._client, self._request = client, request
        self._futures: list[Future] = []
        self._ask()

    def is_answered(self) -> bool:
        """Return whether an answer is here; ask again if it takes too long."""
        if any(each.done() for each in self._futures):
            return True
        if time.monotonic() - self._asked > ASK_AGAIN_S:
            self._ask()
        return False

    @property
    def answer(self) -> Any:
        """The response; None before it is here."""
        return next((each.result() for each in self._futures if each.done()), None)

    def _ask(self) -> None:
        self._futures.append(self._client.call_async(self._request))
        self._asked = time.monotonic()
