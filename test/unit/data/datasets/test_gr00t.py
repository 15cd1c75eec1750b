"""Each rule of GR00T's flavour of LeRobot v2.1, by what its loader reads."""

import json

import av
import numpy as np
import pyarrow.parquet as pq
import pytest

from groot_ros.data.datasets.episode import Annotation, Episode, Layout, SubGoal
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.video_reading import read_pictures
from groot_ros.data.datasets.writing import WriterOptions, make_writer

FPS = 10.0
LAYOUT = Layout(
    'so101', FPS, {'arm': ('pan', 'lift'), 'hand': ('grip',)},
    {'arm': ('pan', 'lift'), 'hand': ('grip',)}, {'front': (32, 16)})
LENGTHS = (12, 7)
CHUNK = 4


def make_episode(number, length=None, **changes):
    length = LENGTHS[number] if length is None else length
    rng = np.random.default_rng(number)
    state = rng.normal(size=(length, 3)).astype(np.float32)
    steps = (SubGoal(0.0, 0.3, 'reach'), SubGoal(0.3, 0.5, 'let go'))
    annotation = (Annotation('put it down', steps, ('slow', 'left')) if number == 0
                  else Annotation('wave'))
    picture = np.full((16, 32, 3), 40 * number + 60, np.uint8)
    values = {
        'layout': LAYOUT, 'stamps': 50.0 + np.arange(length) / FPS, 'state': state,
        'action': state + np.float32(0.5),
        'images': {'front': lambda: iter([picture] * length)},
        'annotation': annotation,
        'provenance': {'bag': f'bag_{number}', 'success': 'true' if number == 0 else 'unknown'}}
    return Episode(**(values | changes))


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('dataset') / 'd'
    writer = make_writer('gr00t', folder, LAYOUT,
                         WriterOptions(relative_groups=('arm',), action_horizon=CHUNK))
    for number in range(len(LENGTHS)):
        writer.add(make_episode(number))
    writer.finish()
    return folder


def read_json(folder, name):
    return json.loads((folder / 'meta' / name).read_text())


def read_lines(folder, name):
    return [json.loads(line) for line in (folder / 'meta' / name).read_text().split('\n')]


def columns(folder, number):
    return pq.read_table(folder / f'data/chunk-000/episode_{number:06d}.parquet').to_pydict()


def test_rule_files_are_where_the_loader_looks(folder):
    files = {str(file.relative_to(folder)) for file in folder.rglob('*') if file.is_file()}
    assert files >= {
        'meta/info.json', 'meta/episodes.jsonl', 'meta/tasks.jsonl', 'meta/modality.json',
        'meta/stats.json', 'meta/relative_stats.json', 'data/chunk-000/episode_000000.parquet',
        'data/chunk-000/episode_000001.parquet',
        'videos/chunk-000/observation.images.front/episode_000000.mp4',
        'videos/chunk-000/observation.images.front/episode_000001.mp4'}
    assert not [file for file in files if file.endswith('.part')]


def test_rule_parquet_columns(folder):
    found = columns(folder, 0)
    assert set(found) == {
        'observation.state', 'action', 'timestamp', 'frame_index', 'episode_index', 'index',
        'task_index', 'next.reward', 'next.done', 'annotation.human.task_description',
        'annotation.human.sub_goal', 'annotation.human.tags'}
    episode = make_episode(0)
    np.testing.assert_array_equal(np.float32(found['observation.state']), episode.state)
    np.testing.assert_array_equal(np.float32(found['action']), episode.action)
    np.testing.assert_allclose(found['timestamp'], np.arange(12) / FPS, atol=1e-6)
    assert found['frame_index'] == list(range(12))
    assert found['next.done'] == [False] * 11 + [True]
    assert found['next.reward'] == [0.0] * 11 + [1.0]


def test_rule_index_counts_over_all_episodes(folder):
    second = columns(folder, 1)
    assert second['index'] == list(range(12, 19))
    assert set(second['episode_index']) == {1}
    assert set(second['next.reward']) == {0.0}  # nobody said that it was a success


def test_rule_vectors_have_one_length(folder):
    schema = pq.read_schema(folder / 'data/chunk-000/episode_000000.parquet')
    for name in ('observation.state', 'action'):
        assert str(schema.field(name).type).startswith('fixed_size_list')
        assert schema.field(name).type.list_size == 3


def test_rule_annotations_point_into_the_tasks(folder):
    tasks = {each['task_index']: each['task'] for each in read_lines(folder, 'tasks.jsonl')}
    found = columns(folder, 0)

    def texts(name):
        return [tasks[index] for index in found[name]]

    assert set(texts('annotation.human.task_description')) == {'put it down'}
    assert set(texts('task_index')) == {'put it down'}
    assert texts('annotation.human.sub_goal') == ['reach'] * 3 + ['let go'] * 2 + [''] * 7
    assert set(texts('annotation.human.tags')) == {'slow, left'}


def test_rule_modality_names_columns_with_an_exclusive_end(folder):
    modality = read_json(folder, 'modality.json')
    for kind, key in (('state', 'observation.state'), ('action', 'action')):
        spans = {group: (each['start'], each['end']) for group, each in modality[kind].items()}
        assert spans == {'arm': (0, 2), 'hand': (2, 3)}
        assert {each['original_key'] for each in modality[kind].values()} == {key}
    assert all(each['absolute'] is True for each in modality['action'].values())
    assert modality['video'] == {'front': {'original_key': 'observation.images.front'}}
    assert modality['annotation'].keys() == {
        'human.task_description', 'human.sub_goal', 'human.tags'}


