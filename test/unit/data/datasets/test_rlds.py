"""RLDS datasets: the bytes of their files, read by the rules of the format."""

import json
import struct

import google_crc32c
import numpy as np
import pytest
from made_episodes import LAYOUT, SUB_GOALS, make_episode, three_episodes

from groot_ros.data.datasets import rlds
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.tfrecord import Example, make_example
from groot_ros.data.datasets.writing import WriterOptions, make_writer


def write(folder, episodes, finish=True):
    writer = make_writer('rlds', folder, LAYOUT, WriterOptions())
    for episode in episodes:
        writer.add(episode)
    if finish:
        writer.finish()
    return writer


def read(file):
    """Return the features of the one record of a file; every checksum is looked at."""
    content = file.read_bytes()
    (length,) = struct.unpack('<Q', content[:8])
    record = content[12:12 + length]
    assert len(content) == 16 + length
    for part, masked in ((content[:8], content[8:12]), (record, content[12 + length:])):
        rotated = (struct.unpack('<I', masked)[0] - 0xA282EAD8) % 2**32
        assert google_crc32c.value(part) == (rotated << 15 | rotated >> 17) % 2**32
    return {entry.key: entry.value for entry in Example.FromString(record).features.feature}


def test_the_bytes_of_an_example_are_those_of_the_format():
    # Written out by hand: Example.features { entry { 'a', float_list { packed 1.0 } } }.
    packed = b'\x0a\x04' + struct.pack('<f', 1.0)
    feature = b'\x12\x06' + packed
    entry = b'\x0a\x01a' + b'\x12\x08' + feature
    expected = b'\x0a\x0f' + b'\x0a\x0d' + entry
    assert make_example({'a': np.ones(1, np.float32)}) == expected


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
