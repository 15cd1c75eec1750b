"""The policy as the nodes see it: one interface, two runtimes.

The planner loads System 2 alone, the controller System 1 alone; neither knows the runtime.
"""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from groot_ros.model.processor import Processor, load_processor

FloatArray = NDArray[np.float32]
RUNTIMES = ('auto', 'onnx', 'torch')
DTYPES = ('auto', 'float32', 'bfloat16')
MODES = ('eager', 'compile', 'graph')
MAX_GOAL_TOKENS = 512


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


class AttentionError(ValueError):
    """Attention that a checkpoint, or the runtime it is loaded with, cannot show."""


class ContinuationError(ValueError):
    """A continuation that contradicts itself, the chunk or the runtime's files."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """The motion under way, which a new chunk continues by real-time chunking.

    Attributes:
        positions: Joint targets [rad] in force when the new chunk's first rows are due, shape
            (overlap, action_dim).
        frozen: Leading rows that will have been executed before the chunk can be used; they
            come back, limited to what the model's normalisation can say.
        ramp_rate: How soon the other rows of the overlap may move freely [1 / overlap].

    Raises:
        ContinuationError: If `positions` is not a matrix with rows, not
            0 <= frozen <= overlap, or `ramp_rate` is not a positive number.
    """

    positions: FloatArray
    frozen: int
    ramp_rate: float = 6.0

    def __post_init__(self) -> None:
        """Check the fields against each other."""
        if self.positions.ndim != 2 or not len(self.positions):
            raise ContinuationError('positions must have shape (overlap, action_dim) and at '
                                    f'least one row, got {self.positions.shape}')
        if not 0 <= self.frozen <= len(self.positions):
            raise ContinuationError(f'expected 0 <= frozen <= {len(self.positions)}, the rows of '
                                    f'positions, got {self.frozen}')
        if not (math.isfinite(self.ramp_rate) and self.ramp_rate > 0):
            raise ContinuationError(f'ramp_rate must be a positive number, got {self.ramp_rate}')


class System2(Protocol):
    """Images and an instruction to goal tokens."""

    fingerprint: str
    processor: Processor

    def encode(self, images: dict[str, NDArray[np.uint8]], instruction: str) -> GoalTokens:
        """Encode processed RGB images (height, width, 3) by video key."""

    def attention(self, images: dict[str, NDArray[np.uint8]],
                  instruction: str) -> dict[str, FloatArray]:
        """Return where System 2 looks for these images and this instruction, to be looked at.

        It is computed apart from `encode`, whose goal tokens stay the same to the bit.

        Returns:
            By video key, the share of attention of each cell of the processed image, shape
            (rows, columns). All cells of all images sum to 1.

        Raises:
            AttentionError: If the checkpoint or its files can't show it.
        """


class System1(Protocol):
    """Goal tokens and proprioception to an action chunk.

    Attributes:
        inpaints: Chunks can continue the motion under way; an ONNX file of an older export
            can't.
    """

    fingerprint: str
    processor: Processor
    inpaints: bool

    def prepare(self, tokens: GoalTokens) -> Any:
        """Compute what the solver needs of a goal-token message, once per message."""

    def solve(self, context: Any, state: FloatArray, noise: FloatArray,
              continuation: Continuation | None = None) -> FloatArray:
        """Denoise one chunk.

        Args:
            context: Of `prepare`.
            state: Joint positions of the state groups [rad], shape (state_dim,).
            noise: Of `draw_noise`.
            continuation: What the chunk continues, at most action_horizon rows.

        Returns:
            Joint targets [rad], shape (action_horizon, action_dim); row k is due
            (k + 1) * processor.action_period after the state's stamp.

        Raises:
            ContinuationError: If the continuation is longer than a chunk, or not `inpaints`.
        """

    def draw_noise(self, rng: np.random.Generator) -> FloatArray:
        """Draw N(0, 1) start values, shape (model_horizon, max_action_dim)."""


def load_system1(checkpoint: Path, embodiment_tag: str, runtime: str = 'auto',
                 threads: int = 1, *, dtype: str = 'auto', mode: str = 'eager',
                 max_goal_tokens: int = MAX_GOAL_TOKENS,
                 allow_untrained: bool = False) -> System1:
    """Load the action head of a checkpoint; System 2's weights are not read.

    Args:
        checkpoint: Folder.
        embodiment_tag: Which embodiment of the checkpoint.
        runtime: One of RUNTIMES.
        threads: CPU threads.
        dtype: One of DTYPES, of the torch runtime; 'auto' takes bfloat16 for a released
            checkpoint on a GPU, else float32.
        mode: One of MODES, of the torch runtime; compile and graph get ready here, which takes
            seconds to minutes.
        max_goal_tokens: What the modes compile and graph pad goal tokens to.
        allow_untrained: Take an embodiment whose slot was never trained; its actions are noise.

    Raises:
        RuntimeChoiceError: If the runtime can't be had.
        ValueError: If the checkpoint is damaged or has no such embodiment.
    """
    chosen = resolve_runtime(checkpoint, runtime)
    if mode not in MODES:
        raise RuntimeChoiceError(f'mode {mode!r} is unknown; choose one of {MODES}')
    processor = load_processor(checkpoint, embodiment_tag, allow_untrained=allow_untrained)
    if chosen == 'onnx':
        if mode != 'eager':
            raise RuntimeChoiceError(f'mode {mode} is one of the runtime torch, but this is '
                                     'onnx: set runtime to torch, or mode to eager')
        from groot_ros.model.onnx_runtime import OnnxSystem1
        return OnnxSystem1(checkpoint, processor, threads)
    from groot_ros.model.torch_runtime import TorchSystem1
    return TorchSystem1(checkpoint, processor, threads, dtype, mode=mode,
                        max_goal_tokens=max_goal_tokens)


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
