"""Chunks that a policy predicts along a recorded episode, beside the recorded actions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.datasets.episode import Episode, Layout
from groot_ros.embodiment.errors import did_you_mean
from groot_ros.serving import Observation, ServedPolicy

FloatArray = NDArray[np.float32]
Frames = NDArray[np.intp]
ROUNDING_S = 1e-6
"""A row due this much after the last frame is still within the episode [s]."""


class OpenLoopError(ValueError):
    """A policy that cannot be evaluated on this data; says which key is missing or differs."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When the rows of a chunk are due.

    Attributes:
        period: Time from one row to the next [s].
        rows: Action horizon.
        first: Row 0 is due this many periods after the observation: 1 where the controller of
            this package plays the chunk, 0 if the checkpoint was trained by GR00T's own tools,
            which pair an observation with the action of the same frame.
    """

    period: float
    rows: int
    first: int = 1

    @property
    def due(self) -> NDArray[np.float64]:
        """When each row is due after the observation [s], shape (rows,)."""
        return np.arange(self.first, self.first + self.rows) * np.float64(self.period)


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a policy predicted along one episode.

    Attributes:
        episode: The episode.
        joints: Names of the columns, in the policy's order.
        frames: Frames that it was asked at, shape (samples,).
        predicted: Its chunks [rad], shape (samples, rows, joints).
        recorded: The recorded actions at the times of the rows [rad], same shape.
        present: Measured positions at the frames [rad], shape (samples, joints).
        left_out: Frames that were not asked because their chunk runs past the end.
    """

    episode: Episode
    joints: tuple[str, ...]
    frames: Frames
    predicted: FloatArray
    recorded: FloatArray
    present: FloatArray
    left_out: int


def predict_episode(policy: ServedPolicy, episode: Episode, timing: Timing,
                    every: int) -> Predictions:
    """Ask a policy at every `every`-th frame what to do.

    Its noise begins anew, so the result does not depend on what it was asked before.

    Raises:
        OpenLoopError: If the episode lacks what the policy reads or moves, or has no
            instruction.
        DatasetError: If a picture cannot be read.
        ObservationError: If the policy cannot use an observation.
    """
    layout = episode.layout
    check_fit(policy, layout)
    if not episode.annotation.instruction.strip():
        raise OpenLoopError('the episode has no instruction: say one (--instruction)')
    frames, left_out = _frames(len(episode), layout.fps, timing, every)
    joints = tuple(name for group in policy.modalities.action.modality_keys
                   for name in layout.action[group])
    columns = [layout.action_names.index(name) for name in joints]
    policy.reset()
    chunks = [_chunk(policy, observation, len(joints), timing.rows)
              for observation in _observations(policy, episode, frames)]
    shape = (len(frames), timing.rows, len(joints))
    return Predictions(
        episode, joints, frames,
        predicted=np.array(chunks, np.float32).reshape(shape),
        recorded=_due_actions(episode, frames, timing)[:, :, columns],
        present=episode.state[frames][:, [layout.state_names.index(name) for name in joints]],
        left_out=left_out)


def check_fit(policy: ServedPolicy, layout: Layout) -> None:
    """Check that a dataset holds what a policy reads and moves.

    Raises:
        OpenLoopError: Naming the first thing that is missing or has another size.
    """
    modalities = policy.modalities
    _require('camera', modalities.video.modality_keys, layout.cameras)
    _require('state group', modalities.state.modality_keys, layout.state)
    _require('action group', modalities.action.modality_keys, layout.action)
    for group, width in policy.state_dims.items():
        joints = layout.state[group]
        if len(joints) != width:
            raise OpenLoopError(f'state group {group}: the policy reads {width} joints, the data '
                                f'has {len(joints)} ({", ".join(joints)}): is it of another '
                                'robot?')
    for group in modalities.action.modality_keys:
        for joint in layout.action[group]:
            if joint not in layout.state_names:
                raise OpenLoopError(f'{joint} is commanded and not measured, so there is no pose '
                                    'to hold it in as a reference: give data whose state has it')


def _require(kind: str, wanted: Iterable[str], found: Collection[str]) -> None:
    for name in wanted:
        if name not in found:
            raise OpenLoopError(f'the policy needs the {kind} {name!r}, which the data lacks; '
                                f'{did_you_mean(name, found)}')


def _frames(count: int, fps: float, timing: Timing, every: int) -> tuple[Frames, int]:
    """Return the frames whose chunk lies within the episode, and how many do not."""
    asked = np.arange(0, count, every)
    whole = asked / fps + timing.due[-1] <= (count - 1) / fps + ROUNDING_S
    return asked[whole], int(np.sum(~whole))


def _due_actions(episode: Episode, frames: Frames, timing: Timing) -> FloatArray:
    """Return the recorded actions at the times of the rows, between frames by straight lines.

    Shape (samples, rows, A).
    """
    fps = episode.layout.fps
    times = frames[:, None] / fps + timing.due  # (samples, rows)
    grid = np.arange(len(episode)) / fps
    return np.stack([np.interp(times, grid, column) for column in episode.action.T],
                    axis=-1).astype(np.float32)


def _observations(policy: ServedPolicy, episode: Episode,
                  frames: Frames) -> Iterator[Observation]:
    """Yield what the policy sees at each frame; pictures stream past, one at a time."""
    groups, wanted = policy.modalities.state.modality_keys, set(frames.tolist())
    videos = {key: episode.images[key]() for key in policy.modalities.video.modality_keys}
    for frame, state in enumerate(episode.state):
        pictures = {key: _picture(video, key, frame, len(episode))
                    for key, video in videos.items()}
        if frame in wanted:
            yield Observation(
                {key: picture[None] for key, picture in pictures.items()},
                {group: state[episode.layout.state_columns[group]][None] for group in groups},
                episode.annotation.instruction)


def _picture(video: Iterator[NDArray[np.uint8]], key: str, frame: int,
             frames: int) -> NDArray[np.uint8]:
    picture = next(video, None)
    if picture is None:
        raise OpenLoopError(f'video {key!r} has {frame} pictures for {frames} frames: convert the '
                            'bag again')
    return picture


def _chunk(policy: ServedPolicy, observation: Observation, joints: int, rows: int) -> FloatArray:
    actions = policy.act(observation)
    chunk = np.concatenate(
        [actions[group] for group in policy.modalities.action.modality_keys], axis=-1)
    if chunk.shape != (rows, joints):
        raise OpenLoopError(f'the policy predicts chunks of shape {chunk.shape}, the data has '
                            f'{joints} joints in the same groups and {rows} rows are due: is it '
                            'of another robot?')
    return chunk
