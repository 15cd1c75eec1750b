"""LeRobot v3.0 datasets: their files, and what an interrupted run leaves.

That the library reads them is shown in test/parity/test_lerobot_dataset.py.
"""

import json

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
from made_episodes import FPS, LAYOUT, make_episode, pictures_of, three_episodes

from groot_ros.data.datasets import lerobot_v3
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.picture_statistics import Histogram
from groot_ros.data.datasets.reading import open_dataset
from groot_ros.data.datasets.writing import WriterOptions, make_writer


def begin(folder, codec='h264'):
    return make_writer('lerobot-v3', folder, LAYOUT, WriterOptions(codec))


def write(folder, episodes, codec='h264'):
    writer = begin(folder, codec)
    for episode in episodes:
        writer.add(episode)
    writer.finish()
    return folder


def content(folder):
    """Return the names of all files that readers see."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob('*') if file.is_file()
                  and file.name not in ('written.jsonl', 'provenance.jsonl', 'conversion.json'))


def rows(folder):
    return pq.read_table(folder / 'meta/episodes/chunk-000/file-000.parquet').to_pylist()


def test_the_files_are_those_of_the_layout(tmp_path):
    assert content(write(tmp_path / 'set', three_episodes())) == [
        'data/chunk-000/file-000.parquet', 'meta/episodes/chunk-000/file-000.parquet',
        'meta/info.json', 'meta/modality.json', 'meta/stats.json', 'meta/tasks.parquet',
        'videos/observation.images.front/chunk-000/file-000.mp4',
        'videos/observation.images.wrist/chunk-000/file-000.mp4']


def test_totals_and_features(tmp_path):
    info = json.loads((write(tmp_path / 'set', three_episodes()) / 'meta/info.json').read_text())
    assert (info['codebase_version'], info['fps'], info['robot_type']) == ('v3.0', 10, 'so101')
    assert (info['total_episodes'], info['total_frames']) == (3, 28)
    assert info['features']['action']['names'] == list(LAYOUT.action_names)
    assert info['features']['observation.images.front']['shape'] == [48, 64, 3]


def test_episodes_follow_each_other_in_table_and_video(tmp_path):
    folder = write(tmp_path / 'set', three_episodes())
    assert [(row['dataset_from_index'], row['dataset_to_index']) for row in rows(folder)] == [
        (0, 12), (12, 19), (19, 28)]
    video = 'videos/observation.images.front'
    np.testing.assert_allclose(
        [(row[f'{video}/from_timestamp'], row[f'{video}/to_timestamp']) for row in rows(folder)],
        [(0.0, 1.2), (1.2, 1.9), (1.9, 2.8)])
    with av.open(str(folder / video / 'chunk-000/file-000.mp4')) as opened:
        shown = [frame.time for frame in opened.decode(video=0)]
    np.testing.assert_allclose(shown, np.arange(28) / FPS, atol=1e-6)


def test_joining_changes_no_picture(tmp_path):
    """Without loss: of such small pictures libx264 does not always make the same bytes."""
    joined = open_dataset(write(tmp_path / 'joined', three_episodes(), 'lossless'))
    for number, episode in enumerate(three_episodes()):
        alone = open_dataset(write(tmp_path / f'alone_{number}', [episode], 'lossless'))
        for key in LAYOUT.cameras:
            np.testing.assert_array_equal(pictures_of(joined.episode(number), key),
                                          pictures_of(alone.episode(0), key))


def test_a_full_file_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(lerobot_v3, 'DATA_MB', 1e-6)
    folder = write(tmp_path / 'set', three_episodes())
    assert len(list(folder.glob('data/*/*'))) == 3
    assert [row['data/file_index'] for row in rows(folder)] == [0, 1, 2]
    for number, episode in enumerate(three_episodes()):
        np.testing.assert_array_equal(open_dataset(folder).episode(number).state, episode.state)


def test_a_finished_dataset_can_be_gone_on_with(tmp_path):
    folder = write(tmp_path / 'set', three_episodes()[:2])
    first = (folder / 'data/chunk-000/file-000.parquet').read_bytes()
    write(folder, three_episodes()[2:])
    assert (folder / 'data/chunk-000/file-000.parquet').read_bytes() == first
    assert [row['data/file_index'] for row in rows(folder)] == [0, 0, 1]
    for number, episode in enumerate(three_episodes()):
        np.testing.assert_array_equal(open_dataset(folder).episode(number).action, episode.action)


@pytest.mark.parametrize('lost', ['line', 'half a line'])
def test_what_was_whole_is_kept_and_what_was_half_is_redone(tmp_path, lost):
    folder, episodes = tmp_path / 'set', three_episodes()
    writer = begin(folder)
    writer.add(episodes[0])
    writer.add(episodes[2])
    journal = folder / 'meta/written.jsonl'
    first, second = journal.read_text().splitlines()
    journal.write_text(first if lost == 'line' else f'{first}\n{second[:40]}')
    writer = begin(folder)
    assert [each['bag'] for each in writer.complete] == ['bag_0']
    writer.add(episodes[1])
    writer.finish()
    again = write(tmp_path / 'at_once', episodes[:2])
    assert content(folder) == content(again)
    assert rows(folder) == rows(again)
    for number in range(2):
        np.testing.assert_array_equal(open_dataset(folder).episode(number).state,
                                      episodes[number].state)


def test_packing_that_was_interrupted_goes_on(tmp_path, monkeypatch):
    folder = tmp_path / 'set'
    writer = begin(folder)
    for episode in three_episodes():
        writer.add(episode)
    with monkeypatch.context() as broken:
        broken.setattr(lerobot_v3, 'join_videos', _full_disk)
        with pytest.raises(OSError, match='full'):
            writer.finish()
    begin(folder).finish()
    for number, episode in enumerate(three_episodes()):
        assert len(pictures_of(open_dataset(folder).episode(number), 'wrist')) == len(episode)


def test_a_camera_that_breaks_off_is_refused(tmp_path):
    episode = make_episode()
    episode.images['front'] = make_episode(frames=3).images['front']
    with pytest.raises(DatasetError, match='front has 3 pictures for 12 frames'):
        begin(tmp_path / 'set').add(episode)


def test_colours_are_summed_up_as_numpy_does():
    images = np.random.default_rng(0).integers(0, 256, (3, 20, 30, 3)).astype(np.uint8)
    histogram = Histogram()
    for image in images:
        list(histogram.watch([image]))
    pixels = images.reshape(-1, 3) / 255.0
    found = {name: values.ravel() for name, values in histogram.summary().items()}
    for name, expected in (('mean', pixels.mean(axis=0)), ('std', pixels.std(axis=0)),
                           ('min', pixels.min(axis=0)), ('max', pixels.max(axis=0))):
        np.testing.assert_allclose(found[name], expected, atol=1e-12)
    np.testing.assert_allclose(found['q10'], np.quantile(pixels, 0.1, axis=0), atol=1 / 255)


def _full_disk(*_):
    raise OSError('the disk is full')
