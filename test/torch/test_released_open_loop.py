"""Open-loop evaluation of released layouts, on the torch runtime."""

import numpy as np
import pytest

from groot_ros.data.datasets.episode import Annotation, Episode, Layout
from groot_ros.evaluation.open_loop import OpenLoopErrors, Timing, predict_episode
from groot_ros.model.processor import load_processor
from groot_ros.serving.checkpoint_policy import load_policy

TAG = 'new_embodiment'
FRAMES, FPS = 60, 20.0


def made_episode(processor):
    """Return an episode with the groups and cameras of a checkpoint, in another order."""
    def names(groups):
        return {group: tuple(f'{group}_{joint}' for joint in range(dim))
                for group, dim in reversed(groups.items())}

    layout = Layout('made', FPS, names(processor.state_groups), names(processor.action_groups),
                    dict.fromkeys(processor.images, (64, 48)))
    rng = np.random.default_rng(0)
    motion = np.cumsum(rng.normal(0.0, 0.01, (FRAMES, len(layout.state_names))), axis=0)
    columns = [layout.state_names.index(name) for name in layout.action_names]
    return Episode(
        layout, np.arange(FRAMES) / FPS, motion.astype(np.float32),
        motion[:, columns].astype(np.float32),
        {key: lambda: (np.full((48, 64, 3), frame, np.uint8) for frame in range(FRAMES))
         for key in processor.images}, Annotation('touch the red block'), {})


@pytest.mark.parametrize('release', ['n1_5', 'n1_7'])
def test_a_released_checkpoint_is_evaluated_with_equal_results_each_time(released, release):
    folder = released[release]
    processor = load_processor(folder, TAG, allow_untrained=True)
    policy = load_policy(str(folder), TAG, dtype='float32', allow_untrained=True)
    timing = Timing(1.0 / FPS, processor.action_horizon, first=0)
    episode = made_episode(processor)
    first, second = (predict_episode(policy, episode, timing, every=8) for _ in range(2))
    np.testing.assert_array_equal(first.predicted, second.predicted)
    errors = OpenLoopErrors.of([first], timing)
    assert errors.samples == len(range(0, FRAMES - processor.action_horizon + 1, 8))
    assert errors.joints[0].startswith(next(iter(processor.action_groups)))
    assert np.isfinite(errors.policy.differences).all()
