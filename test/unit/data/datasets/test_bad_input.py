"""What `bag_to_dataset` says of bad bags: refused in one line, or the bad part named."""

import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from made_bags import (
    ARM,
    CAMERAS,
    GRIPPER,
    JOINTS,
    LEAD_NS,
    ROBOT,
    SIZE,
    START_NS,
    TOLD,
    Maker,
    measured,
)
from rosbags.rosbag1 import Writer as Rosbag1Writer

from groot_ros.data.datasets import convert_command

pytest.importorskip('av')
pq = pytest.importorskip('pyarrow.parquet')

ROOT = Path(__file__).resolve().parents[4]
SECOND = 10**9
MIDDLE_NS = START_NS + LEAD_NS + SECOND
FRONT = next(iter(CAMERAS))
FRAMES = 21
"""Of a recording with which nothing is wrong."""


@pytest.fixture(scope='module')
def maker(tmp_path_factory):
    return Maker(tmp_path_factory.mktemp('types'))


@pytest.fixture
def convert(tmp_path):
    """Return what converts a bag: exit code, standard output and standard error."""
    def convert(*arguments):
        told, complaint = io.StringIO(), io.StringIO()
        with redirect_stdout(told), redirect_stderr(complaint):
            code = convert_command.main([
                *map(str, arguments), '--output', str(tmp_path / 'dataset'), '--format', 'gr00t',
                '--fps', '10', '--max-gap-s', '0.06', '--min-episode-s', '0.3'])
        return code, told.getvalue(), complaint.getvalue()
    return convert


@pytest.fixture
def refusal(convert, tmp_path):
    """Return what is said of a bag that is refused: one line, and no dataset."""
    def refusal(bag):
        code, told, complaint = convert(bag)
        assert (code, told) == (2, '')
        assert complaint.startswith('bag_to_dataset: ')
        assert complaint.count('\n') == 1
        assert str(bag) in complaint
        assert not (tmp_path / 'dataset').exists()
        return complaint
    return refusal


@pytest.fixture
def converted(convert, maker, tmp_path):
    """Return the frames of each episode, and what was reported, of messages in a bag."""
    def converted(entries):
        bag = maker.write(tmp_path / 'bag', entries)
        code, told, complaint = convert(bag, '--json')
        assert (code, complaint) == (0, '')
        found = json.loads(told)['bags'][str(bag)]
        files = sorted(tmp_path.glob('dataset/data/*/*.parquet'))
        return [pq.read_table(file) for file in files], found['skipped'], found['passed_over']
    return converted


def state(table):
    return np.array(table['observation.state'].to_pylist())


