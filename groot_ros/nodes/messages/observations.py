"""Sensor messages to values, and observations to and from messages."""

from __future__ import annotations

import array
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from sensor_msgs.msg import Imu as ImuMessage
from std_msgs.msg import Header

from groot_ros.msg import Observation
from groot_ros.nodes.shared.stamps import seconds, stamp_at
from groot_ros.observation import Imu, Observed, decode_compressed, decode_image
from groot_ros.observation.images import Pixels

RgbImage = NDArray[np.uint8]
ENCODINGS = {'uint8': 'rgb8', 'uint16': '16UC1', 'float32': '32FC1'}


class ObservationMessageError(ValueError):
    """An observation message that System 2 cannot read."""


def read_pixels(message: Image | CompressedImage) -> Pixels:
    """Return the pixels of a camera message.

    Raises:
        ImageError: If the encoding is unknown or the sizes disagree.
    """
    if isinstance(message, CompressedImage):
        return decode_compressed(message.data)
    return decode_image(
        message.encoding, message.height, message.width, message.step, message.data,
        is_bigendian=bool(message.is_bigendian))


def image_message(pixels: Pixels, header: Header) -> Image:
    """Return RGB (height, width, 3) or depth (height, width) pixels as a message."""
    return Image(
        header=header, height=pixels.shape[0], width=pixels.shape[1],
        encoding=ENCODINGS[pixels.dtype.name], step=pixels[0].nbytes,
        data=array.array('B', pixels.tobytes()))


def compressed_message(pixels: RgbImage, header: Header, quality: int) -> CompressedImage:
    """Return RGB pixels (height, width, 3) as a JPEG image of a quality from 0 to 100."""
    _, encoded = cv2.imencode('.jpg', pixels[:, :, ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality))
    return CompressedImage(
        header=header, format='rgb8; jpeg compressed bgr8',
        data=array.array('B', encoded.tobytes()))


def read_imu(message: ImuMessage) -> Imu:
    """Return an inertial measurement."""
    turn, rate = message.orientation, message.angular_velocity
    acceleration = message.linear_acceleration
    return Imu(
        seconds(message.header.stamp), np.array([turn.x, turn.y, turn.z, turn.w]),
        np.array([rate.x, rate.y, rate.z]),
        np.array([acceleration.x, acceleration.y, acceleration.z]))


def observation_message(
    observed: Observed, headers: Mapping[str, Header], now: float
) -> Observation:
    """Return an observation as a message.

    Args:
        observed: What was there at one moment.
        headers: Of the camera messages, by video key: their stamps are kept to the nanosecond.
        now: Present time, for the ages [s].
    """
    message = Observation(
        image_names=list(observed.images),
        images=[image_message(image.pixels, headers[key])
                for key, image in observed.images.items()],
        image_ages=[now - image.stamp for image in observed.images.values()],
        state=_numbers(observed.joints.positions),
        state_velocity=_numbers(observed.joints.velocities),
        state_age=now - observed.joints.stamp)
    if observed.imu is not None:
        message.imu = [_imu_message(observed.imu)]
    exact = {seconds(headers[key].stamp): headers[key].stamp for key in observed.images}
    message.header.stamp = exact.get(observed.stamp) or stamp_at(observed.stamp)
    return message


def read_images(observation: Observation) -> dict[str, RgbImage]:
    """Return the colour images of an observation by video key, each (height, width, 3).

    Raises:
        ObservationMessageError: If names are missing or a size disagrees with the bytes.
    """
    if len(observation.image_names) != len(observation.images):
        raise ObservationMessageError(
            f'{len(observation.image_names)} names for {len(observation.images)} images')
    return {
        name: _read_image(name, image)
        for name, image in zip(observation.image_names, observation.images, strict=True)
        if image.encoding == 'rgb8'}


def _read_image(name: str, message: Image) -> RgbImage:
    expected = message.height * message.width * 3
    if len(message.data) != expected:
        raise ObservationMessageError(
            f'{name}: {message.width} x {message.height} rgb8 takes {expected} bytes, '
            f'got {len(message.data)}')
    return np.frombuffer(message.data, dtype=np.uint8).reshape(
        message.height, message.width, 3)


def _imu_message(imu: Imu) -> ImuMessage:
    message = ImuMessage()
    message.header.stamp = stamp_at(imu.stamp)
    turn, rate = message.orientation, message.angular_velocity
    turn.x, turn.y, turn.z, turn.w = imu.orientation.tolist()
    rate.x, rate.y, rate.z = imu.angular_velocity.tolist()
    acceleration = message.linear_acceleration
    acceleration.x, acceleration.y, acceleration.z = imu.linear_acceleration.tolist()
    return message


def _numbers(values: NDArray[np.float64]) -> array.array[float]:
    return array.array('f', values.astype(np.float32).tobytes())
