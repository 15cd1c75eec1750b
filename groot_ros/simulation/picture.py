"""A picture that shows colours, up and down, and that time goes on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BARS = ((255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 255), (255, 0, 0),
        (0, 0, 255), (0, 0, 0))
"""Colours from left to right, as on a television's test card (RGB)."""
STEP = 0.02
"""Share of the width that the square moves by from one picture to the next."""


def colour_bars(width: int, height: int, number: int) -> NDArray[np.uint8]:
    """Return colour bars that are darker at the bottom, and a grey square that wanders.

    Args:
        width: Of the picture [px].
        height: Of the picture [px].
        number: Which picture of a row of them; the square moves right and begins anew.

    Returns:
        RGB, shape (height, width, 3).
    """
    bars = np.array(BARS, np.float32)[np.arange(width) * len(BARS) // width]
    shade = np.linspace(1.0, 0.4, height, dtype=np.float32)[:, None, None]
    picture = (shade * bars).astype(np.uint8)
    size = min(width, height) // 4
    left = round(number * STEP % 1.0 * (width - size))
    picture[height // 2 - size // 2:height // 2 + size - size // 2, left:left + size] = 128
    return picture
