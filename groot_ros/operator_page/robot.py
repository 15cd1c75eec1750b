"""What the page needs of a robot."""

from __future__ import annotations

from concurrent.futures import Future
from typing import NamedTuple, Protocol

from groot_ros.operator_page.view import RobotView


class Answer(NamedTuple):
    """What became of a request: whether it was granted, and a sentence for people."""

    ok: bool
    text: str


class Picture(NamedTuple):
    """What a camera saw: a number that the next one does not have, and a JPEG file."""

    number: int
    jpeg: bytes


class Robot(Protocol):
    """Called by the server's thread, which must not wait: all but `picture` return at once."""

    def view(self) -> RobotView:
        """Return how it is now."""

    def stop(self) -> Answer:
        """Call an emergency stop; needs nothing else here to work."""

    def instruct(self, text: str) -> Future[Answer]:
        """Tell it what to do."""

    def pause(self) -> Future[Answer]:
        """Let it rest."""

    def resume(self) -> Future[Answer]:
        """Let it go on after a pause."""

    def reset(self) -> Future[Answer]:
        """End the latch of an emergency stop."""

    def picture(self, camera: int, known: int) -> Picture | None:
        """Return the newest picture of a camera, None if its number is `known`.

        Called by threads that may wait.

        Raises:
            IndexError: If there is no such camera.
        """
