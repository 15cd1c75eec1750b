"""Bags: what is written is read again, whatever happened in between."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag1 import Writer as Rosbag1Writer

from groot_ros.data.bags import Bag, BagError, BagWriter, MessageTypes, repair

ROOT = Path(__file__).resolve().parents[4]
KIND = 'sensor_msgs/msg/JointState'


@pytest.fixture
def types(tmp_path):
    """Return the types of Jazzy and of this package, from its sources."""
    (tmp_path / 'share').mkdir()
    (tmp_path / 'share/groot_ros').symlink_to(ROOT)
    return MessageTypes([tmp_path])


def joint_state(types, second):
    kinds = types.store.types
    header = kinds['std_msgs/msg/Header'](
        kinds['builtin_interfaces/msg/Time'](second, 0), 'pelvis')
    numbers = np.array([second, second + 0.5])
    return types.store.serialize_cdr(
        kinds[KIND](header, ['a', 'b'], numbers, np.zeros(0), np.zeros(0)), KIND).tobytes()


def write(folder, types, seconds, facts=None):
    with BagWriter(folder, types, facts or {'robot': 'g1'}) as bag:
        bag.add_topic('/joint_states', KIND)
        for second in seconds:
            bag.write('/joint_states', second * 10**9, joint_state(types, second))


def test_messages_facts_and_times_come_back(tmp_path, types):
    write(tmp_path / 'bag', types, range(1, 4), {'robot': 'g1', 'operator': 'Ana'})
    with Bag(tmp_path / 'bag') as bag:
        messages = list(bag.messages())
        assert bag.topics == {'/joint_states': KIND}
        assert (bag.count('/joint_states'), bag.duration_s) == (3, pytest.approx(2.0))
        assert bag.facts == {'robot': 'g1', 'operator': 'Ana'}
    assert [each.stamp_ns for each in messages] == [10**9, 2 * 10**9, 3 * 10**9]
    np.testing.assert_array_equal(messages[1].message.position, [2.0, 2.5])
    assert messages[1].message.name == ['a', 'b']


def test_the_definitions_of_our_own_messages_are_inside(tmp_path, types):
    with BagWriter(tmp_path / 'bag', types, {}) as writer:
        writer.add_topic('/current_instruction', 'groot_ros/msg/Instruction', latched=True)
        kinds = types.store.types
        header = kinds['std_msgs/msg/Header'](kinds['builtin_interfaces/msg/Time'](7, 0), '')
        said = kinds['groot_ros/msg/Instruction'](header, 'touch the red block', 3, 5)
        writer.write('/current_instruction', 7, types.store.serialize_cdr(
            said, 'groot_ros/msg/Instruction').tobytes())
    with Bag(tmp_path / 'bag') as bag:
        (recorded,) = bag.messages(['/current_instruction'])
    assert (recorded.message.text, recorded.message.epoch) == ('touch the red block', 5)


def test_the_bag_is_one_that_rosbag2_of_jazzy_reads(tmp_path, types):
    import yaml
    write(tmp_path / 'bag', types, [1])
    metadata = yaml.safe_load((tmp_path / 'bag/metadata.yaml').read_text())
    information = metadata['rosbag2_bagfile_information']
    assert information['version'] == 9
    assert information['storage_identifier'] == 'mcap'
    topic = information['topics_with_message_count'][0]['topic_metadata']
    assert topic['serialization_format'] == 'cdr'
    assert topic['type_description_hash'].startswith('RIHS01_')
    assert topic['offered_qos_profiles'][0]['reliability'] == 'reliable'
    assert information['custom_data'] == {'robot': 'g1'}


def test_an_unknown_message_type_is_named(tmp_path, types):
    with (
        BagWriter(tmp_path / 'bag', types, {}) as bag,
        pytest.raises(BagError, match='share/nowhere/msg/Thing.msg'),
    ):
        bag.add_topic('/thing', 'nowhere/msg/Thing')


def test_a_bag_is_never_overwritten(tmp_path, types):
    write(tmp_path / 'bag', types, [1])
    with pytest.raises(BagError, match='bag'):
        BagWriter(tmp_path / 'bag', types, {})
    with Bag(tmp_path / 'bag') as bag:
        assert bag.count('/joint_states') == 1


WRITE_AND_DIE = """
import os, signal, sys
import numpy as np
from pathlib import Path
from groot_ros.data.bags import BagWriter, MessageTypes
types = MessageTypes([])
bag = BagWriter(Path(sys.argv[1]), types, {'robot': 'g1'})
bag.add_topic('/noise', 'std_msgs/msg/String', reliable=False, latched=True)
random, kind = np.random.default_rng(0), types.store.types['std_msgs/msg/String']
for index in range(20000):
    bag.write('/noise', index, types.store.serialize_cdr(
        kind(random.bytes(200).hex()), 'std_msgs/msg/String').tobytes())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_recording_is_saved_up_to_its_last_full_chunk(tmp_path, types):
    broken = tmp_path / 'broken'
    killed = subprocess.run(
        [sys.executable, '-c', WRITE_AND_DIE, str(broken)], check=False,
        env=os.environ | {'PYTHONPATH': os.pathsep.join([str(ROOT), *sys.path])})
    assert killed.returncode == -signal.SIGKILL
    with pytest.raises(BagError, match='repair_bag'):
        Bag(broken)
    saved, _ = repair(broken, tmp_path / 'whole', types)
    assert saved > 15000
    with Bag(tmp_path / 'whole') as bag:
        stamps = [stamp for _, stamp, _ in bag.serialized()]
        assert bag.facts == {'robot': 'g1'}
    assert stamps == list(range(saved))


@pytest.mark.parametrize('cut', [0.1, 0.5, 0.9])
def test_a_truncated_file_gives_what_is_before_the_cut(tmp_path, types, cut):
    write(tmp_path / 'bag', types, range(1, 20000))
    file = tmp_path / 'bag/bag.mcap'
    whole = file.read_bytes()
    file.write_bytes(whole[:int(len(whole) * cut)])
    with pytest.raises(BagError, match='bag'):
        list(Bag(tmp_path / 'bag').messages())
    if cut > 0.4:
        saved, _ = repair(tmp_path / 'bag', tmp_path / 'saved', types)
        assert 0 < saved < 19999


def test_what_is_no_bag_is_said_to_be_none(tmp_path, types):
    with pytest.raises(BagError, match='does not exist'):
        Bag(tmp_path / 'nothing')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(BagError, match='metadata.yaml'):
        Bag(tmp_path / 'empty')
    with Rosbag1Writer(tmp_path / 'old.bag'):
        pass
    with pytest.raises(BagError, match='ROS 1'):
        Bag(tmp_path / 'old.bag')
    with pytest.raises(BagError, match='nothing to repair'):
        repair(tmp_path / 'empty', tmp_path / 'new', types)