def joints_at(frame):
    return measured(5 * frame + LEAD_NS * 50 // SECOND)


def changed(entries, topic, change, when=lambda stamp_ns: True):
    """Return messages, those of a topic within a time changed."""
    return [change(each) if each.topic == topic and when(each.stamp_ns) else each
            for each in entries]


def later(stamp_ns):
    return stamp_ns >= MIDDLE_NS


def around_the_middle(stamp_ns):
    return MIDDLE_NS <= stamp_ns < MIDDLE_NS + SECOND // 4


def hollow(jpeg):
    """Return a JPEG with nothing between its header and its end: it looks whole."""
    frame = jpeg.tobytes().index(b'\xff\xc0')
    return np.frombuffer(jpeg.tobytes()[:frame + 19] + b'\xff\xd9', np.uint8)


def test_a_good_bag_is_converted_and_nothing_is_reported(converted, maker):
    (table,), skipped, passed_over = converted(maker.recording(2.0))
    assert (len(table), skipped, passed_over) == (FRAMES, [], [])


# --- refused ---------------------------------------------------------------------------------


def test_a_bag_of_ros_1_is_refused(refusal, tmp_path):
    with Rosbag1Writer(tmp_path / 'old.bag'):
        pass
    assert 'rosbags-convert' in refusal(tmp_path / 'old.bag')


def test_what_is_not_there_is_refused(refusal, tmp_path):
    assert 'does not exist' in refusal(tmp_path / 'nothing')
    (tmp_path / 'folder').mkdir()
    assert 'is no bag' in refusal(tmp_path / 'folder')


def test_a_recording_that_was_cut_off_is_refused_and_can_be_repaired(refusal, maker, tmp_path):
    bag = maker.write(tmp_path / 'bag', maker.recording(1.0))
    (bag / 'metadata.yaml').unlink()
    assert f'repair_bag {bag}' in refusal(bag)


@pytest.mark.parametrize('share', [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_bag_is_refused(refusal, maker, tmp_path, share):
    bag = maker.write(tmp_path / 'bag', maker.recording(1.0))
    whole = (bag / 'bag.mcap').read_bytes()
    (bag / 'bag.mcap').write_bytes(whole[:int(share * len(whole))])
    assert f'repair_bag {bag}' in refusal(bag)


def test_metadata_that_lies_is_refused(refusal, maker, tmp_path):
    bag = maker.write(tmp_path / 'bag', maker.recording(1.0))
    content = yaml.safe_load((bag / 'metadata.yaml').read_text())
    for topic in content['rosbag2_bagfile_information']['topics_with_message_count']:
        topic['message_count'] *= 2
    (bag / 'metadata.yaml').write_text(yaml.safe_dump(content))
    assert 'metadata.yaml announces' in refusal(bag)


def test_an_empty_bag_is_refused(refusal, maker, tmp_path):
    assert JOINTS in refusal(maker.write(tmp_path / 'bag', []))


@pytest.mark.parametrize('topic', [JOINTS, ARM, GRIPPER, *CAMERAS.values()])
def test_a_missing_topic_is_named(refusal, maker, tmp_path, topic):
    entries = [each for each in maker.recording(1.0) if each.topic != topic]
    assert topic.removesuffix('/compressed') in refusal(maker.write(tmp_path / 'bag', entries))


@pytest.mark.parametrize('topic', [JOINTS, ARM, GRIPPER, *CAMERAS.values()])
def test_a_topic_of_another_type_is_named_with_its_type(refusal, maker, tmp_path, topic):
    said = maker.make('std_msgs/msg/String', 'hello')
    entries = changed(maker.recording(1.0), topic,
                      lambda each: replace(each, message=said, kind='std_msgs/msg/String'))
    complaint = refusal(maker.write(tmp_path / 'bag', entries))
    assert topic in complaint
    assert 'std_msgs/msg/String' in complaint


def test_two_robots_are_told_apart_by_namespace(refusal, convert, maker, tmp_path):
    """The second robot also has a topic whose name only ends alike."""
    entries = maker.recording(1.0)
    others = [replace(each, topic=f'/second{each.topic}') for each in entries]
    bag = maker.write(tmp_path / 'bag', entries + others)
    complaint = refusal(bag)
    assert '--namespace' in complaint
    assert '/second' in complaint
    assert convert(bag, '--namespace', '/second')[0] == 0


def test_a_message_that_cannot_be_decoded_is_named_with_its_time(refusal, maker, tmp_path):
    entries = maker.recording(1.0)
    place = next(place for place, each in enumerate(entries)
                 if each.topic == JOINTS and later(each.stamp_ns + SECOND // 2))
    entries[place] = replace(entries[place], message=maker.serialize(entries[place])[:40])
    complaint = refusal(maker.write(tmp_path / 'bag', entries))
    assert f'{JOINTS} at {entries[place].stamp_ns} ns' in complaint


def test_joints_that_are_never_there_are_named(refusal, maker, tmp_path):
    entries = changed(maker.recording(1.0), JOINTS, lambda each: each.changed(
        name=['wheel'], position=np.zeros(1)))
    assert JOINTS in refusal(maker.write(tmp_path / 'bag', entries))


def test_stamps_of_0_are_named(refusal, maker, tmp_path):
    entries = changed(maker.recording(1.0), JOINTS, lambda each: each.stamped(0))
    assert 'no time' in refusal(maker.write(tmp_path / 'bag', entries))


def test_a_bag_that_does_not_say_its_robot_needs_an_option(refusal, maker, tmp_path):
    bag = maker.write(tmp_path / 'bag', maker.recording(1.0), {'embodiment': 'toaster'})
    assert 'toaster' in refusal(bag)
    shutil.rmtree(bag)
    assert '--embodiment' in refusal(maker.write(bag, maker.recording(1.0), {}))


def test_of_several_bags_the_bad_one_is_left_out(convert, maker, tmp_path):
    good = maker.write(tmp_path / 'good', maker.recording(1.0))
    bad = maker.write(tmp_path / 'bad', maker.recording(1.0))
    (bad / 'bad.mcap').write_bytes(b'')
    code, told, _ = convert(good, bad)
    assert code == 1
    assert f'{bad}: REFUSED: ' in told
    assert f'{good}: 1 episodes' in told


# --- left out and reported -------------------------------------------------------------------


@pytest.mark.parametrize('number', [np.nan, np.inf])
def test_joint_values_that_are_no_numbers_are_left_out(converted, maker, number):
    tables, skipped, passed_over = converted(changed(
        maker.recording(2.0), JOINTS,
        lambda each: each.changed(position=np.array([*each.message.position[:-1], number])),
        around_the_middle))
    assert [span['source'] for span in skipped] == [JOINTS]
    assert 1.0 <= skipped[0]['start_s'] - LEAD_NS / SECOND < skipped[0]['end_s'] < 1.5
    assert sum(each['messages'] for each in passed_over) == 13
    assert f"'{ROBOT.joint_names[-1]}' is {number}" in passed_over[0]['reason']
    assert len(tables) == 2
    assert all(np.isfinite(state(table)).all() for table in tables)


@pytest.mark.parametrize('spoil', [
    lambda each: each.changed(name=each.message.name[:-1], position=each.message.position[:-1]),
    lambda each: each.changed(position=each.message.position[:-1]),
    lambda each: each.changed(name=[*each.message.name[:-1], each.message.name[0]]),
    lambda each: each.stamped(0),
], ids=['a joint is gone', 'a position is gone', 'a joint is named twice', 'no stamp'])
def test_a_change_of_the_joints_ends_the_episode(converted, maker, spoil):
    tables, skipped, _ = converted(changed(maker.recording(2.0), JOINTS, spoil, later))
    (table,) = tables
    np.testing.assert_allclose(
        state(table)[:10], [joints_at(each) for each in range(10)], atol=1e-6)
    assert len(table) <= 11
    assert JOINTS in {span['source'] for span in skipped}


def test_two_publishers_of_different_joints_are_one_robot(converted, maker):
    entries = maker.recording(2.0)
    halves = []
    for each in entries:
        if each.topic != JOINTS:
            halves.append(each)
            continue
        names, positions = each.message.name, each.message.position
        halves += [each.changed(name=names[:4], position=positions[:4]),
                   each.changed(name=names[4:], position=positions[4:])]
    (table,), skipped, _ = converted(halves)
    assert skipped == []
    np.testing.assert_allclose(state(table), [joints_at(each) for each in range(FRAMES)],
                               atol=1e-6)


def test_two_publishers_of_the_same_joints_are_reported(converted, maker):
    """Nobody can tell which of two values at one time is right: the first is taken."""
    entries = maker.recording(2.0)
    others = [each.changed(position=each.message.position + 0.01).at(each.stamp_ns + 1)
              for each in entries if each.topic == JOINTS]
    (table,), _, passed_over = converted(entries + others)
    assert passed_over[0]['topic'] == JOINTS
    np.testing.assert_allclose(state(table), [joints_at(each) for each in range(FRAMES)],
                               atol=1e-6)


def test_a_change_of_the_image_size_ends_the_episode(converted, maker):
    larger = (2 * SIZE[0], 2 * SIZE[1])
    tables, skipped, passed_over = converted(changed(
        maker.recording(2.0), CAMERAS[FRONT],
        lambda each: maker.picture(FRONT, each.stamp_ns, 9, larger),
        lambda stamp_ns: later(stamp_ns - SECOND // 2)))
    assert [len(table) for table in tables] == [15]
    assert CAMERAS[FRONT] in {span['source'] for span in skipped}
    assert f'{larger[0]} x {larger[1]} pixels' in passed_over[0]['reason']


@pytest.mark.parametrize(('spoil', 'said'), [
    (lambda image: image[:len(image) // 2], 'bytes are no JPEG or PNG image'),
    (lambda image: image[:-1], 'the image is cut off'),
    (lambda image: image[:0], '0 bytes are no JPEG or PNG image'),
    (np.zeros_like, 'bytes are no JPEG or PNG image'),
    (lambda image: np.frombuffer(b'GIF89a', np.uint8), '6 bytes are no JPEG or PNG image'),
    (hollow, 'the image looks whole, but cannot be decoded')],
    ids=['half', 'no end', 'nothing', 'zeros', 'a GIF', 'hollow'])
def test_images_that_are_none_are_left_out(converted, maker, spoil, said):
    tables, skipped, passed_over = converted(changed(
        maker.recording(2.0), CAMERAS[FRONT],
        lambda each: each.changed(data=spoil(each.message.data)), around_the_middle))
    assert [len(table) for table in tables] == [10, 8]
    assert [span['source'] for span in skipped] == [CAMERAS[FRONT]]
    assert passed_over[0]['messages'] == 3
    assert said in passed_over[0]['reason']


def test_of_two_images_with_one_stamp_the_one_that_can_be_decoded_is_taken(converted, maker):
    entries = maker.recording(2.0)
    spoilt = [each.changed(data=hollow(each.message.data)).at(each.stamp_ns - 1)
              for each in entries if each.topic == CAMERAS[FRONT]]
    (table,), skipped, passed_over = converted(spoilt + entries)
    assert (len(table), skipped) == (FRAMES, [])
    assert [each['messages'] for each in passed_over] == [FRAMES]


def test_a_clock_that_is_set_back_ends_the_episode(converted, maker):
    entries = maker.recording(2.0)
    for topic in (JOINTS, *CAMERAS.values()):
        entries = changed(
            entries, topic, lambda each: each.stamped(each.stamp_ns - 100 * SECOND), later)
    tables, _, _ = converted(entries)
    assert len(tables) == 2
    for table in tables:
        assert len(table) <= 11
        assert (np.diff(state(table), axis=0) > 0).all()


def test_a_recorder_clock_that_is_set_back_mixes_nothing(converted, maker):
    """The bag is read in order of reception: two seconds of it lie upon each other."""
    entries = [each.at(each.stamp_ns - 2 * SECOND) if later(each.stamp_ns) else each
               for each in maker.recording(2.0)]
    tables, _, _ = converted(entries)
    true = np.array([joints_at(each) for each in range(FRAMES)], np.float32)
    for table in tables:
        for row in state(table):
            assert np.isclose(row, true, atol=1e-6).all(axis=1).any()
        assert np.allclose(np.diff(state(table), axis=0), 0.005, atol=1e-6)


@pytest.mark.parametrize('spoil', [
    lambda each: each.stamped(each.stamp_ns - SECOND),
    lambda each: each.changed(points=[replace(point, positions=np.append(
        point.positions[1:] + each.stamp_ns % 1000, np.nan)) for point in each.message.points])],
    ids=['too late', 'NaN'])
def test_commands_that_are_bad_alike_are_counted_together(converted, maker, spoil):
    _, _, passed_over = converted(changed(maker.recording(2.0), ARM, spoil, around_the_middle))
    assert [each['messages'] for each in passed_over] == [7]


@pytest.mark.parametrize('points', [0, 2])
def test_commands_that_no_controller_takes_are_reported(converted, maker, points):
    _, _, passed_over = converted(changed(
        maker.recording(2.0), ARM,
        lambda each: each.changed(points=each.message.points * points), around_the_middle))
    assert passed_over[0]['topic'] == ARM


def test_a_bag_of_which_nothing_is_left_says_so(converted, maker):
    tables, skipped, _ = converted(
        [each for each in maker.recording(1.0) if each.topic != TOLD])
    assert tables == []
    assert 'no instruction' in {span['reason'] for span in skipped}


@pytest.mark.parametrize('camera', CAMERAS.values())
def test_a_camera_that_begins_late_is_named(converted, maker, camera):
    begin = START_NS + LEAD_NS + SECOND // 2
    (table,), skipped, _ = converted([
        each for each in maker.recording(2.0)
        if each.topic != camera or each.stamp_ns > begin])
    (span,) = skipped
    assert span['source'] == camera
    assert span['end_s'] - span['start_s'] == pytest.approx(0.5, abs=0.11)
    assert len(table) in (FRAMES - 5, FRAMES - 6)


def test_joints_that_end_before_the_first_picture_give_no_episode(converted, maker):
    tables, skipped, _ = converted([
        each for each in maker.recording(1.0)
        if each.topic != JOINTS or each.stamp_ns < START_NS + LEAD_NS // 2])
    assert tables == []
    assert JOINTS in {span['source'] for span in skipped}


def test_joints_that_end_too_early_are_reported(converted, maker):
    (table,), skipped, _ = converted([
        each for each in maker.recording(2.0)
        if each.topic != JOINTS or not later(each.stamp_ns)])
    assert len(table) <= 11
    (span,) = [span for span in skipped if span['source'] == JOINTS]
    assert 1.0 < span['start_s'] - LEAD_NS / SECOND < 1.2
    assert span['end_s'] - LEAD_NS / SECOND == pytest.approx(2.0)


def test_a_robot_that_is_not_the_recorded_one_is_refused(convert, maker, tmp_path):
    bag = maker.write(tmp_path / 'bag', maker.recording(1.0))
    code, _, complaint = convert(bag, '--embodiment', 'unitree_g1')
    assert code == 2
    assert 'has no /' in complaint


# --- at random -------------------------------------------------------------------------------


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(('format', 'number'), [('gr00t', 62), ('lerobot-v3', 31), ('rlds', 31)])
def test_bags_spoiled_at_random_give_no_wrong_dataset(format, number):
    done = subprocess.run(
        [sys.executable, ROOT / 'benchmarks/fuzz_bags.py', '--number', str(number), '--seed', '7',
         '--format', format],
        check=False, capture_output=True, text=True,
        env=os.environ | {'PYTHONPATH': os.pathsep.join([str(ROOT), *sys.path])})
    assert done.returncode == 0, done.stdout + done.stderr
    assert f'{number} bags from case 0 on, seed 7, to {format}' in done.stdout
