"""Videos of camera images."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

from groot_ros.data.datasets.errors import DatasetError


class Encoding(NamedTuple):
    """How a codec is used.

    Attributes:
        encoder: Its name in FFmpeg.
        options: Of the encoder.
        standard: What decoders call its videos.
        pixel_format: What pixels are stored as.
    """

    encoder: str
    options: dict[str, str]
    standard: str
    pixel_format: str = 'yuv420p'


# A picture to start from every 10 frames: training reads single pictures at random places.
# Every frame follows from earlier ones (bf=0), so that frames are stored in order of time.
ENCODINGS = {
    'h264': Encoding(
        'libx264', {'preset': 'veryfast', 'crf': '20', 'g': '10', 'bf': '0'}, 'h264'),
    'av1': Encoding('libsvtav1', {'preset': '8', 'crf': '30', 'g': '10'}, 'av1'),
    'lossless': Encoding(
        'libx264rgb', {'preset': 'veryfast', 'qp': '0', 'g': '10', 'bf': '0'}, 'h264', 'rgb24'),
}


def encode_video(
        file: Path, images: Iterable[NDArray[np.uint8]], size: tuple[int, int], fps: float,
        codec: str) -> int:
    """Write images to an MP4 file, one at a time; an interrupted run leaves no file.

    Args:
        file: The new video; replaced if it is there.
        images: RGB, each of shape (height, width, 3).
        size: Width and height [px], both even.
        fps: Frames per second; frame k is shown from exactly k / fps on.
        codec: One of `ENCODINGS`.

    Returns:
        How many images there were.

    Raises:
        DatasetError: If the size is odd, an image has another, or the encoder is missing.
    """
    if size[0] % 2 or size[1] % 2:
        raise DatasetError(f'{file.name}: {codec} needs an even width and height, got '
                           f'{size[0]} x {size[1]}: let the camera crop one row or column')
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f'{file.name}.part')
    with av.open(str(part), 'w', format='mp4') as container:
        count = _encode(container, images, size, fps, codec)
    part.replace(file)
    return count


def video_feature(size: tuple[int, int], fps: float, codec: str) -> dict[str, Any]:
    """Return the description of a video of `encode_video` for info.json.

    Args:
        size: Width and height [px].
        fps: Frames per second.
        codec: One of `ENCODINGS`.
    """
    encoding = ENCODINGS[codec]
    return {
        'dtype': 'video', 'shape': [size[1], size[0], 3],
        'names': ['height', 'width', 'channels'],
        'info': {
            'video.height': size[1], 'video.width': size[0],
            'video.codec': encoding.standard, 'video.pix_fmt': encoding.pixel_format,
            'video.is_depth_map': False, 'video.fps': fps, 'video.channels': 3,
            'has_audio': False}}


def _encode(container: av.container.OutputContainer, images: Iterable[NDArray[np.uint8]],
            size: tuple[int, int], fps: float, codec: str) -> int:
    encoding = ENCODINGS[codec]
    os.environ.setdefault('SVT_LOG', '1')  # else the AV1 encoder tells the user of itself
    rate = Fraction(fps).limit_denominator(1001)
    try:
        stream = container.add_stream(encoding.encoder, rate=rate, options=encoding.options)
    except av.FFmpegError as error:
        raise DatasetError(f'this build of av has no {encoding.encoder} ({error}): give another '
                           '--codec') from None
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height = size
    stream.pix_fmt = encoding.pixel_format
    stream.codec_context.time_base = 1 / rate
    count = 0
    for image in images:
        if image.shape != (size[1], size[0], 3):
            raise DatasetError(f'image {count} must have shape ({size[1]}, {size[0]}, 3), got '
                               f'{image.shape}')
        frame = av.VideoFrame.from_ndarray(image, format='rgb24')
        frame.pts, frame.time_base = count, 1 / rate
        container.mux(stream.encode(frame))
        count += 1
    container.mux(stream.encode())
    return count
