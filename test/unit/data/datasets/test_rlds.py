"""RLDS datasets: the bytes of their files, read by the rules of the format."""

import json
import struct

import numpy as np
import pytest
from made_episodes import LAYOUT, SUB_GOALS, make_episode, three_episodes
from tfrecord_reader import read_features as read
from tfrecord_reader import read_record, serialize

from groot_ros.data.datasets import rlds
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.rows_on_disk import BLOCK
from groot_ros.data.datasets.tfrecord import PIECE, write_example
from groot_ros.data.datasets.writing import WriterOptions, make_writer


def write(folder, episodes, finish=True):
    writer = make_writer('rlds', folder, LAYOUT, WriterOptions())
    for episode in episodes:
        writer.add(episode)
    if finish:
        writer.finish()
    return writer


def test_the_bytes_of_an_example_are_those_of_the_format(tmp_path):
    # Written out by hand: Example.features { entry { 'a', float_list { packed 1.0 } } }.
    packed = b'\x0a\x04' + struct.pack('<f', 1.0)
    feature = b'\x12\x06' + packed
    entry = b'\x0a\x01a' + b'\x12\x08' + feature
    expected = b'\x0a\x0f' + b'\x0a\x0d' + entry
    write_example(tmp_path / 'file', {'a': np.ones(1, np.float32)})
    assert read_record(tmp_path / 'file') == expected


def test_an_example_written_in_pieces_is_that_of_the_protobuf_library(tmp_path):
    random = np.random.default_rng(0)
    sizes = (0, 1, 127, 128, 2**14 - 1, 2**14, PIECE, 2**21)  # where a size takes a byte more
    features = {
        'numbers': random.normal(size=(2 * BLOCK + 5, 3)), 'flags': random.random(300) < 0.5,
        'pictures': [random.bytes(size) for size in sizes], 'name with \u00e4': [b''],
        'a' * 200: np.ones(1, np.float32)}
    write_example(tmp_path / 'file', features)
    assert read_record(tmp_path / 'file') == serialize(features)
    assert [each.name for each in tmp_path.iterdir()] == ['file']


def test_a_list_without_values_is_empty(tmp_path):
    write_example(tmp_path / 'file', {'tags': [], 'numbers': np.zeros((0, 3), np.float32)})
    found = read(tmp_path / 'file')
    assert (list(found['tags'].bytes_list.value), list(found['numbers'].float_list.value)) == (
        [], [])


def test_a_file_holds_all_steps_of_an_episode(tmp_path):
    write(tmp_path / 'set', [make_episode(sub_goals=SUB_GOALS)])
    found, episode = read(tmp_path / 'set/groot_ros-train.tfrecord-00000'), make_episode()
    state = np.array(found['steps/observation/state'].float_list.value, np.float32)
    np.testing.assert_array_equal(state.reshape(episode.state.shape), episode.state)
    assert list(found['steps/is_first'].int64_list.value) == [1] + [0] * 11
    assert found['steps/language_instruction'].bytes_list.value[3] == b'lift the block'
    assert found['steps/sub_goal'].bytes_list.value[5] == b'grasp it'
    for key in LAYOUT.cameras:
        assert len(found[f'steps/observation/{key}'].bytes_list.value) == 12


def test_what_was_written_is_kept_and_what_was_half_is_redone(tmp_path):
    folder = tmp_path / 'set'
    write(folder, three_episodes()[:2], finish=False)
    kept = (folder / 'groot_ros-train.tfrecord-00000').read_bytes()
    # The process died after the file of the second and before its line.
    lines = (folder / 'meta/provenance.jsonl').read_text().splitlines()
    (folder / 'meta/provenance.jsonl').write_text(lines[0])
    writer = make_writer('rlds', folder, LAYOUT, WriterOptions())
    assert [each['bag'] for each in writer.complete] == ['bag_0']
    writer.add(three_episodes()[2])
    (folder / 'groot_ros-train.tfrecord-00002.part').write_bytes(b'half')
    writer.finish()
    assert (folder / 'groot_ros-train.tfrecord-00000').read_bytes() == kept
    assert len(read(folder / 'groot_ros-train.tfrecord-00001')['steps/is_first'].int64_list.value
               ) == 9
    assert len(list(folder.glob('*.tfrecord*'))) == 2
    (split,) = json.loads((folder / 'dataset_info.json').read_text())['splits']
    assert split['shardLengths'] == ['1', '1']


def test_a_camera_that_breaks_off_is_refused(tmp_path):
    episode = make_episode()
    episode.images['front'] = make_episode(frames=3).images['front']
    with pytest.raises(DatasetError, match='front has 3 pictures for 12 frames'):
        write(tmp_path / 'set', [episode])


def test_an_episode_that_no_protocol_buffer_can_hold_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(rlds, 'MOST_BYTES', 5000)
    with pytest.raises(DatasetError, match='12 frames take more than the 2 GiB .*--annotations'):
        write(tmp_path / 'set', [make_episode()])
    assert not list((tmp_path / 'set').glob('*.tfrecord*'))
