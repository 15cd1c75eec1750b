"""Image bytes to pixels, and pixels to what the policy looks at."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from groot_ros.model.processor import ImageSpec

Pixels = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]

# Encodings of sensor_msgs/Image: type of one channel, channels per pixel.
ENCODINGS: dict[str, tuple[str, int]] = {
    'rgb8': ('u1', 3),
    'bgr8': ('u1', 3),
    'mono8': ('u1', 1),
    '16UC1': ('u2', 1),
    '32FC1': ('f4', 1),
}
DEPTH_ENCODINGS = ('16UC1', '32FC1')
# With IMREAD_COLOR alone 16 bits become 8 without a word: depth would pass for a grey picture.
COLOUR_AS_SENT = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH


class ImageError(ValueError):
    """An image that cannot be read."""


def is_depth(encoding: str) -> bool:
    """Return whether pixels of this encoding are distances: [mm] as 16UC1, [m] as 32FC1."""
    return encoding in DEPTH_ENCODINGS


def decode_image(
        encoding: str, height: int, width: int, step: int, data: bytes | memoryview,
        *, is_bigendian: bool = False) -> Pixels:
    """Return the pixels of an uncompressed image.

    Args:
        encoding: As in sensor_msgs/Image.
        height: Rows [px].
        width: Columns [px].
        step: Bytes from one row to the next, padding included.
        data: At least height * step bytes.
        is_bigendian: Byte order of numbers wider than a byte.

    Returns:
        RGB uint8 (height, width, 3) for colour and mono; depth unchanged (height, width), in the
        machine's byte order. May be a read-only view of `data`.

    Raises:
        ImageError: If the encoding is unknown or the sizes disagree.
    """
    if encoding not in ENCODINGS:
        raise ImageError(
            f"encoding '{encoding}' is not understood; let the camera send one of "
            f'{", ".join(ENCODINGS)}')
    kind, channels = ENCODINGS[encoding]
    dtype = np.dtype(kind).newbyteorder('>' if is_bigendian else '<')
    _check_sizes(encoding, height, width, step, len(data), width * channels * dtype.itemsize)
    rows = np.frombuffer(data, np.uint8, height * step).reshape(height, step)
    pixels = np.ascontiguousarray(rows[:, :width * channels * dtype.itemsize]).view(dtype)
    if is_depth(encoding):
        return pixels.astype(dtype.newbyteorder('='), copy=False)
    return _to_rgb(encoding, pixels.reshape(height, width, channels))


def decode_compressed(data: bytes | memoryview) -> NDArray[np.uint8]:
    """Return a JPEG or PNG image as RGB uint8 (height, width, 3).

    Raises:
        ImageError: If the bytes are no such image, or one of more than 8 bits per channel.
    """
    encoded = np.frombuffer(data, np.uint8)
    try:
        pixels = cv2.imdecode(encoded, COLOUR_AS_SENT) if len(encoded) else None
    except cv2.error:  # it is said to have billions of pixels
        pixels = None
    if pixels is None:
        raise ImageError(
            f'{len(encoded)} bytes are no JPEG or PNG image; compressedDepth is not '
            'understood: subscribe to the raw depth topic instead')
    if pixels.dtype != np.uint8:
        raise ImageError(
            f'a compressed image of {8 * pixels.itemsize} bits per channel is not understood: let '
            'the camera send 8 bits, or, if it is depth, subscribe to the raw topic instead')
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def crop_and_resize(
        image: NDArray[np.uint8], crop: tuple[float, float, float, float], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Cut out a part of an image and scale it, averaging over the pixels that fall together.

    Demonstrations and the perception node both use this function: what the policy was trained
    on is what it sees.

    Args:
        image: RGB (height, width, 3).
        crop: x, y, width, height of the part to keep, as fractions of the image.
        size: Width and height of the result [px].

    Returns:
        Shape (size[1], size[0], 3).

    Raises:
        ImageError: If the part lies outside the image or is empty.
    """
    height, width = image.shape[:2]
    left, top = round(crop[0] * width), round(crop[1] * height)
    right, bottom = round((crop[0] + crop[2]) * width), round((crop[1] + crop[3]) * height)
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise ImageError(
            f'crop {crop} of a {width} x {height} image is empty or outside: x, y, width, '
            'height must be fractions with x + width <= 1 and y + height <= 1')
    part = image[top:bottom, left:right]
    return cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def prepare_image(image: NDArray[np.uint8], spec: ImageSpec) -> NDArray[np.uint8]:
    """Carry out every step from a camera image to the image that a checkpoint asks for.

    The perception node and the policy server both use this function.

    Args:
        image: RGB (height, width, 3).
        spec: Of the image's video key.

    Returns:
        RGB (height, width, 3) of the size that `spec.output_size` tells.

    Raises:
        ImageError: If nothing of the image would be left.
    """
    height, width = image.shape[:2]
    for step in spec.steps(width, height):
        left, top, right, bottom = step.border
        if any(step.border):
            image = np.pad(image, ((top, bottom), (left, right), (0, 0)))
        image = crop_and_resize(image, step.crop, step.size)
    return image


def _check_sizes(
        encoding: str, height: int, width: int, step: int, length: int, row: int) -> None:
    if height < 1 or width < 1:
        raise ImageError(f'the image is empty: {width} x {height} pixels')
    if step < row:
        raise ImageError(
            f'step is {step} bytes, a row of {width} {encoding} pixels takes {row}')
    if length < height * step:
        raise ImageError(
            f'data holds {length} bytes, {height} rows of {step} take {height * step}')


def _to_rgb(encoding: str, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if encoding == 'bgr8':
        return np.ascontiguousarray(pixels[:, :, ::-1])
    if encoding == 'mono8':
        return np.repeat(pixels, 3, axis=2)
    return pixels
