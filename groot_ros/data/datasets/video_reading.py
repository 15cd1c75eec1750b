"""Part of a video, one picture at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from groot_ros.data.datasets.errors import DatasetError


def read_pictures(file: Path, start_s: float, count: int, fps: float
                  ) -> Iterator[NDArray[np.uint8]]:
    """Yield pictures that follow each other, RGB, each of shape (height, width, 3).

    Args:
        file: The video.
        start_s: When the first one is shown [s].
        count: How many.
        fps: Of the dataset.

    Raises:
        DatasetError: If the video cannot be read, or one of the pictures is not where it must be.
    """
    given = 0
    try:
        with av.open(str(file)) as container:
            stream = container.streams.video[0]
            stream.thread_type = 'AUTO'
            if start_s > 0.0:
                container.seek(max(0, round((start_s - 0.5 / fps) / stream.time_base)),
                               stream=stream)
            for frame in container.decode(stream):
                late = frame.time - (start_s + given / fps)
                if late < -0.5 / fps:
                    continue  # from the picture that decoding has to start with
                if late > 0.5 / fps:
                    break
                yield np.asarray(frame.to_ndarray(format='rgb24'), np.uint8)
                given += 1
                if given == count:
                    return
    except (av.FFmpegError, IndexError) as error:
        raise DatasetError(f'{file} is no video that can be read: {error}') from None
    raise DatasetError(f'{file} holds {given} pictures from {start_s:.3f} s on at {fps:g} per '
                       f'second, the episode has {count} frames: the dataset is damaged')
