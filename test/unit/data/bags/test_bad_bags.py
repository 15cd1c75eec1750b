"""What is wrong with a bag is found and said, with the way out: reading and repairing."""

import json
import resource
import shutil
import sqlite3
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from made_bags import ARM, CAMERAS, JOINTS, ROBOT, START_NS, Maker
from mcap.writer import Writer as McapWriter
from rosbags.rosbag2 import StoragePlugin, Writer

from groot_ros.data.bags import Bag, BagError, repair, repair_command
from groot_ros.data.bags.checks import MAX_ARRAY

MEGABYTE = 2**20


@pytest.fixture(scope='module')
def maker(tmp_path_factory):
    return Maker(tmp_path_factory.mktemp('types'))


@pytest.fixture
def good(maker, tmp_path):
    """Return a bag with which nothing is wrong."""
    return maker.write(tmp_path / 'bag', maker.recording(0.5))


@contextmanager
def memory_left(size):
    """Let this process allocate no more than some bytes."""
    held = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()
    before, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (held + size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, most))


def refusal(bag):
    """Return what is said when all of a bag is read: one line that names it."""
    with pytest.raises(BagError) as raised, Bag(bag) as opened:
        list(opened.messages())
    said = str(raised.value)
    assert '\n' not in said
    assert str(bag) in said
    return said


def spoil(bag, change):
    """Change the bytes of a bag's file."""
    file = bag / f'{bag.name}.mcap'
    content = bytearray(file.read_bytes())
    change(content)
    file.write_bytes(content)


def metadata(bag, change):
    """Change what metadata.yaml says."""
    file = bag / 'metadata.yaml'
    content = yaml.safe_load(file.read_text())
    change(content['rosbag2_bagfile_information'])
    file.write_text(yaml.safe_dump(content))


# --- damaged files ---------------------------------------------------------------------------


def test_an_empty_file_is_said_to_be_empty(good):
    (good / 'bag.mcap').write_bytes(b'')
    assert 'empty' in refusal(good)


@pytest.mark.parametrize('left', [1, 8, 30, 200, 0.3, 0.7, 0.99, -1])
def test_a_truncated_file_is_refused(good, left):
    whole = (good / 'bag.mcap').read_bytes()
    (good / 'bag.mcap').write_bytes(
        whole[:int(len(whole) * left)] if isinstance(left, float) else whole[:left])
    assert 'repair_bag' in refusal(good)


def test_a_flipped_bit_in_a_chunk_is_found(good):
    first = (good / 'bag.mcap').read_bytes().index(b'\x28\xb5\x2f\xfd')  # zstd begins so

    def flip(content):
        content[first + 2000] ^= 1

    spoil(good, flip)
    assert 'repair_bag' in refusal(good)


def test_a_flipped_byte_of_the_summary_hides_no_message(maker, tmp_path):
    entries = maker.recording(0.1)
    good = maker.write(tmp_path / 'bag', entries)
    wanted = [(each.topic, each.stamp_ns, maker.serialize(each)) for each in entries]
    whole = (good / 'bag.mcap').read_bytes()
    refused = 0
    for index in range(len(whole) - 2000, len(whole), 31):
        spoiled = bytearray(whole)
        spoiled[index] ^= 0x41
        (good / 'bag.mcap').write_bytes(spoiled)
        try:
            with Bag(good) as bag:
                got = list(bag.serialized())
        except BagError:
            refused += 1
        else:
            assert got == wanted
    assert refused > 10


# --- not ours --------------------------------------------------------------------------------


