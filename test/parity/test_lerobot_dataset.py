"""Our LeRobot v3.0 datasets, read by the `lerobot` library itself."""

import numpy as np
import pytest
from made_episodes import FPS, LAYOUT, noise_ratio, pictures_of, three_episodes

from groot_ros.data.datasets.reading import open_dataset
from groot_ros.data.datasets.writing import WriterOptions, make_writer

LENGTHS = [len(episode) for episode in three_episodes()]
KEYS = {key: f'observation.images.{key}' for key in LAYOUT.cameras}


def write(folder, codec, finish_after):
    """Write three episodes; `finish` is called after each of the numbers given."""
    for number, episode in enumerate(three_episodes(), start=1):
        writer = make_writer('lerobot-v3', folder, LAYOUT, WriterOptions(codec=codec))
        writer.add(episode)
        if number in finish_after:
            writer.finish()
    return folder


# All episodes in one file of each kind, and in two: those of a run that was gone on with.
@pytest.fixture(scope='module', params=[('h264', (3,)), ('lossless', (3,)), ('h264', (2, 3))],
                ids=['one_file', 'lossless', 'two_files'])
def folder(request, tmp_path_factory):
    return write(tmp_path_factory.mktemp('dataset') / 'v3', *request.param)


@pytest.fixture
def theirs(folder, tmp_path, monkeypatch):
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')
    monkeypatch.setenv('HF_HOME', str(tmp_path))
    from lerobot.datasets import LeRobotDataset
    return LeRobotDataset('made/here', root=folder, video_backend='pyav', return_uint8=True)


def test_totals_names_and_tasks(theirs):
    assert (theirs.fps, theirs.num_episodes, len(theirs)) == (FPS, 3, sum(LENGTHS))
    assert theirs.meta.robot_type == LAYOUT.robot
    assert tuple(theirs.meta.names['observation.state']) == LAYOUT.state_names
    assert tuple(theirs.meta.names['action']) == LAYOUT.action_names
    assert theirs.meta.camera_keys == list(KEYS.values())
    assert theirs.meta.get_task_index('drop it') is not None


def test_every_number_and_task_of_every_frame(theirs):
    index = 0
    for number, episode in enumerate(three_episodes()):
        for frame in range(len(episode)):
            row = theirs[index]
            np.testing.assert_array_equal(row['observation.state'], episode.state[frame])
            np.testing.assert_array_equal(row['action'], episode.action[frame])
            assert row['timestamp'] == np.float32(frame / FPS)
            assert (row['index'], row['episode_index'], row['frame_index']) == (
                index, number, frame)
            assert row['task'] == episode.annotation.instruction
            assert row['next.done'] == (frame == len(episode) - 1)
            index += 1


def test_every_picture_is_that_of_its_frame(theirs, folder):
    ours = open_dataset(folder)
    index = 0
    for number, episode in enumerate(three_episodes()):
        for key, feature in KEYS.items():
            decoded, truth = pictures_of(ours.episode(number), key), pictures_of(episode, key)
            for frame in range(len(episode)):
                picture = theirs[index + frame][feature].numpy().transpose(1, 2, 0)
                np.testing.assert_array_equal(picture, decoded[frame])
                assert noise_ratio(picture, truth[frame]) > 33.0
        index += len(episode)


def test_statistics_are_those_of_the_numbers(theirs):
    state = np.concatenate([episode.state for episode in three_episodes()])
    statistics = theirs.meta.stats['observation.state']
    for name, expected in (('mean', state.mean(axis=0)), ('std', state.std(axis=0)),
                           ('min', state.min(axis=0)), ('max', state.max(axis=0))):
        np.testing.assert_allclose(statistics[name], expected, atol=1e-6)
    for feature in KEYS.values():
        assert theirs.meta.stats[feature]['mean'].shape == (3, 1, 1)


def test_chunks_of_actions_end_with_the_episode(folder):
    from lerobot.datasets import LeRobotDataset
    chunks = LeRobotDataset('made/here', root=folder, episodes=[1], video_backend='pyav',
                            delta_timestamps={'action': [0.0, 1 / FPS, 2 / FPS]})
    episode = three_episodes()[1]
    assert len(chunks) == len(episode)
    np.testing.assert_array_equal(chunks[3]['action'], episode.action[3:6])
    assert chunks[len(episode) - 1]['action_is_pad'].tolist() == [False, True, True]


def test_their_statistics_of_an_episode_are_ours(folder):
    """Readers merge the statistics of episodes: those must follow the library's rules."""
    import pyarrow.parquet as pq
    from lerobot.datasets.compute_stats import get_feature_stats
    row = pq.read_table(folder / 'meta/episodes/chunk-000/file-000.parquet').to_pylist()[0]
    theirs = get_feature_stats(three_episodes()[0].state, axis=0, keepdims=False)
    assert {f'stats/observation.state/{name}' for name in theirs} <= set(row)
    for name in ('min', 'max', 'mean', 'std', 'count'):
        np.testing.assert_allclose(row[f'stats/observation.state/{name}'], theirs[name], atol=1e-6)
    for name in ('q01', 'q10', 'q50', 'q90', 'q99'):  # theirs are from a histogram
        assert len(row[f'stats/observation.state/{name}']) == len(theirs[name])
