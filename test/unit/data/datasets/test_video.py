"""Videos hold every picture, at its time."""

import av
import numpy as np
import pytest

from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.video import ENCODINGS, encode_video
from groot_ros.data.datasets.video_reading import read_pictures

SIZE = (64, 48)


def pictures(count):
    """Return pictures whose brightness tells their number."""
    for number in range(count):
        yield np.full((SIZE[1], SIZE[0], 3), 10 + 4 * number, np.uint8)


@pytest.mark.parametrize('codec', ENCODINGS)
def test_every_picture_comes_back_in_order(tmp_path, codec):
    file = tmp_path / 'video.mp4'
    assert encode_video(file, pictures(50), SIZE, 20.0, codec) == 50
    found = [float(picture.mean()) for picture in read_pictures(file, 0.0, 50, 20.0)]
    np.testing.assert_allclose(found, 10 + 4 * np.arange(50), atol=2.5)


@pytest.mark.parametrize('codec', ENCODINGS)
@pytest.mark.parametrize('fps', [10.0, 29.97, 30.0])
def test_each_picture_is_shown_at_its_time(tmp_path, codec, fps):
    file = tmp_path / 'video.mp4'
    encode_video(file, pictures(33), SIZE, fps, codec)
    with av.open(str(file)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    np.testing.assert_allclose(times, np.arange(33) / fps, atol=1e-4)


@pytest.mark.parametrize('codec', ENCODINGS)
def test_reading_can_start_every_ten_pictures(tmp_path, codec):
    file = tmp_path / 'video.mp4'
    encode_video(file, pictures(40), SIZE, 20.0, codec)
    with av.open(str(file)) as container:
        keys = [number for number, packet in enumerate(container.demux(video=0))
                if packet.is_keyframe]
    assert max(np.diff(keys)) <= 10


def test_an_interrupted_video_is_no_video(tmp_path):
    def broken():
        yield from pictures(3)
        raise RuntimeError('the camera is gone')

    with pytest.raises(RuntimeError):
        encode_video(tmp_path / 'video.mp4', broken(), SIZE, 20.0, 'h264')
    assert not (tmp_path / 'video.mp4').exists()


def test_sizes_that_cannot_be_stored_are_refused(tmp_path):
    with pytest.raises(DatasetError, match='even width and height, got 63 x 48'):
        encode_video(tmp_path / 'video.mp4', [], (63, 48), 20.0, 'h264')
    with pytest.raises(DatasetError, match=r'image 1 must have shape \(48, 64, 3\)'):
        encode_video(tmp_path / 'video.mp4',
                     [np.zeros((48, 64, 3), np.uint8), np.zeros((24, 64, 3), np.uint8)], SIZE,
                     20.0, 'h264')
