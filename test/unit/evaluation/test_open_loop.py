"""Predicted chunks beside recorded actions, on episodes made by hand."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from groot_ros.data.datasets.episode import Annotation, Episode, Layout
from groot_ros.evaluation.open_loop import (
    OpenLoopError,
    OpenLoopErrors,
    Predictions,
    Timing,
    predict_episode,
)
from groot_ros.evaluation.open_loop.report import as_json, text
from groot_ros.serving import Modalities, ModalityConfig, Observation

FPS = 20.0
# The policy below reads and moves the hand before the arm, and no leg.
LAYOUT = Layout(
    'two_joints', FPS, {'leg': ('knee',), 'arm': ('elbow',), 'hand': ('thumb', 'index')},
    {'arm': ('elbow',), 'hand': ('thumb', 'index')}, {'ego_view': (4, 2), 'wrist': (4, 2)})
JOINTS = ('thumb', 'index', 'elbow')
TIMING = Timing(1.0 / FPS, rows=4)


def pictures(frames: int) -> Iterator[NDArray[np.uint8]]:
    """Make images whose pixels are the number of the frame."""
    return (np.full((2, 4, 3), frame, np.uint8) for frame in range(frames))


def ramp(frames: int = 21, layout: Layout = LAYOUT, words: str = 'push') -> Episode:
    """Return an episode commanded to move at 1, 2 and 3 rad/s, measured 0.1 rad behind."""
    times = np.arange(frames) / layout.fps
    action = np.stack([times, 2.0 * times, 3.0 * times], axis=1).astype(np.float32)
    state = np.concatenate([np.full((frames, 1), 9.0), action - 0.1], axis=1)
    return Episode(
        layout, 1.7e9 + times, state.astype(np.float32), action,
        {key: lambda: pictures(frames) for key in layout.cameras}, Annotation(words), {'bag': 'b'})


class RampPolicy:
    """Predicts the ramp of `ramp` from the number that it sees, plus an error and noise."""

    def __init__(self, error: float = 0.0, noise: float = 0.0, first: int = 1) -> None:
        self.modalities = Modalities(
            video=ModalityConfig((0,), ('ego_view',)),
            state=ModalityConfig((0,), ('hand', 'arm')),
            action=ModalityConfig((0, 1, 2, 3), ('hand', 'arm')),
            language=ModalityConfig((0,), ('task',)))
        self.state_dims = {'hand': 2, 'arm': 1}
        self.asked: list[tuple[int, str]] = []
        self._error, self._noise, self._first = error, noise, first
        self.reset()

    def act(self, observation: Observation) -> dict[str, NDArray[np.float32]]:
        frame = int(observation.images['ego_view'][0, 0, 0, 0])
        assert set(observation.images) == {'ego_view'}
        assert observation.state['arm'][0, 0] == pytest.approx(frame / FPS - 0.1, abs=1e-6)
        self.asked.append((frame, observation.instruction))
        due = (frame + self._first + np.arange(4)) / FPS
        noise = self._noise * self._rng.normal(size=4)
        return {'hand': np.stack([2.0 * due + self._error, 3.0 * due], 1).astype(np.float32),
                'arm': (due + noise)[:, None].astype(np.float32)}

    def reset(self) -> None:
        self._rng = np.random.default_rng(0)


def evaluated(policy: RampPolicy, episode: Episode | None = None,
              timing: Timing = TIMING) -> tuple[Predictions, OpenLoopErrors]:
    predictions = predict_episode(policy, episode or ramp(), timing, every=5)
    return predictions, OpenLoopErrors.of([predictions], timing)


def test_a_policy_that_knows_the_commands_has_no_error() -> None:
    policy = RampPolicy()
    predictions, errors = evaluated(policy)
    assert policy.asked == [(0, 'push'), (5, 'push'), (10, 'push'), (15, 'push')]
    assert predictions.joints == errors.joints == JOINTS
    np.testing.assert_allclose(predictions.predicted, predictions.recorded, atol=1e-6)


def test_frames_whose_chunk_runs_past_the_end_are_left_out_and_counted() -> None:
    # 21 frames end at 1.0 s; a chunk ends 4 frames after its own.
    assert evaluated(RampPolicy(), ramp(21))[0].left_out == 1       # of 0, 5, 10, 15, 20
    assert evaluated(RampPolicy(), ramp(20))[0].frames.tolist() == [0, 5, 10, 15]
    shorter = evaluated(RampPolicy(), ramp(19))[0]
    assert (shorter.frames.tolist(), shorter.left_out) == ([0, 5, 10], 1)


def test_an_error_of_one_joint_is_found_there_and_in_every_row() -> None:
    _, errors = evaluated(RampPolicy(error=-0.5))
    np.testing.assert_allclose(errors.policy.mae(errors.BY_JOINT), [0.5, 0.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(errors.policy.rmse(errors.BY_JOINT), [0.5, 0.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(errors.policy.mae(errors.BY_ROW), 4 * [0.5 / 3], atol=1e-6)
    np.testing.assert_allclose(
        errors.policy.rmse(errors.BY_ROW), 4 * [0.5 / np.sqrt(3)], atol=1e-6)


def test_holding_still_is_off_by_the_lag_and_the_way_to_each_row() -> None:
    _, errors = evaluated(RampPolicy())
    expected = [0.1 + np.mean([1, 2, 3]) * due for due in errors.due]
    np.testing.assert_allclose(errors.due, [0.05, 0.1, 0.15, 0.2])
    np.testing.assert_allclose(errors.hold.mae(errors.BY_ROW), expected, atol=1e-6)


def test_row_0_is_due_when_the_timing_says() -> None:
    same_frame = Timing(1.0 / FPS, rows=4, first=0)
    _, right = evaluated(RampPolicy(first=0), timing=same_frame)
    _, wrong = evaluated(RampPolicy(first=0))
    assert right.policy.mae() == pytest.approx(0.0, abs=1e-6)
    assert wrong.policy.mae() == pytest.approx(np.mean([1, 2, 3]) / FPS, abs=1e-6)


def test_rows_between_frames_are_compared_with_the_line_between_them() -> None:
    predictions = predict_episode(RampPolicy(), ramp(), Timing(0.03, rows=4), every=5)
    np.testing.assert_allclose(predictions.recorded[1, :, 2], 0.25 + 0.03 * np.arange(1, 5),
                               atol=1e-6)


def test_noise_begins_anew_with_each_episode() -> None:
    policy = RampPolicy(noise=0.3)
    first, second = (evaluated(policy)[0] for _ in range(2))
    np.testing.assert_array_equal(first.predicted, second.predicted)
    assert not np.array_equal(first.predicted, evaluated(RampPolicy())[0].predicted)


@pytest.mark.parametrize(
    ('layout', 'complaint'),
    [
        ({'cameras': {'egoview': (4, 2)}}, "camera 'ego_view'.*did you mean 'egoview'"),
        ({'action': {'arm': ('elbow', 'thumb', 'index')}}, "action group 'hand'"),
        ({'state': {'arm': ('elbow',), 'legs': ('thumb', 'index', 'knee')}}, "state group 'hand'"),
        ({'state': {'arm': ('elbow', 'knee'), 'hand': ('thumb', 'index')}},
         r'state group arm: the policy reads 1 joints, the data has 2 \(elbow, knee\)'),
        ({'action': {'arm': ('elbow',), 'hand': ('thumb', 'ring')}}, 'ring is commanded and not'),
        ({'action': {'arm': (), 'hand': ('thumb', 'index', 'elbow')}, 'rows': 5},
         r'chunks of shape \(4, 3\).*3 joints.*5 rows'),
    ],
)
def test_data_that_does_not_fit_the_policy_is_refused_by_name(
        layout: dict, complaint: str) -> None:
    rows = layout.pop('rows', 4)
    with pytest.raises(OpenLoopError, match=complaint):
        predict_episode(RampPolicy(), ramp(layout=replace(LAYOUT, **layout)),
                        Timing(1.0 / FPS, rows), every=5)


def test_an_episode_without_an_instruction_is_refused() -> None:
    with pytest.raises(OpenLoopError, match='--instruction'):
        evaluated(RampPolicy(), ramp(words=' '))


def test_a_video_that_is_too_short_is_refused() -> None:
    short = replace(ramp(), images={key: lambda: pictures(7) for key in LAYOUT.cameras})
    with pytest.raises(OpenLoopError, match="'ego_view'.*7 pictures.*21 frames"):
        evaluated(RampPolicy(), short)


def test_episodes_shorter_than_a_chunk_are_counted() -> None:
    policy = RampPolicy()
    both = [predict_episode(policy, ramp(frames), TIMING, every=5) for frames in (3, 21)]
    errors = OpenLoopErrors.of(both, TIMING)
    assert (errors.samples, errors.episodes, errors.too_short, errors.left_out) == (4, 1, 1, 2)
    with pytest.raises(OpenLoopError, match='none of 1 episodes is longer than a chunk of 0.20'):
        OpenLoopErrors.of(both[:1], TIMING)


def test_the_report_holds_every_joint_and_row() -> None:
    predictions, errors = evaluated(RampPolicy(error=0.5))
    lines = text(errors).splitlines()
    assert [line.split()[1] for line in lines if line.startswith('| ')] == [
        'joint', *JOINTS, 'all', 'row', '0', '1', '2', '3']
    cells = {line.split()[1]: line.split()[3:10:2] for line in lines if line.startswith('| ')}
    assert cells['thumb'][:2] == ['0.5000', '0.5000']
    assert cells['elbow'] == ['0.0000', '0.0000', '0.2250', '0.2318']
    assert cells['all'][:2] == ['0.1667', '0.2887']
    assert '4 frames of 1 episodes; left out: 1 frames' in lines[-1]
    values = as_json(errors, [predictions], {'checkpoint': 'c'})
    assert values['joints']['thumb']['mae_rad'] == pytest.approx(0.5, abs=1e-6)
    assert values['joints']['elbow']['mae_rad'] == pytest.approx(0.0, abs=1e-6)
    assert values['rows'][3]['hold_mae_rad'] == pytest.approx(0.1 + 2 * 0.2, abs=1e-6)
    assert values['all']['hold_mae_rad'] == pytest.approx(0.1 + 2 * 0.125, abs=1e-6)
    assert values['rows'][3]['due_s'] == pytest.approx(0.2)
    assert values['each_episode'] == [{
        'instruction': 'push', 'provenance': {'bag': 'b'}, 'frames': 4, 'left_out_frames': 1,
        'rmse_rad': pytest.approx(0.5 / np.sqrt(3), abs=1e-6)}]