def test_a_bag_of_sqlite3_is_read(maker, tmp_path):
    kind = 'sensor_msgs/msg/JointState'
    sent = [each for each in maker.recording(0.2) if each.topic == JOINTS]
    with Writer(tmp_path / 'bag', version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
        topic = writer.add_connection(JOINTS, kind, typestore=maker.types.store)
        for each in sent:
            writer.write(topic, each.stamp_ns, maker.serialize(each))
    with Bag(tmp_path / 'bag') as bag:
        got = list(bag.messages())
    assert [each.stamp_ns for each in got] == [each.stamp_ns for each in sent]
    np.testing.assert_array_equal(got[3].message.position, sent[3].message.position)


def test_a_damaged_database_is_refused(maker, tmp_path):
    with Writer(tmp_path / 'bag', version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
        topic = writer.add_connection(
            JOINTS, 'sensor_msgs/msg/JointState', typestore=maker.types.store)
        for each in maker.recording(0.2):
            if each.topic == JOINTS:
                writer.write(topic, each.stamp_ns, maker.serialize(each))
    with sqlite3.connect(tmp_path / 'bag/bag.db3') as database:
        database.execute('drop table messages')
    refusal(tmp_path / 'bag')


def test_an_mcap_of_another_system_is_refused(good):
    with (good / 'bag.mcap').open('wb') as stream:
        writer = McapWriter(stream)
        writer.start(profile='', library='test')
        schema = writer.register_schema('Thing', 'jsonschema', b'{}')
        channel = writer.register_channel('/thing', 'json', schema)
        writer.add_message(channel, 1, b'{}', 1)
        writer.finish()
    assert 'ros2' in refusal(good)


def test_an_mcap_with_definitions_of_another_system_is_refused(good):
    with (good / 'bag.mcap').open('wb') as stream:
        writer = McapWriter(stream)
        writer.start(profile='ros2', library='test')
        schema = writer.register_schema('Thing', 'protobuf', b'')
        channel = writer.register_channel('/thing', 'protobuf', schema)
        writer.add_message(channel, 1, b'', 1)
        writer.finish()
    assert 'protobuf' in refusal(good)


# --- metadata.yaml ---------------------------------------------------------------------------


def one_more(information):
    information['topics_with_message_count'][1]['message_count'] += 1


def one_less(information):
    information['topics_with_message_count'][1]['message_count'] -= 1


def no_number(information):
    information['topics_with_message_count'][1]['message_count'] = 'many'


def no_name(information):
    information['topics_with_message_count'][1]['topic_metadata']['name'] = 7


def no_type(information):
    information['topics_with_message_count'][1]['topic_metadata']['type'] = ['a']


def other_type(information):
    topic = information['topics_with_message_count'][1]
    topic['topic_metadata']['type'] = 'std_msgs/msg/String'


def two_types(information):
    topics = information['topics_with_message_count']
    topics[0]['topic_metadata']['name'] = topics[1]['topic_metadata']['name']


def no_file(information):
    information['relative_file_paths'] = ['gone.mcap']


def no_files(information):
    information['relative_file_paths'] = []


def a_file_twice(information):
    information['relative_file_paths'] *= 2


def of_the_future(information):
    information['version'] = 99


def other_storage(information):
    information['storage_identifier'] = 'sqlite3'


def other_quality(information):
    information['topics_with_message_count'][1]['topic_metadata']['offered_qos_profiles'] = []


def other_definition(information):
    information['topics_with_message_count'][1]['topic_metadata'][
        'type_description_hash'] = 'RIHS01_' + '0' * 64


def no_time(information):
    information['duration'] = {'nanoseconds': 'long'}


@pytest.mark.parametrize(('lie', 'named'), [
    (one_more, JOINTS), (one_less, JOINTS), (no_number, JOINTS), (no_name, 'is 7'),
    (no_type, JOINTS), (other_type, JOINTS),
    (two_types, 'both'), (no_file, 'gone.mcap'), (no_files, 'announces'),
    (a_file_twice, 'announces'), (of_the_future, '99'), (other_storage, 'repair_bag'),
    (other_quality, JOINTS), (other_definition, 'hash'), (no_time, 'repair_bag')])
def test_metadata_that_lies_is_found(good, lie, named):
    metadata(good, lie)
    assert named in refusal(good)


@pytest.mark.parametrize('text', [
    b'', b'just text', b'- a list', b'{', b'\xff\xfe\x00', b'rosbag2_bagfile_information: 3',
    b'rosbag2_bagfile_information: {version: 9}', b'[' * 100_000,
    b'a: &a [*a]\nrosbag2_bagfile_information: *a'], ids=range(9))
def test_metadata_that_is_none_is_refused(good, text):
    (good / 'metadata.yaml').write_bytes(text)
    assert 'repair_bag' in refusal(good)


@pytest.mark.parametrize('text', [
    b'just text', b'{', b'\xff\xfe\x00', b'[' * 100_000, b'robot: [so101]',
    b'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]'], ids=range(6))
def test_facts_that_are_none_are_refused(good, text):
    (good / 'facts.yaml').write_bytes(text)
    assert 'facts.yaml' in refusal(good)


def test_the_counts_are_checked_of_the_topics_that_are_read(good):
    metadata(good, one_more)
    with Bag(good) as bag:
        assert len(list(bag.messages([ARM]))) == bag.count(ARM)
        with pytest.raises(BagError, match=f'of {JOINTS}'):
            list(bag.messages([JOINTS]))


# --- messages --------------------------------------------------------------------------------


def test_a_topic_that_is_not_there_has_no_messages(good):
    with Bag(good) as bag:
        assert list(bag.messages(['/nowhere'])) == []
        assert list(bag.serialized([])) == []


def test_a_message_that_is_none_of_its_type_is_named(maker, tmp_path):
    entries = maker.recording(0.5)
    entries[40] = replace(entries[40], message=b'\x00\x01\x00\x00junk')
    said = refusal(maker.write(tmp_path / 'bag', entries))
    assert entries[40].topic in said
    assert str(entries[40].stamp_ns) in said


@pytest.mark.parametrize('length', [2**31, 2**32 - 1, 2**20])
def test_a_declared_length_is_not_allocated(maker, tmp_path, length):
    entries = [each for each in maker.recording(0.2) if each.topic == JOINTS]
    whole = maker.serialize(entries[3])
    at = whole.index((len(ROBOT.joints)).to_bytes(4, 'little'))
    entries[3] = replace(
        entries[3], message=whole[:at] + length.to_bytes(4, 'little') + whole[at + 4:])
    bag = maker.write(tmp_path / 'bag', entries)
    with memory_left(500 * MEGABYTE):
        assert JOINTS in refusal(bag)


def foreign_definition(folder, text, kind='sensor_msgs/msg/JointState'):
    """Write a bag, of an age that knows no hashes, whose message type is defined by a text."""
    folder.mkdir()
    with (folder / 'bag.mcap').open('wb') as stream:
        writer = McapWriter(stream)
        writer.start(profile='ros2', library='test')
        schema = writer.register_schema(kind, 'ros2msg', text.encode())
        channel = writer.register_channel(JOINTS, 'cdr', schema)
        writer.add_message(channel, START_NS, b'\x00\x01\x00\x00' + bytes(4000), START_NS)
        writer.finish()
    (folder / 'metadata.yaml').write_text(yaml.safe_dump({'rosbag2_bagfile_information': {
        'version': 5, 'storage_identifier': 'mcap', 'relative_file_paths': ['bag.mcap'],
        'duration': {'nanoseconds': 0}, 'message_count': 1,
        'starting_time': {'nanoseconds_since_epoch': START_NS},
        'topics_with_message_count': [{'message_count': 1, 'topic_metadata': {
            'name': JOINTS, 'type': kind, 'serialization_format': 'cdr',
            'offered_qos_profiles': ''}}]}}))
    return folder


@pytest.mark.parametrize('text', [
    'string[4000000000] name', f'float64[{MAX_ARRAY + 1}] position', 'sensor_msgs/JointState me',
    'sensor_msgs/JointState[] us', 'nowhere/Thing thing', 'float64[ position', 'string<=5[<=3',
    'float64 import', 'string NAME="\'\'\'"', '=' * 80])
def test_a_damaged_definition_is_refused(tmp_path, text):
    bag = foreign_definition(tmp_path / 'bag', text)
    with memory_left(500 * MEGABYTE):
        refusal(bag)


# --- repairing -------------------------------------------------------------------------------


def test_a_damaged_message_is_left_out_and_reported(maker, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(maker.prefix))
    entries = maker.recording(0.5)
    entries[40] = replace(entries[40], message=b'\x00\x01\x00\x00junk')
    broken = maker.write(tmp_path / 'bag', entries)
    assert repair_command.main([str(broken)]) == 0
    told = capsys.readouterr()
    assert f'{len(entries) - 1} messages saved' in told.out
    assert f'1 messages of {entries[40].topic} left out' in told.err
    with Bag(tmp_path / 'bag_repaired') as bag:
        assert len(list(bag.messages())) == len(entries) - 1


def test_a_machine_reads_what_was_saved_as_json(maker, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(maker.prefix))
    entries = maker.recording(0.5)
    entries[40] = replace(entries[40], message=b'\x00\x01\x00\x00junk')
    broken = maker.write(tmp_path / 'bag', entries)
    assert repair_command.main([str(broken), '--json']) == 0
    assert json.loads(capsys.readouterr().out) == {
        'bag': str(tmp_path / 'bag_repaired'), 'saved': len(entries) - 1,
        'left_out': {entries[40].topic: 1}}


def test_what_metadata_lied_about_is_mended(maker, good, tmp_path):
    metadata(good, one_more)
    saved, left_out = repair(good, tmp_path / 'mended', maker.types)
    assert not left_out
    with Bag(tmp_path / 'mended') as bag:
        assert len(list(bag.messages())) == saved == len(maker.recording(0.5))


def test_a_truncated_message_is_not_saved(maker, tmp_path):
    """Of a file without chunks, whose last message is cut in two."""
    folder = tmp_path / 'bag'
    folder.mkdir()
    sent = [each for each in maker.recording(0.5) if each.topic == JOINTS]
    with (folder / 'bag.mcap').open('wb') as stream:
        writer = McapWriter(stream, use_chunking=False)
        writer.start(profile='ros2', library='test')
        kind = sent[0].kind
        schema = writer.register_schema(
            kind, 'ros2msg', maker.types.store.generate_msgdef(kind, ros_version=2)[0].encode())
        channel = writer.register_channel(JOINTS, 'cdr', schema)
        for each in sent:
            writer.add_message(channel, each.stamp_ns, maker.serialize(each), each.stamp_ns)
        end = stream.tell()
        writer.finish()
    file = folder / 'bag.mcap'
    file.write_bytes(file.read_bytes()[:end - 20])
    saved, _ = repair(folder, tmp_path / 'mended', maker.types)
    assert saved == len(sent) - 1
    with Bag(tmp_path / 'mended') as bag:
        assert len(list(bag.messages())) == saved


@pytest.mark.parametrize('kind', ['garbage', '../../etc/passwd', 'nowhere/msg/Thing', ''])
def test_an_unknown_type_leaves_no_half_bag_behind(maker, tmp_path, kind):
    bag = foreign_definition(tmp_path / 'bag', 'float64 a', kind)
    with pytest.raises(BagError, match='package/msg/Type|nowhere'):
        repair(bag, tmp_path / 'mended', maker.types)
    assert not (tmp_path / 'mended').exists()


@pytest.mark.parametrize('command', [['nothing'], ['empty'], ['junk']])
def test_what_cannot_be_repaired_is_said_on_one_line(tmp_path, capsys, command):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'junk').mkdir()
    (tmp_path / 'junk/bag.mcap').write_bytes(b'junk' * 1000)
    assert repair_command.main([str(tmp_path / command[0])]) == 1
    told = capsys.readouterr().err
    assert told.startswith('repair_bag: ')
    assert told.count('\n') == 1
    assert [each.name for each in tmp_path.glob('*_repaired')] == []


def test_a_bag_that_is_there_is_not_removed(maker, good, tmp_path):
    shutil.copytree(good, tmp_path / 'taken')
    with pytest.raises(BagError, match='taken'):
        repair(good, tmp_path / 'taken', maker.types)
    with Bag(tmp_path / 'taken') as bag:
        assert bag.count(CAMERAS['front']) > 0
