"""Image preparation of every release, executed as the perception node would."""

import json

import numpy as np
import pytest
from checkpoint_files import n1_7, write

from groot_ros.model.processor import ProcessorError, load_processor
from groot_ros.model.processor.images import CentreCrop, ImageSpec, ResizeCropResize
from groot_ros.observation.images import crop_and_resize


def execute(spec, image):
    for step in spec.steps(image.shape[1], image.shape[0]):
        left, top, right, bottom = step.border
        image = np.pad(image, ((top, bottom), (left, right), (0, 0)))
        image = crop_and_resize(image, step.crop, step.size)
    return image


def released(tmp_path, **changes):
    return load_processor(write(tmp_path, n1_7(**changes)), 'robot').images['front']


def test_a_crop_and_a_size_are_one_step():
    spec = ImageSpec((0.25, 0.5, 0.5, 0.5), (4, 3))
    (step,) = spec.steps(64, 48)
    assert (step.border, step.crop, step.size) == ((0, 0, 0, 0), spec.crop, spec.size)
    assert spec.output_size(64, 48) == (4, 3)


def test_the_released_n1_7_keeps_230_of_256_pixels(tmp_path):
    spec = released(tmp_path)
    first, second = spec.steps(640, 480)
    assert (first.size, second.size) == ((256, 256), (256, 256))
    assert second.crop == (13 / 256, 13 / 256, 230 / 256, 230 / 256)
    columns = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (256, 1, 3))
    cut = execute(spec, columns)
    assert cut.shape == (256, 256, 3)
    assert (cut[0, 0, 0], cut[0, -1, 0]) == (13, 242)


def test_sizes_of_the_release_are_height_and_width(tmp_path):
    spec = released(tmp_path, image_target_size=[128, 256], image_crop_size=[64, 128])
    assert spec.size == (256, 128)
    assert spec.output_size(640, 480) == (256, 128)


@pytest.mark.parametrize(('camera', 'size'), [
    ((640, 480), (340, 256)), ((480, 640), (256, 340)), ((256, 256), (256, 256)),
    ((1280, 720), (455, 256))])
def test_a_shortest_edge_keeps_the_aspect_ratio(tmp_path, camera, size):
    spec = released(tmp_path, shortest_image_edge=256, crop_fraction=0.95)
    assert spec.output_size(*camera) == size
    assert execute(spec, np.zeros((camera[1], camera[0], 3), np.uint8)).shape[:2] == size[::-1]


def test_a_letter_box_is_black_above_and_below(tmp_path):
    spec = released(tmp_path, letter_box_transform=True, image_crop_size=[256, 256])
    boxed = execute(spec, np.full((240, 320, 3), 200, np.uint8))
    assert boxed.shape == (256, 256, 3)
    assert boxed[:31].max() == 0
    assert boxed[-31:].max() == 0
    assert boxed[33:-33].min() == 200


def test_an_odd_border_puts_the_spare_pixel_last():
    (first, _) = ResizeCropResize(1.0, (8, 8), letter_box=True).steps(7, 4)
    assert first.border == (0, 1, 0, 2)


def test_n1_5_cuts_out_the_middle_before_it_resizes():
    (step,) = CentreCrop(0.95, (224, 224)).steps(641, 480)
    # 608 of 641 columns, 456 of 480 rows; 16.5 rounds to the even 16.
    assert step.crop == (16 / 641, 12 / 480, 608 / 641, 456 / 480)
    assert step.size == (224, 224)


@pytest.mark.parametrize(('changes', 'message'), [
    ({'image_target_size': [256]}, r'image_target_size: expected two sizes in pixels'),
    ({'image_crop_size': [300, 300]}, r'image_crop_size: expected a part of the image, got 1.17'),
    ({'crop_fraction': 1.5}, r'crop_fraction: expected a part of the image, got 1.5'),
    ({'image_crop': [0.5, 0, 0.6, 1]}, r'image_crop: expected a part of the image'),
    ({'image_crop': [0, 0, 1]}, r'image_crop: expected x, y, width, height as fractions')])
def test_sizes_that_no_image_can_have_are_refused(tmp_path, changes, message):
    files = json.loads(json.dumps(n1_7(**changes)))
    with pytest.raises(ProcessorError, match=message):
        load_processor(write(tmp_path, files), 'robot')


@pytest.mark.parametrize('spec', [
    ImageSpec((0.2, 0.27, 0.76, 0.57), (128, 96)),
    ImageSpec((0.1, 0.1, 0.8, 0.8), (64, 64), CentreCrop(0.8, (64, 64))),
    ImageSpec((0.1, 0.1, 0.9, 0.9), (64, 64), ResizeCropResize(0.9, None, 64)),
    ImageSpec((0.1, 0.1, 0.9, 0.9), (64, 64), ResizeCropResize(0.9, (64, 64), letter_box=True)),
], ids=['crop', 'centre', 'keeps the aspect', 'letter box'])
def test_the_seen_part_is_where_the_pixels_of_the_model_image_come_from(spec):
    width, height = 320, 240
    across = np.tile(np.arange(width) * 0.75 + 10, (height, 1))
    down = np.tile((np.arange(height) * 0.75 + 10)[:, None], (1, width))
    cut = execute(spec, np.rint(np.dstack([across, down, down])).astype(np.uint8))
    part = spec.seen_part(width, height)
    rows, columns = cut.shape[:2]
    for start, length, size, values in (
            (part.left, part.width, width, cut[rows // 2, :, 0]),
            (part.top, part.height, height, cut[:, columns // 2, 1])):
        places = start + (np.arange(len(values)) + 0.5) * length / len(values) - 0.5
        inside = (places > 4) & (places < size - 5)
        assert inside.sum() > 20
        np.testing.assert_allclose(
            (values[inside] - 10.0) / 0.75, places[inside], atol=1.5)


def test_a_letter_box_shows_more_than_the_image():
    spec = ImageSpec((0, 0, 1, 1), (64, 64), ResizeCropResize(1.0, (64, 64), letter_box=True))
    part = spec.seen_part(320, 240)
    assert (part.left, part.top, part.width, part.height) == (0.0, -40.0, 320.0, 320.0)
