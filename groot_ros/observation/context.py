"""What a policy server plans from, beside the newest proprioception."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ObservationContext:
    """The part of an observation that stands where goal tokens stand otherwise.

    Attributes:
        images: RGB images (height, width, 3) by video key.
        instruction: What to do, in words.
    """

    images: Mapping[str, NDArray[np.uint8]]
    instruction: str
