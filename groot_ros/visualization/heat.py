"""Attention over a picture, as heat."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from groot_ros.model.processor import Part

Picture = NDArray[np.uint8]
Heat = NDArray[np.float32]

DENSEST = 0.85
"""Opacity of the hottest place."""


def heated(picture: Picture, heat: Heat, part: Part) -> Picture:
    """Return an RGB picture with heat over it; what is not seen, or left cold, stays as it is.

    Colour and opacity follow the square root of the heat: a tenth of the most is still seen.

    Args:
        picture: RGB (height, width, 3).
        heat: Not negative, shape (rows, columns); the hottest cell gets the strongest colour.
        part: Which part of the picture the cells cover.
    """
    most = float(heat.max()) or 1.0
    level = np.sqrt(stretched(heat / most, part, picture.shape[:2]))
    colours = cv2.applyColorMap(np.rint(255 * level).astype(np.uint8), cv2.COLORMAP_TURBO)
    opacity = DENSEST * level[:, :, None]
    mixed = (1 - opacity) * picture + opacity * colours[:, :, ::-1]
    return np.rint(mixed).astype(np.uint8)


def stretched(cells: Heat, part: Part, shape: tuple[int, ...]) -> Heat:
    """Return cells as an image of a shape, bilinear between their centres, zero outside."""
    height, width = shape
    x = (np.arange(width, dtype=np.float32) + 0.5 - part.left) / part.width
    y = (np.arange(height, dtype=np.float32) + 0.5 - part.top) / part.height
    columns, rows = np.meshgrid(x * cells.shape[1] - 0.5, y * cells.shape[0] - 0.5)
    inside = ((y >= 0) & (y <= 1))[:, None] & ((x >= 0) & (x <= 1))
    stretched = cv2.remap(cells, columns.astype(np.float32), rows.astype(np.float32),
                          cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.where(inside, stretched, 0.0).astype(np.float32)
