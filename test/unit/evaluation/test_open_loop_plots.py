"""Pictures of an open-loop evaluation."""

from pathlib import Path

import numpy as np
import pytest

from groot_ros.data.datasets.episode import Annotation, Episode, Layout
from groot_ros.evaluation.open_loop import OpenLoopErrors, Predictions, Timing

pytest.importorskip('matplotlib')
FRAMES, ROWS = 40, 8
NAMES = tuple(f'joint_{number}' for number in range(5))


def predictions(frames: list[int]) -> Predictions:
    layout = Layout('made', 20.0, {'arm': NAMES}, {'arm': NAMES}, {})
    motion = np.cumsum(np.full((FRAMES, 5), 0.01, np.float32), axis=0)
    episode = Episode(layout, np.arange(FRAMES) / 20.0, motion, motion, {},
                      Annotation('push $x^^$ <the> block_'), {})
    chunks = np.stack([motion[frame:frame + ROWS] for frame in frames]) if frames \
        else np.empty((0, ROWS, 5), np.float32)
    return Predictions(episode, NAMES, np.array(frames, int), chunks + 0.1, chunks,
                       motion[frames], left_out=1)


def test_errors_and_each_episode_with_frames_are_drawn(tmp_path: Path) -> None:
    from groot_ros.evaluation.open_loop.plots import draw
    timing = Timing(0.05, ROWS)
    given = [predictions([0, 8, 16]), predictions([]), predictions([4])]
    files = draw(OpenLoopErrors.of(given, timing), given, timing, tmp_path / 'new')
    assert [file.name for file in files] == [
        'errors.png', 'episode_000000.png', 'episode_000002.png']
    assert all(file.read_bytes().startswith(b'\x89PNG') for file in files)
