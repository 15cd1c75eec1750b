"""The ONNX runtime: what runs on a CPU, without torch."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from groot_ros.model.config import ModelConfig
from groot_ros.model.fingerprint import fingerprint
from groot_ros.model.onnx_session import open_session
from groot_ros.model.policy import (
    AttentionError,
    Continuation,
    ContinuationError,
    FloatArray,
    GoalTokens,
)
from groot_ros.model.processor import Processor
from groot_ros.model.system1.real_time_chunking import start_loop
from groot_ros.model.tokenizer import InstructionTokenizer
from groot_ros.model.weight_headers import read_headers

WORDS = 'backbone.text.words.weight'


class OnnxContext(NamedTuple):
    """Cross-attention keys, values and mask of one goal-token message."""

    keys: FloatArray
    values: FloatArray
    mask: NDArray[np.bool_]


class OnnxSystem2:
    """System 2 on onnxruntime."""

    def __init__(self, checkpoint: Path, processor: Processor, threads: int) -> None:
        """Load system2.onnx."""
        self.fingerprint = fingerprint(checkpoint)
        self.processor = processor
        config = ModelConfig.from_file(checkpoint / 'config.json')
        self._tokenizer = InstructionTokenizer(
            checkpoint / 'tokenizer.json', config.small_backbone().max_text_length)
        self._session = open_session(checkpoint / 'system2.onnx', threads)
        self._checkpoint = checkpoint
        self._threads = threads

    def encode(self, images: dict[str, NDArray[np.uint8]], instruction: str) -> GoalTokens:
        """Encode processed RGB images (height, width, 3) by video key."""
        views, ids = self._inputs(images, instruction)
        features, attention_mask, image_mask = self._session.run(
            None, {'images': views, 'token_ids': ids[None]})
        return GoalTokens(features[0], attention_mask[0], image_mask[0])

    def attention(self, images: dict[str, NDArray[np.uint8]],
                  instruction: str) -> dict[str, FloatArray]:
        """Return where System 2 looks; see `policy.System2.attention`."""
        views, ids = self._inputs(images, instruction)
        (maps,) = self._attention.run(
            None, {'images': views, 'words': self._words[ids][None]})
        return dict(zip(self.processor.images, maps[0], strict=True))

    def _inputs(self, images: dict[str, NDArray[np.uint8]],
                instruction: str) -> tuple[FloatArray, NDArray[np.int64]]:
        """Return views (1, views, 3, height, width) and word pieces (length,)."""
        views = np.stack([self.processor.image(images[key]) for key in self.processor.images])
        return views[None], self._tokenizer.encode(self.processor.instruction(instruction))

    @cached_property
    def _attention(self) -> onnxruntime.InferenceSession:
        file = self._checkpoint / 'system2_attention.onnx'
        if not file.is_file():
            raise AttentionError(f'{file}: no such file, so no attention can be shown: '
                                 f'run `ros2 run groot_ros export_onnx {self._checkpoint}`')
        return open_session(file, self._threads)

    @cached_property
    def _words(self) -> FloatArray:
        """The word-piece table, which that file leaves in the weights, where it lies already."""
        entry = read_headers(self._checkpoint)[WORDS]
        return np.memmap(entry.file, '<f4', 'r', entry.start, entry.shape)


class OnnxSystem1:
    """System 1 on onnxruntime."""

    def __init__(self, checkpoint: Path, processor: Processor, threads: int) -> None:
        """Load system1_context.onnx and system1.onnx."""
        self.fingerprint = fingerprint(checkpoint)
        self.processor = processor
        self._context = open_session(checkpoint / 'system1_context.onnx', threads)
        self._file = checkpoint / 'system1.onnx'
        self._denoise = open_session(self._file, threads)
        self.inpaints = 'freedom' in {given.name for given in self._denoise.get_inputs()}
        self._embodiment = np.array([self.processor.embodiment_id], np.int64)

    def prepare(self, tokens: GoalTokens) -> OnnxContext:
        """Compute the cross-attention keys and values of a goal-token message."""
        return OnnxContext(*self._context.run(None, {
            'features': tokens.features[None], 'attention_mask': tokens.attention_mask[None],
            'image_mask': tokens.image_mask[None]}))

    def solve(self, context: OnnxContext, state: FloatArray, noise: FloatArray,
              continuation: Continuation | None = None) -> FloatArray:
        """Denoise one chunk; see `policy.System1.solve`."""
        if continuation is not None and not self.inpaints:
            raise ContinuationError(
                f'{self._file}: expected an input freedom to continue a chunk, got none: run '
                f'`ros2 run groot_ros export_onnx {self._file.parent}` or solve without')
        start = start_loop(self.processor, state, noise, continuation)
        inputs = {
            'keys': context.keys, 'values': context.values, 'mask': context.mask,
            'state': self.processor.normalize_state(state)[None, None],
            'noise': start.values[None], 'embodiment_id': self._embodiment}
        if self.inpaints:
            inputs['freedom'] = start.freedom
        (actions,) = self._denoise.run(None, inputs)
        return self.processor.unnormalize_actions(actions[0], state)

    def draw_noise(self, rng: np.random.Generator) -> FloatArray:
        """Draw N(0, 1) start values, shape (model_horizon, max_action_dim)."""
        shape = (self.processor.model_horizon, self.processor.max_action_dim)
        return rng.standard_normal(shape, np.float32)
