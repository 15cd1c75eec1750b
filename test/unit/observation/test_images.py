import zlib

import cv2
import numpy as np
import pytest

from groot_ros.model.processor import ImageSpec, ImageStep
from groot_ros.observation import (
    ImageError,
    crop_and_resize,
    decode_compressed,
    decode_image,
    is_depth,
    prepare_image,
)

RGB = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def test_rgb8_is_passed_on():
    np.testing.assert_array_equal(decode_image('rgb8', 2, 3, 9, RGB.tobytes()), RGB)


def test_bgr8_is_turned_round():
    data = RGB[:, :, ::-1].tobytes()
    np.testing.assert_array_equal(decode_image('bgr8', 2, 3, 9, data), RGB)


def test_mono8_becomes_three_equal_channels():
    grey = np.array([[0, 100, 255]], np.uint8)
    pixels = decode_image('mono8', 1, 3, 3, grey.tobytes())
    assert pixels.shape == (1, 3, 3)
    np.testing.assert_array_equal(pixels[0, 1], [100, 100, 100])


@pytest.mark.parametrize('is_bigendian', [False, True])
@pytest.mark.parametrize(('encoding', 'dtype'), [('16UC1', np.uint16), ('32FC1', np.float32)])
def test_depth_is_passed_on_in_the_byte_order_of_the_machine(encoding, dtype, is_bigendian):
    depth = np.array([[500, 1500], [7, 65000]], dtype)
    sent = depth.astype(depth.dtype.newbyteorder('>' if is_bigendian else '<'))
    pixels = decode_image(
        encoding, 2, 2, 2 * depth.itemsize, sent.tobytes(), is_bigendian=is_bigendian)
    assert pixels.dtype == dtype
    np.testing.assert_array_equal(pixels, depth)
    assert is_depth(encoding)
    assert not is_depth('rgb8')


def test_padding_at_the_end_of_rows_is_left_out():
    padded = np.zeros((2, 16), np.uint8)
    padded[:, :9] = RGB.reshape(2, 9)
    np.testing.assert_array_equal(decode_image('rgb8', 2, 3, 16, padded.tobytes()), RGB)


@pytest.mark.parametrize(
    ('arguments', 'problem'),
    [
        (('yuv422', 2, 3, 9, bytes(18)), "encoding 'yuv422' is not understood; .* rgb8, bgr8"),
        (('rgb8', 2, 3, 8, bytes(18)), 'step is 8 bytes, a row of 3 rgb8 pixels takes 9'),
        (('rgb8', 2, 3, 9, bytes(17)), 'data holds 17 bytes, 2 rows of 9 take 18'),
        (('rgb8', 0, 3, 9, b''), 'the image is empty: 3 x 0'),
        (('16UC1', 1, 3, 3, bytes(3)), 'a row of 3 16UC1 pixels takes 6'),
    ],
)
def test_what_cannot_be_read_is_refused(arguments, problem):
    with pytest.raises(ImageError, match=problem):
        decode_image(*arguments)


@pytest.mark.parametrize(('extension', 'tolerance'), [('.png', 0), ('.jpg', 3)])
def test_compressed_images_come_out_as_rgb(extension, tolerance):
    red = np.full((16, 16, 3), (200, 30, 10), np.uint8)
    _, data = cv2.imencode(extension, red[:, :, ::-1])
    pixels = decode_compressed(data.tobytes())
    assert np.abs(pixels.astype(int) - red).max() <= tolerance


@pytest.mark.parametrize('data', [b'', b'no image'])
def test_bytes_that_are_no_image_are_refused(data):
    with pytest.raises(ImageError, match=f'{len(data)} bytes are no JPEG or PNG'):
        decode_compressed(data)


def test_compressed_depth_does_not_pass_for_a_picture():
    _, data = cv2.imencode('.png', np.full((8, 8), 900, np.uint16))
    with pytest.raises(ImageError, match='16 bits per channel is not understood'):
        decode_compressed(data.tobytes())


def test_an_image_that_is_said_to_be_enormous_is_refused():
    _, whole = cv2.imencode('.png', RGB)
    header = b'IHDR' + (60_000).to_bytes(4, 'big') * 2 + whole.tobytes()[24:29]
    checksum = zlib.crc32(header).to_bytes(4, 'big')
    png = whole.tobytes()[:12] + header + checksum + whole.tobytes()[33:]
    with pytest.raises(ImageError, match='no JPEG or PNG'):
        decode_compressed(png)


def test_crop_and_resize_averages_the_pixels_that_fall_together():
    image = np.zeros((4, 8, 3), np.uint8)
    image[:, 4:] = [0, 100, 200]
    image[::2, 4:] = [100, 100, 0]
    pixels = crop_and_resize(image, crop=(0.5, 0.0, 0.5, 1.0), size=(2, 1))
    assert pixels.shape == (1, 2, 3)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels[0, 0], [50, 100, 100])


def test_the_crop_of_the_shipped_policy():
    image = np.zeros((240, 320, 3), np.uint8)
    assert crop_and_resize(image, (0.20, 0.27, 0.76, 0.57), (128, 96)).shape == (96, 128, 3)


@pytest.mark.parametrize(
    'crop', [(0.5, 0.0, 0.6, 1.0), (0.0, 0.0, 0.0, 1.0), (-0.1, 0.0, 0.5, 0.5)])
def test_a_crop_outside_the_image_is_refused(crop):
    with pytest.raises(ImageError, match='empty or outside'):
        crop_and_resize(np.zeros((10, 10, 3), np.uint8), crop, (2, 2))


class Steps:
    """A recipe of given steps."""

    def __init__(self, *steps):
        self._steps = steps

    def steps(self, width, height):
        assert (width, height) == (4, 2)
        return self._steps


def test_every_step_of_a_preparation_is_carried_out_in_order():
    image = np.full((2, 4, 3), 90, np.uint8)
    image[:, 2:] = 200
    spec = ImageSpec((0.0, 0.0, 1.0, 1.0), (2, 1), Steps(
        ImageStep((0, 1, 0, 1), (0.0, 0.0, 1.0, 1.0), (4, 4)),  # black above and below
        ImageStep((0, 0, 0, 0), (0.5, 0.0, 0.5, 0.5), (2, 1))))  # the upper right quarter
    pixels = prepare_image(image, spec)
    assert pixels.shape == (1, 2, 3)
    assert pixels.tolist() == [[[100] * 3] * 2]  # black and 200 fall together


def test_without_a_recipe_the_crop_and_the_size_are_all():
    image = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3)
    np.testing.assert_array_equal(
        prepare_image(image, ImageSpec((0.5, 0.0, 0.5, 1.0), (2, 2))), image[:, 2:])
