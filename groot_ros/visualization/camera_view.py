"""Which picture of a camera to show: the newest, or the newest with its attention."""

from __future__ import annotations

from typing import Generic, TypeVar

from groot_ros.visualization.heat import Heat

Image = TypeVar('Image')

PATIENCE_NS = 1_000_000_000
"""A picture newer by more than this than the last one with attention is shown without."""
KEPT = 30


class CameraView(Generic[Image]):
    """Pictures of one camera, some of which wait for the attention that belongs to them.

    Attention comes after System 2 has read a picture, and is never shown over another one.
    """

    def __init__(self) -> None:
        self._newest: tuple[int, Image] | None = None
        self._waiting: dict[int, Image] = {}
        self._pair: tuple[Image, Heat] | None = None
        self._attended: int | None = None

    def take_picture(self, stamp: int, image: Image, *, waits: bool) -> None:
        """Take a picture captured at a time [ns], which waits for attention or does not."""
        self._newest = stamp, image
        if not waits:
            self._waiting.clear()
            self._pair = None
            return
        self._waiting[stamp] = image
        while len(self._waiting) > KEPT:
            del self._waiting[next(iter(self._waiting))]

    def take_attention(self, stamp: int, heat: Heat) -> None:
        """Take what System 2 looked at in the picture captured at a time [ns]."""
        if stamp in self._waiting:
            self._pair, self._attended = (self._waiting[stamp], heat), stamp

    def pick_newest(self) -> Image | None:
        """Return the newest picture, once."""
        newest, self._newest = self._newest, None
        return None if newest is None else newest[1]

    def pick(self) -> tuple[Image | None, Heat | None]:
        """Return the newest picture with attention, once; without, if none has had it for long."""
        if self._pair is not None:
            pair, self._pair = self._pair, None
            return pair
        if self._newest is None or self._is_early(self._newest[0]):
            return None, None
        return self.pick_newest(), None

    def _is_early(self, stamp: int) -> bool:
        """Return whether attention may still come for a picture, or a newer one."""
        return self._attended is not None and 0 <= stamp - self._attended <= PATIENCE_NS
