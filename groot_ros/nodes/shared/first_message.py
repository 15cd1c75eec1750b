"""The first message of a step-locked run, which discovery must not lose."""

from __future__ import annotations

import time

from rclpy.publisher import Publisher

PATIENCE_S = 10.0
PAUSE_S = 0.01


class FirstMessage:
    """Holds the first message back until somebody listens.

    A node hears a robot before all the others have found each other. In real time the next
    message makes up for the first one; whoever waits for every message would wait for ever.

    Args:
        publisher: That sends it.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._sent = False

    def wait_for_listener(self) -> None:
        """Return once somebody listens, at most PATIENCE_S after the first call."""
        if self._sent:
            return
        self._sent = True
        deadline = time.monotonic() + PATIENCE_S
        while not self._publisher.get_subscription_count() and time.monotonic() < deadline:
            time.sleep(PAUSE_S)
