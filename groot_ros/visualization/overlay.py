"""Words over a picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

MARGIN = 10
LINE_HEIGHT = 24
SHADE = 0.35
WHITE = (255, 255, 255)
LINE_LENGTH = 60
"""Letters that fit on a line."""
LEAST_WIDTH = 640
"""Narrower pictures are enlarged: letters have a size of their own [px]."""


def write_lines(picture: Picture, lines: Sequence[str]) -> None:
    """Write lines over a darkened band at the top of a picture, in place."""
    band = picture[:LINE_HEIGHT * len(lines) + MARGIN]
    band[:] = (band * SHADE).astype(np.uint8)
    for row, line in enumerate(lines, start=1):
        cv2.putText(picture, line, (MARGIN, LINE_HEIGHT * row), cv2.FONT_HERSHEY_SIMPLEX, 0.55,
                    WHITE, 1, cv2.LINE_AA)


def annotated(picture: Picture, lines: Sequence[str]) -> Picture:
    """Return an RGB picture, (height, width, 3), large enough to read, with lines on it."""
    factor = max(1.0, LEAST_WIDTH / picture.shape[1])
    large = cv2.resize(
        picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR
    ).astype(np.uint8, copy=False)
    write_lines(large, lines)
    return large
