"""The policy as the nodes see it: one interface, two runtimes.

The planner loads System 2 alone, the controller System 1 alone; neither knows the runtime.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from groot_ros.model.processor import Processor, load_processor

FloatArray = NDArray[np.float32]
RUNTIMES = ('auto', 'onnx', 'torch')
DTYPES = ('auto', 'float32', 'bfloat16')


class RuntimeChoiceError(ValueError):
    """A runtime that is unknown, not installed, or has no files in the checkpoint."""


@dataclass(frozen=True, slots=True)
class GoalTokens:
    """What System 2 tells System 1.

    Attributes:
        features: Shape (tokens, width).
        attention_mask: True on real tokens, shape (tokens,).
        image_mask: True on image tokens, shape (tokens,).
    """

    features: FloatArray
    attention_mask: NDArray[np.bool_]
    image_mask: NDArray[np.bool_]


class System2(Protocol):
    """Images and an instruction to goal tokens."""

    fingerprint: str
    processor: Processor

    def encode(self, images: dict[str, NDArray[np.uint8]], instruction: str) -> GoalTokens:
        """Encode processed RGB images (height, width, 3) by video key."""


class System1(Protocol):
    """Goal tokens and proprioception to an action chunk."""

    fingerprint: str
    processor: Processor

    def prepare(self, tokens: GoalTokens) -> Any:
        """Compute what the solver needs of a goal-token message, once per message."""

    def solve(self, context: Any, state: FloatArray, noise: FloatArray) -> FloatArray:
        """Denoise one chunk.

        Args:
            context: Of `prepare`.
            state: Joint positions of the state groups [rad], shape (state_dim,).
            noise: Of `draw_noise`.

        Returns:
            Joint targets [rad], shape (action_horizon, action_dim); row k is due
            (k + 1) * processor.action_period after the state's stamp.
        """

    def draw_noise(self, rng: np.random.Generator) -> FloatArray:
        """Draw N(0, 1) start values, shape (model_horizon, max_action_dim)."""


def load_system1(checkpoint: Path, embodiment_tag: str, runtime: str = 'auto',
                 threads: int = 1, *, dtype: str = 'auto',
                 allow_untrained: bool = False) -> System1:
    """Load the action head of a checkpoint; System 2's weights are not read.

    Args:
        checkpoint: Folder.
        embodiment_tag: Which embodiment of the checkpoint.
        runtime: One of RUNTIMES.
        threads: CPU threads.
        dtype: One of DTYPES, of the torch runtime; 'auto' takes bfloat16 for a released
            checkpoint on a GPU, else float32.
        allow_untrained: Take an embodiment whose slot was never trained; its actions are noise.

    Raises:
        RuntimeChoiceError: If the runtime can't be had.
        ValueError: If the checkpoint is damaged or has no such embodiment.
    """
    chosen = resolve_runtime(checkpoint, runtime)
    processor = load_processor(checkpoint, embodiment_tag, allow_untrained=allow_untrained)
    if chosen == 'onnx':
        from groot_ros.model.onnx_runtime import OnnxSystem1
        return OnnxSystem1(checkpoint, processor, threads)
    from groot_ros.model.torch_runtime import TorchSystem1
    return TorchSystem1(checkpoint, processor, threads, dtype)


def load_system2(checkpoint: Path, embodiment_tag: str, runtime: str = 'auto',
                 threads: int = 1, *, dtype: str = 'auto', allow_untrained: bool = False,
                 tokenizer: Path | None = None) -> System2:
    """Load the vision-language backbone of a checkpoint; System 1's weights are not read.

    Args:
        checkpoint: Folder.
        embodiment_tag: As in `load_system1`, like `runtime`, `threads`, `dtype` and
            `allow_untrained`.
        runtime: One of RUNTIMES.
        threads: CPU threads.
        dtype: One of DTYPES.
        allow_untrained: Take an embodiment whose slot was never trained.
        tokenizer: A tokenizer.json, or its folder, for a released checkpoint without one.

    Raises:
        RuntimeChoiceError: If the runtime can't be had.
        ValueError: If the checkpoint is damaged, has no such embodiment, or there is no tokenizer.
    """
    chosen = resolve_runtime(checkpoint, runtime)
    processor = load_processor(checkpoint, embodiment_tag, allow_untrained=allow_untrained)
    if chosen == 'onnx':
        from groot_ros.model.onnx_runtime import OnnxSystem2
        return OnnxSystem2(checkpoint, processor, threads)
    from groot_ros.model.torch_runtime import TorchSystem2
    return TorchSystem2(checkpoint, processor, threads, dtype, tokenizer=tokenizer)


def resolve_runtime(checkpoint: Path, runtime: str) -> str:
    """Return 'onnx' or 'torch'; 'auto' takes ONNX where the checkpoint carries it.

    Raises:
        RuntimeChoiceError: If the runtime is unknown, not installed or not exported.
    """
    if runtime not in RUNTIMES:
        raise RuntimeChoiceError(f'runtime {runtime!r} is unknown; choose one of {RUNTIMES}')
    exported = (checkpoint / 'system1.onnx').is_file()
    if runtime == 'onnx' and not exported:
        raise RuntimeChoiceError(f'{checkpoint} holds no system1.onnx: '
                                 f'run `ros2 run groot_ros export_onnx {checkpoint}`')
    chosen = ('onnx' if exported else 'torch') if runtime == 'auto' else runtime
    module = {'onnx': 'onnxruntime', 'torch': 'torch'}[chosen]
    if importlib.util.find_spec(module) is None:
        raise RuntimeChoiceError(f'runtime {chosen} needs the Python package {module}: '
                                 f'pip install {module}')
    return chosen
