"""Small episodes of an SO-101, made of nothing but numbers, for tests of dataset formats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.datasets.episode import Annotation, Episode, Layout, SubGoal
from groot_ros.embodiment import load_embodiment

ROBOT = load_embodiment('so101')
FPS = 10.0
SIZES = ((64, 48), (48, 32))
LAYOUT = Layout(
    ROBOT.tag, FPS, {group: ROBOT.groups[group] for group in ROBOT.model.state},
    {group: ROBOT.groups[group] for group in ROBOT.model.action},
    {camera.video_key: size for camera, size in zip(ROBOT.cameras, SIZES, strict=True)})
START_NS = 1_700_000_000_123_456_789
SUB_GOALS = (SubGoal(0.0, 0.5, 'reach the block'), SubGoal(0.5, 1.2, 'grasp it'))


@dataclass(frozen=True)
class Pictures:
    """A gradient that moves with time: no two frames of an episode, or of two, are alike."""

    frames: int
    size: tuple[int, int]
    seed: int

    def __call__(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the pictures."""
        width, height = self.size
        row, column = np.mgrid[:height, :width]
        for frame in range(self.frames):
            level = 60 * self.seed + 40 * frame  # so that the next one is no likeness
            yield np.stack((255 * column // width, 255 * row // height,
                            np.full((height, width), level % 256)), axis=-1).astype(np.uint8)


def make_episode(frames: int = 12, seed: int = 0, instruction: str = 'lift the block',
                 sub_goals: Sequence[SubGoal] = (), tags: Sequence[str] = ()) -> Episode:
    """Return an episode; all numbers depend on `seed`."""
    random = np.random.default_rng(seed)
    start = START_NS + seed * 10**11
    offsets = np.rint(np.arange(frames) * (10**9 / FPS)).astype(np.int64)
    joints = len(LAYOUT.state_names)
    return Episode(
        LAYOUT, (start + offsets) / 1e9, random.uniform(-1, 1, (frames, joints)).astype('f4'),
        random.uniform(-1, 1, (frames, joints)).astype('f4'),
        {key: Pictures(frames, size, seed) for key, size in LAYOUT.cameras.items()},
        Annotation(instruction, tuple(sub_goals), tuple(tags)),
        {'bag': f'bag_{seed}', 'robot': ROBOT.tag, 'operator': 'Ana', 'licence': 'CC-BY-4.0',
         'success': 'true', 'start_s': f'{start // 10**9}.{start % 10**9:09d}'})


def three_episodes() -> list[Episode]:
    """Return three of different lengths, the first and last with one instruction."""
    return [make_episode(12, 0, sub_goals=SUB_GOALS, tags=('kitchen', 'morning')),
            make_episode(7, 1, 'drop it'), make_episode(9, 2)]


def pictures_of(episode: Episode, key: str) -> NDArray[np.uint8]:
    """Return all pictures of a camera, shape (frames, height, width, 3)."""
    return np.stack(list(episode.images[key]()))


def noise_ratio(pictures: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    """Return the peak signal-to-noise ratio of pictures [dB]."""
    error = np.mean((pictures.astype(np.float64) - truth) ** 2)
    return float(10.0 * np.log10(255.0**2 / error)) if error else float('inf')
