"""A System 1 small enough to predict by hand."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groot_ros.embodiment import load_embodiment
from groot_ros.model.policy import Continuation, GoalTokens
from groot_ros.model.processor import GroupRange, ImageSpec, Processor

FloatArray = NDArray[np.float32]
EMBODIMENT = load_embodiment('unitree_g1')
HORIZON = 16


def make_processor() -> Processor:
    """Return the processor of a checkpoint that fits the Unitree G1."""
    def ranges(groups: tuple[str, ...]) -> tuple[GroupRange, ...]:
        sizes = [len(EMBODIMENT.groups[name]) for name in groups]
        return tuple(
            GroupRange(name, -np.ones(size, np.float32), np.ones(size, np.float32))
            for name, size in zip(groups, sizes, strict=True))

    return Processor(
        embodiment_tag='unitree_g1', embodiment_id=0,
        images={'ego_view': ImageSpec(crop=(0.0, 0.0, 1.0, 1.0), size=(8, 6))},
        state=ranges(EMBODIMENT.model.state), action=ranges(EMBODIMENT.model.action),
        action_horizon=HORIZON, action_period=0.05, max_state_dim=32, max_action_dim=32,
        formalize_language=False)


class SmallSystem1:
    """Moves every joint by the first goal token [rad] from where it is.

    Args:
        checkpoint: Folder; a file `out_of_memory` in it lets every chunk fail.
    """

    fingerprint = 'small'
    inpaints = False

    def __init__(self, checkpoint: Path, *_: Any, **__: Any) -> None:
        self.processor = make_processor()
        self._fault = checkpoint / 'out_of_memory'

    def prepare(self, tokens: GoalTokens) -> float:
        return float(tokens.features[0, 0])

    def solve(
        self, context: float, state: FloatArray, noise: FloatArray,
        continuation: Continuation | None = None,
    ) -> FloatArray:
        if self._fault.exists():
            raise RuntimeError('out of memory')
        return np.tile(state + np.float32(context), (HORIZON, 1))

    def draw_noise(self, rng: np.random.Generator) -> FloatArray:
        return rng.standard_normal((HORIZON, 32), np.float32)
