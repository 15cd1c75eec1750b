"""Episodes that are worked on block by block: the same numbers as at once."""

import json
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from tfrecord_reader import read_features

from groot_ros.data.datasets.episode import Annotation, Episode, Layout, SubGoal
from groot_ros.data.datasets.reading import open_dataset
from groot_ros.data.datasets.rows_on_disk import BLOCK, make_rows
from groot_ros.data.datasets.statistics import relative_statistics, summarize
from groot_ros.data.datasets.stored_columns import parts
from groot_ros.data.datasets.writing import WriterOptions, make_writer

# Writes an episode of 32 joints and prints the highest resident memory [MB].
WRITE = """
import resource
import sys
from pathlib import Path
import numpy as np
from groot_ros.data.datasets.episode import Annotation, Episode, Layout
from groot_ros.data.datasets.rows_on_disk import make_rows, walk
from groot_ros.data.datasets.writing import make_writer

format, folder, frames = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
joints = tuple(f'joint_{number}' for number in range(32))
layout = Layout('robot', 30.0, {'body': joints}, {'body': joints}, {})
state, action = make_rows(frames, 32), make_rows(frames, 32)
for rows in walk(state, action):
    state[rows] = action[rows] = np.random.default_rng(0).normal(size=state[rows].shape)
writer = make_writer(format, folder, layout)
writer.add(Episode(layout, np.arange(frames) / 30.0, state, action, {}, Annotation('wave'), {}))
writer.finish()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
FPS, HORIZON = 100.0, 3
LENGTHS = (2 * BLOCK + 5, 12)
ARM = ('pan', 'lift', 'elbow', 'wrist', 'roll')
LAYOUT = Layout('so101', FPS, {'arm': ARM, 'hand': ('grip',)}, {'arm': ARM, 'hand': ('grip',)},
                {})


def make_episode(number):
    """Return an episode whose numbers are in a file, as those out of bags are."""
    frames, random = LENGTHS[number], np.random.default_rng(number)
    state, action = (make_rows(frames, len(LAYOUT.state_names)) for _ in range(2))
    state[:] = random.normal(size=state.shape)
    action[:] = random.normal(size=action.shape)
    goals = (SubGoal(0.0, 40.0, 'reach'), SubGoal(41.0, 60.0, 'lift')) if number == 0 else ()
    return Episode(LAYOUT, 50.0 + np.arange(frames) / FPS, state, action, {},
                   Annotation('wave', goals), {'success': 'true', 'start_s': '50.0'})


@pytest.fixture(scope='module', params=['gr00t', 'lerobot-v3'])
def folder(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp('dataset') / 'set'
    writer = make_writer(request.param, folder, LAYOUT,
                         WriterOptions(relative_groups=('arm',), action_horizon=HORIZON))
    for number in range(len(LENGTHS)):
        writer.add(make_episode(number))
    writer.finish()
    return folder


def test_every_number_and_text_is_at_its_frame(folder):
    found, wanted = open_dataset(folder).episode(0), make_episode(0)
    np.testing.assert_array_equal(found.state, wanted.state)
    np.testing.assert_array_equal(found.action, wanted.action)
    assert found.annotation == wanted.annotation
    table = pq.read_table(min(folder.glob('data/*/*')), filters=[('episode_index', '=', 0)])
    np.testing.assert_array_equal(table['index'].to_numpy(), np.arange(LENGTHS[0]))
    np.testing.assert_array_equal(
        table['timestamp'].to_numpy(), (np.arange(LENGTHS[0]) / FPS).astype(np.float32))
    assert np.flatnonzero(table['next.done']).tolist() == [LENGTHS[0] - 1]
    assert np.flatnonzero(table['next.reward']).tolist() == [LENGTHS[0] - 1]


def test_a_table_has_row_groups_of_a_block_each(folder):
    with pq.ParquetFile(min(folder.glob('data/*/*'))) as table:
        rows = [table.metadata.row_group(group).num_rows for group in range(3)]
    assert rows == [BLOCK, BLOCK, 5]


def test_statistics_are_to_the_last_digit_those_of_all_frames_at_once(folder):
    stats = json.loads((folder / 'meta/stats.json').read_text())
    state = np.concatenate([make_episode(number).state for number in range(len(LENGTHS))])
    kind = np.float32 if folder.joinpath('meta/relative_stats.json').exists() else np.float64
    wanted = summarize(state.astype(kind))
    for name in ('min', 'max', 'mean', 'std', 'q01', 'q99'):
        assert stats['observation.state'][name] == wanted[name]


@pytest.mark.parametrize('folder', ['gr00t'], indirect=True)
def test_relative_statistics_are_to_the_last_digit_those_of_all_joints_at_once(folder):
    found = json.loads((folder / 'meta/relative_stats.json').read_text())
    arm = LAYOUT.state_columns['arm']
    episodes = [(each.state[:, arm], each.action[:, arm])
                for each in map(make_episode, range(len(LENGTHS)))]
    assert found['arm'] == relative_statistics(episodes, HORIZON)


def test_an_example_has_every_number(tmp_path):
    writer = make_writer('rlds', tmp_path / 'set', LAYOUT)
    writer.add(make_episode(0))
    found = read_features(next((tmp_path / 'set').glob('*.tfrecord*')))
    np.testing.assert_array_equal(
        np.float32(found['steps/action'].float_list.value), make_episode(0).action.ravel())
    assert sum(found['steps/is_first'].int64_list.value) == 1


@pytest.mark.parametrize('width', range(1, 50))
def test_no_number_of_a_vector_is_looked_at_alone(width):
    found = [np.arange(width)[part] for part in parts(width)]
    np.testing.assert_array_equal(np.concatenate(found), np.arange(width))
    assert min(map(len, found)) >= min(width, 2)
    assert max(map(len, found)) <= 3


@pytest.mark.parametrize('format', ['gr00t', 'lerobot-v3', 'rlds'])
def test_an_hour_takes_hardly_more_memory_than_five_minutes(tmp_path, format):
    """Its numbers are 28 MB, of which several copies were made once."""
    peaks = [int(subprocess.run(
        [sys.executable, '-c', WRITE, format, tmp_path / str(minutes), str(1800 * minutes)],
        check=True, capture_output=True, text=True).stdout) for minutes in (5, 60)]
    assert peaks[1] < peaks[0] + 30