def test_rule_episodes_and_tasks_are_lines_without_a_blank_one(folder):
    assert read_lines(folder, 'episodes.jsonl') == [
        {'episode_index': 0, 'length': 12, 'tasks': ['put it down']},
        {'episode_index': 1, 'length': 7, 'tasks': ['wave']}]
    tasks = read_lines(folder, 'tasks.jsonl')
    assert [each['task_index'] for each in tasks] == list(range(len(tasks)))
    assert len({each['task'] for each in tasks}) == len(tasks)


def test_rule_stats_are_of_all_frames_of_float_columns(folder):
    stats = read_json(folder, 'stats.json')
    state = np.concatenate([make_episode(number).state for number in (0, 1)])
    assert stats.keys() == {'observation.state', 'action', 'timestamp', 'next.reward'}
    found = stats['observation.state']
    assert found.keys() == {'mean', 'std', 'min', 'max', 'q01', 'q99'}
    np.testing.assert_allclose(found['mean'], state.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found['std'], state.std(axis=0), atol=1e-6)
    np.testing.assert_allclose(found['max'], state.max(axis=0), atol=1e-6)
    np.testing.assert_allclose(found['q01'], np.quantile(state, 0.01, axis=0), atol=1e-6)
    assert np.shape(stats['timestamp']['mean']) == (1,)


def test_rule_relative_stats_are_of_relative_groups_only_with_a_row_per_step(folder):
    relative = read_json(folder, 'relative_stats.json')
    assert relative.keys() == {'arm'}
    assert np.shape(relative['arm']['mean']) == (CHUNK, 2)
    # Each target is half a radian above the state of its own frame.
    np.testing.assert_allclose(relative['arm']['min'][0], 0.5, atol=1e-6)
    np.testing.assert_allclose(relative['arm']['max'][0], 0.5, atol=1e-6)
    whole = [make_episode(number) for number in (0, 1)]
    rows = np.concatenate([each.action[3:, :2] - each.state[:-3, :2] for each in whole])
    np.testing.assert_allclose(relative['arm']['mean'][3], rows.mean(axis=0), atol=1e-6)


def test_rule_info_leads_to_every_file(folder):
    info = read_json(folder, 'info.json')
    assert info['codebase_version'] == 'v2.1'
    assert (info['total_episodes'], info['total_frames'], info['total_videos']) == (2, 19, 2)
    assert (info['chunks_size'], info['fps'], info['robot_type']) == (1000, 10, 'so101')
    for number in (0, 1):
        chunk = number // info['chunks_size']
        data = info['data_path'].format(episode_chunk=chunk, episode_index=number)
        video = info['video_path'].format(
            episode_chunk=chunk, episode_index=number, video_key='observation.images.front')
        assert (folder / data).is_file()
        assert (folder / video).is_file()
    features = info['features']
    assert features.keys() == {*columns(folder, 0), 'observation.images.front'}
    assert features['action'] == {
        'dtype': 'float32', 'shape': [3], 'names': ['pan', 'lift', 'grip']}
    assert features['observation.images.front']['shape'] == [16, 32, 3]
    assert features['observation.images.front']['info']['video.fps'] == 10


def test_rule_videos_have_one_picture_per_frame(folder):
    for number, length in enumerate(LENGTHS):
        file = folder / f'videos/chunk-000/observation.images.front/episode_{number:06d}.mp4'
        with av.open(str(file)) as container:
            assert container.streams.video[0].frames == length
        pictures = list(read_pictures(file, 0.0, length, FPS))
        np.testing.assert_allclose(pictures[0], 40 * number + 60, atol=3)


def test_provenance_lies_beside(folder):
    assert [each['bag'] for each in read_lines(folder, 'provenance.jsonl')] == ['bag_0', 'bag_1']


@pytest.mark.parametrize(('change', 'said'), [
    ({'state': np.zeros((3, 2), np.float32)}, r'state must have shape \(12, 3\).*got \(3, 2\)'),
    ({'action': np.full((12, 3), np.nan, np.float32)}, 'action must be finite'),
    ({'images': {}}, r"images must be of \['front'\], got \[\]"),
    ({'stamps': np.linspace(0.0, 1.2, 12)}, 'stamps must be spaced by 0.1')])
def test_an_episode_that_does_not_fit_is_refused(change, said):
    with pytest.raises(DatasetError, match=said):
        make_episode(0, **change)


def test_missing_pictures_are_refused_and_leave_no_episode(tmp_path):
    writer = make_writer('gr00t', tmp_path / 'd', LAYOUT)
    few = {'front': lambda: iter(np.zeros((5, 16, 32, 3), np.uint8))}
    with pytest.raises(DatasetError, match='5 pictures for 12 frames'):
        writer.add(make_episode(0, images=few))
    assert len(writer.complete) == 0


def test_a_group_without_its_state_cannot_be_relative(tmp_path):
    with pytest.raises(DatasetError, match="relative group 'leg' .* arm, hand are"):
        make_writer('gr00t', tmp_path / 'd', LAYOUT, WriterOptions(relative_groups=('leg',)))
