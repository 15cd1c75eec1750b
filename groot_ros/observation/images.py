"""Camera images to policy images."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def crop_and_resize(image: NDArray[np.uint8], crop: tuple[float, float, float, float],
                    size: tuple[int, int]) -> NDArray[np.uint8]:
    """Cut out a part of an image and scale it by area averaging.

    Args:
        image: Shape (height, width, channels).
        crop: x, y, width, height of the part, as fractions of the image.
        size: Width and height of the result [px].
    """
    height, width = image.shape[:2]
    left, right = round(crop[0] * width), round((crop[0] + crop[2]) * width)
    top, bottom = round(crop[1] * height), round((crop[1] + crop[3]) * height)
    return cv2.resize(image[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
