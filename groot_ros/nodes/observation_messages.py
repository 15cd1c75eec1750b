"""Images of observations to and from messages."""

import array

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from groot_ros.msg import Observation

RgbImage = NDArray[np.uint8]
ENCODING = 'rgb8'


class ObservationMessageError(ValueError):
    """An observation message that System 2 cannot read."""


def image_message(image: RgbImage, stamp: Time, frame_id: str) -> Image:
    """Return an RGB image (height, width, 3) as a message."""
    height, width, channels = image.shape
    return Image(
        header=Header(stamp=stamp, frame_id=frame_id), height=height, width=width,
        encoding=ENCODING, step=width * channels, data=array.array('B', image.tobytes()))


def read_images(observation: Observation) -> dict[str, RgbImage]:
    """Return the images of an observation by modality key, each (height, width, 3).

    Raises:
        ObservationMessageError: If an image is not rgb8 or its size disagrees with its bytes.
    """
    if len(observation.image_names) != len(observation.images):
        raise ObservationMessageError(
            f'{len(observation.image_names)} names for {len(observation.images)} images')
    return {
        name: _read_image(name, image)
        for name, image in zip(observation.image_names, observation.images, strict=True)}


def _read_image(name: str, message: Image) -> RgbImage:
    expected = message.height * message.width * 3
    if message.encoding != ENCODING or len(message.data) != expected:
        raise ObservationMessageError(
            f'{name}: expected {ENCODING} of {message.width} x {message.height} in {expected} '
            f'bytes, got {message.encoding!r} in {len(message.data)} bytes')
    return np.frombuffer(message.data, dtype=np.uint8).reshape(
        message.height, message.width, 3)
