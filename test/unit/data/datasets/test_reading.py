"""Datasets read back, ours and those of others, and what is wrong with them."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_episodes import FPS, LAYOUT, SUB_GOALS, noise_ratio, pictures_of, three_episodes

from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.reading import open_dataset
from groot_ros.data.datasets.writing import WriterOptions, make_writer

FORMATS = ('gr00t', 'lerobot-v3')


def write(format, folder):
    writer = make_writer(format, folder, LAYOUT, WriterOptions())
    for episode in three_episodes():
        writer.add(episode)
    writer.finish()
    return folder


@pytest.fixture(scope='module', params=FORMATS)
def written(request, tmp_path_factory):
    return write(request.param, tmp_path_factory.mktemp('dataset') / request.param)


@pytest.fixture
def folder(written, tmp_path):
    """Return a copy to be spoiled."""
    shutil.copytree(written, tmp_path / 'set')
    return tmp_path / 'set'


def change(file, **values):
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_everything_comes_back(written):
    dataset = open_dataset(written)
    assert dataset.layout == LAYOUT
    assert (len(dataset), dataset.lengths()) == (3, [12, 7, 9])
    for number, expected in enumerate(three_episodes()):
        found = dataset.episode(number)
        np.testing.assert_array_equal(found.state, expected.state)
        np.testing.assert_array_equal(found.action, expected.action)
        np.testing.assert_array_equal(found.stamps, expected.stamps)
        assert found.annotation == expected.annotation
        assert found.provenance == expected.provenance
        for key in LAYOUT.cameras:
            pictures = pictures_of(found, key)
            assert noise_ratio(pictures, pictures_of(expected, key)) > 33.0


def test_pictures_may_be_read_twice_and_in_part(written):
    images = open_dataset(written).episode(1).images['front']
    first = next(images())
    np.testing.assert_array_equal(next(images()), first)


def test_groups_may_have_another_order_than_the_columns(folder):
    file = folder / 'meta/modality.json'
    modality = json.loads(file.read_text())
    change(file, state=dict(reversed(modality['state'].items())))
    found, expected = open_dataset(folder), three_episodes()[0]
    assert list(found.layout.state) == list(reversed(LAYOUT.state))
    for group, columns in found.layout.state_columns.items():
        np.testing.assert_array_equal(found.episode(0).state[:, columns],
                                      expected.state[:, LAYOUT.state_columns[group]])


def test_a_dataset_of_others_is_read_by_its_modality(tmp_path):
    """As `lerobot` writes one: other names, no annotations of ours, no provenance."""
    folder = tmp_path / 'set'
    (folder / 'meta/episodes/chunk-000').mkdir(parents=True)
    (folder / 'data/chunk-000').mkdir(parents=True)
    positions = np.arange(8, dtype=np.float32).reshape(4, 2)
    pq.write_table(pa.table({
        'observation.state': list(positions), 'action': list(positions + 1),
        'episode_index': [0, 0, 1, 1], 'task_index': [0, 0, 1, 1]}),
        folder / 'data/chunk-000/file-000.parquet')
    pq.write_table(pa.table({'episode_index': [0, 1], 'length': [2, 2],
                             'data/chunk_index': [0, 0], 'data/file_index': [0, 0]}),
                   folder / 'meta/episodes/chunk-000/file-000.parquet')
    pq.write_table(pa.table({'task_index': [0, 1], '__index_level_0__': ['sit', 'stand']}),
                   folder / 'meta/tasks.parquet')
    vector = {'dtype': 'float32', 'shape': [2], 'names': {'motors': ['hip', 'knee']}}
    (folder / 'meta/info.json').write_text(json.dumps({
        'codebase_version': 'v3.0', 'robot_type': None, 'fps': 5,
        'data_path': 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet',
        'features': {'observation.state': vector, 'action': {**vector, 'names': None}}}))
    with pytest.raises(DatasetError, match=r'modality.json is missing.*action, observation.state'):
        open_dataset(folder)
    (folder / 'meta/modality.json').write_text(json.dumps({
        'state': {'knee': {'start': 1, 'end': 2}}, 'action': {'leg': {'start': 0, 'end': 2}}}))
    dataset = open_dataset(folder)
    assert dataset.layout.state == {'knee': ('knee',)}
    assert dataset.layout.action == {'leg': ('action.0', 'action.1')}
    found = dataset.episode(1)
    np.testing.assert_array_equal(found.state, [[5], [7]])
    np.testing.assert_array_equal(found.action, [[5, 6], [7, 8]])
    np.testing.assert_array_equal(found.stamps, [0.0, 0.2])
    assert found.annotation.instruction == 'stand'


def test_sub_goals_begin_and_end_with_frames(written):
    assert open_dataset(written).episode(0).annotation.sub_goals == SUB_GOALS
    assert SUB_GOALS[1].end_s == 12 / FPS


@pytest.mark.parametrize(('spoil', 'message'), [
    (lambda f: (f / 'meta/info.json').unlink(), 'is not finished'),
    (lambda f: (f / 'meta/info.json').write_text('{'), 'no info.json of LeRobot'),
    (lambda f: change(f / 'meta/info.json', codebase_version='v1.6'), 'version v1.6, this reads'),
    (lambda f: (f / 'meta/modality.json').unlink(), 'modality.json is missing'),
    (lambda f: (f / 'meta/modality.json').write_text('[]'), 'no modality.json of GR00T'),
    (lambda f: change(f / 'meta/modality.json', state={'arm': {'start': 0, 'end': 99}}),
     "state group 'arm' is columns 0 to 99 of 'observation.state', which has 6"),
    (lambda f: change(f / 'meta/modality.json', video={'top': {}}),
     "no video 'observation.images.top'"),
])
def test_what_is_no_dataset_is_refused(folder, spoil, message):
    spoil(folder)
    with pytest.raises(DatasetError, match=message):
        open_dataset(folder)


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(DatasetError, match='no LeRobot dataset'):
        open_dataset(tmp_path)


def test_an_episode_that_is_not_there_is_refused(written):
    with pytest.raises(DatasetError, match='no episode 3: it has 3, counted from 0'):
        open_dataset(written).episode(3)


@pytest.mark.parametrize(
    'damage', [lambda file: file.unlink(), lambda file: file.write_bytes(b'no')])
def test_a_lost_or_damaged_table_is_named(folder, damage):
    for file in folder.glob('data/*/*.parquet'):
        damage(file)
    with pytest.raises(DatasetError, match=r'data/chunk-000/.*\.parquet cannot be read'):
        open_dataset(folder).episode(0)


def test_a_table_without_a_column_is_named(folder):
    for file in folder.glob('data/*/*.parquet'):
        pq.write_table(pq.read_table(file).drop_columns(['action']), file)
    with pytest.raises(DatasetError, match=r"\.parquet has no column 'action', which meta/ names"):
        open_dataset(folder).episode(0)


def test_a_feature_without_a_type_is_named(folder):
    file = folder / 'meta/info.json'
    change(file, features=json.loads(file.read_text())['features'] | {'next.done': {}})
    with pytest.raises(DatasetError, match='meta is damaged'):
        open_dataset(folder)


def test_a_damaged_video_is_named(folder):
    for file in folder.glob('videos/**/*.mp4'):
        file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(DatasetError, match=r'\.mp4 is no video that can be read'):
        pictures_of(open_dataset(folder).episode(0), 'front')


def test_a_video_with_too_few_pictures_is_refused(tmp_path):
    folder = write('gr00t', tmp_path / 'set')
    videos = sorted(folder.glob('videos/chunk-000/observation.images.front/*.mp4'))
    shutil.copy(videos[1], videos[2])
    with pytest.raises(DatasetError, match='holds 7 pictures .* the episode has 9 frames'):
        pictures_of(open_dataset(folder).episode(2), 'front')
