"""Camera images of a bag: whether they can be used, and pixels one image at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from groot_ros.data.bags import Bag
from groot_ros.data.datasets.errors import DatasetError, UnusableMessageError
from groot_ros.data.datasets.stamps import stamp_of
from groot_ros.data.datasets.topics import COMPRESSED
from groot_ros.observation.images import (
    ImageError,
    decode_compressed,
    decode_image,
    is_depth,
)

# The bytes that every whole file of the format ends with; some cameras add zeros.
ENDINGS = {'JPEG': b'\xff\xd9', 'PNG': b'IEND\xaeB`\x82'}
# What shows that a file can be decoded: an eighth of a JPEG takes half of the time of the whole.
TRIALS = {'JPEG': cv2.IMREAD_REDUCED_GRAYSCALE_8, 'PNG': cv2.IMREAD_COLOR}


def image_size(kind: str, message: Any) -> tuple[int, int]:
    """Return width and height [px] of a camera message.

    Raises:
        UnusableMessageError: If it is no whole colour image, or cannot be decoded.
    """
    try:
        if kind == COMPRESSED:
            return _compressed_size(bytes(message.data))
        if is_depth(message.encoding):
            raise UnusableMessageError(f'{message.encoding} is a depth image, not a colour image')
        decode_image(message.encoding, message.height, message.width, message.step,
                     message.data, is_bigendian=bool(message.is_bigendian))
        return int(message.width), int(message.height)
    except ImageError as error:
        raise UnusableMessageError(str(error)) from None


def _compressed_size(content: bytes) -> tuple[int, int]:
    try:
        with PIL.Image.open(BytesIO(content), formats=tuple(ENDINGS)) as picture:
            size, format = picture.size, str(picture.format)
    except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError):
        raise UnusableMessageError(f'{len(content)} bytes are no JPEG or PNG image') from None
    # A decoder fills what is missing with grey and says nothing.
    if not content.rstrip(b'\0').endswith(ENDINGS[format].rstrip(b'\0')):
        raise UnusableMessageError('the image is cut off')
    if not _can_be_decoded(content, TRIALS[format]):
        raise UnusableMessageError('the image looks whole, but cannot be decoded')
    return size


def _can_be_decoded(content: bytes, trial: int) -> bool:
    try:
        return cv2.imdecode(np.frombuffer(content, np.uint8), trial) is not None
    except cv2.error:
        return False


@dataclass(frozen=True, slots=True)
class BagPictures:
    """Images of one camera for the frames of one episode, read when they are asked for.

    Attributes:
        bag: The folder.
        topic: Of the camera.
        stamps: Header stamp of the image of each frame [ns], shape (frames,); one image may
            serve several frames.
        received: Its time of reception [ns], likewise: of two images with one stamp the first
            may be one that was passed over.
    """

    bag: Path
    topic: str
    stamps: NDArray[np.int64]
    received: NDArray[np.int64]

    def __call__(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the image of each frame, RGB, shape (height, width, 3).

        Raises:
            DatasetError: If one cannot be decoded or is gone.
        """
        stamps, places, uses = np.unique(self.stamps, return_index=True, return_counts=True)
        received = self.received[places]
        given = 0
        with Bag(self.bag) as bag:
            kind = bag.topics[self.topic]
            for _, stamp_ns, message in bag.messages(
                    [self.topic], int(received.min()), int(received.max()) + 1):
                if given == len(stamps):
                    return
                if (stamp_of(message), stamp_ns) == (stamps[given], received[given]):
                    image = self._decode(kind, message)
                    for _ in range(uses[given]):
                        yield image
                    given += 1
        if given < len(stamps):
            raise DatasetError(f'{self.bag}: the image of {self.topic} stamped '
                               f'{stamps[given] * 1e-9:.3f} s is gone: was the bag changed?')

    def _decode(self, kind: str, message: Any) -> NDArray[np.uint8]:
        try:
            if kind == COMPRESSED:
                return decode_compressed(message.data)
            return decode_image(
                message.encoding, message.height, message.width, message.step, message.data,
                is_bigendian=bool(message.is_bigendian)).astype(np.uint8, copy=False)
        except ImageError as error:
            raise DatasetError(
                f'{self.bag}: the image of {self.topic} stamped '
                f'{stamp_of(message) * 1e-9:.3f} s cannot be decoded any more ({error}): was '
                'the bag changed?') from None
