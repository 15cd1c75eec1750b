"""Statistics of the colours of an episode's pictures, exact and in a few kilobytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

EVERY = 10
"""One picture in so many is looked at, from the first on."""
SIDE = 160
"""Of it a grid of about so many pixels along the longer side."""
LEVELS = np.arange(256) / 255.0


class Histogram:
    """How often each level of each colour occurs.

    Attributes:
        counts: Shape (3, 256).
    """

    def __init__(self, counts: NDArray[np.int64] | None = None) -> None:
        self.counts = np.zeros((3, 256), np.int64) if counts is None else counts

    def watch(self, images: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
        """Pass images on, RGB, each of shape (height, width, 3), and count some of them."""
        for number, image in enumerate(images):
            if number % EVERY == 0:
                step = -(-max(image.shape[:2]) // SIDE)
                for colour in range(3):
                    self.counts[colour] += np.bincount(
                        image[::step, ::step, colour].ravel(), minlength=256)
            yield image

    def summary(self) -> dict[str, NDArray[np.float64]]:
        """Return min, max, mean, std and quantiles of each colour in [0, 1], shape (3, 1, 1)."""
        shares = self.counts / self.counts.sum(axis=1, keepdims=True)
        mean = shares @ LEVELS
        reached = shares.cumsum(axis=1)
        values = {
            'min': LEVELS[np.argmax(self.counts > 0, axis=1)],
            'max': LEVELS[255 - np.argmax(self.counts[:, ::-1] > 0, axis=1)],
            'mean': mean,
            'std': np.sqrt(np.maximum(shares @ LEVELS**2 - mean**2, 0.0)),
            **{f'q{percent:02}': LEVELS[np.argmax(reached >= percent / 100.0 - 1e-12, axis=1)]
               for percent in (1, 10, 50, 90, 99)}}
        return {name: value.reshape(3, 1, 1) for name, value in values.items()}
