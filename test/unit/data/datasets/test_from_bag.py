"""Episodes cut out of bags: the right numbers in the right frames, and nothing invented."""

import io
from dataclasses import replace

import numpy as np
import pytest
from made_bags import (
    ARM,
    CAMERAS,
    GRIPPER,
    INSTRUCTION,
    JOINTS,
    LEAD_NS,
    ROBOT,
    SIZE,
    START_NS,
    TOLD,
    Entry,
    Maker,
    commanded,
    measured,
)
from PIL import Image

from groot_ros.data.datasets.annotations import Language
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.from_bag import Cutting, read_bag

FPS = 10.0
CUTTING = Cutting(FPS, min_episode_s=0.2)
SECOND = 10**9
FIRST_NS = START_NS + LEAD_NS
"""Stamp of the first picture: joints and commands are there before it."""
FRONT = next(iter(CAMERAS))


@pytest.fixture(scope='module')
def maker(tmp_path_factory):
    return Maker(tmp_path_factory.mktemp('types'))


@pytest.fixture
def read(maker, tmp_path):
    def read(entries, cutting=CUTTING, facts=None):
        return read_bag(maker.write(tmp_path / 'bag', entries, facts), ROBOT, cutting)
    return read


def greys(episode, video_key):
    return [int(picture[0, 0, 0]) for picture in episode.images[video_key]()]


def frame_numbers(episode):
    """Return frames of the grid, which begins with the first image."""
    return np.rint((episode.stamps - FIRST_NS / SECOND) * FPS).astype(int).tolist()


def drop(entries, topic, start_s, stop_s):
    """Return the messages but those of a topic within a time."""
    def is_kept(each):
        at = (each.stamp_ns - FIRST_NS) / SECOND
        return each.topic != topic or not start_s <= at < stop_s
    return [each for each in entries if is_kept(each)]


def joints_at(frame):
    """Return what is measured at a frame: fifty times a second, from before the first picture."""
    return measured(5 * frame + LEAD_NS * 50 // SECOND)


def test_each_frame_has_the_joints_and_pictures_of_its_moment(maker, read):
    (episode,) = read(maker.recording(2.0)).episodes
    assert frame_numbers(episode) == list(range(22))
    np.testing.assert_allclose(
        episode.state[:21], [joints_at(frame) for frame in range(21)], atol=1e-6)
    # A tenth of a second after the last message that one is still near enough.
    np.testing.assert_allclose(episode.state[21], joints_at(20), atol=1e-6)
    for key, lighter in zip(CAMERAS, (0, 8), strict=True):
        wanted = [16 * (min(frame, 20) % 15) + lighter for frame in range(22)]
        np.testing.assert_allclose(greys(episode, key), wanted, atol=2)
        assert next(episode.images[key]()).shape == (SIZE[1], SIZE[0], 3)
    assert episode.annotation.instruction == INSTRUCTION


def test_the_action_is_the_target_in_force_at_the_frame(maker, read):
    """Command n is received at 40 n + 15 ms; a trajectory then takes 10 ms to its point."""
    entries = [each.at(each.stamp_ns + 13_000_000) if each.topic in (ARM, GRIPPER) else each
               for each in maker.recording(1.0)]
    (episode,) = read(entries).episodes
    # Frame 1, at 300 ms: command 7 came at 295 ms, half of the way is done.
    halfway = (np.array(commanded(6)) + np.array(commanded(7))) / 2
    np.testing.assert_allclose(episode.action[1, :-1], halfway[:-1], atol=1e-6)
    assert episode.action[1, -1] == pytest.approx(commanded(7)[-1])
    # Frame 2, at 400 ms: command 9 came at 375 ms and is reached.
    np.testing.assert_allclose(episode.action[2], commanded(9), atol=1e-6)


def test_the_last_command_is_held_and_the_first_starts_where_the_robot_is(maker, read):
    entries = [each for each in maker.recording(1.0) if each.topic not in (ARM, GRIPPER)]
    late = [each.at(FIRST_NS + 495_000_000) for each in maker.commands(START_NS, [1.0] * 6)]
    found = read(entries + late)
    (episode,) = found.episodes
    assert frame_numbers(episode) == list(range(5, 12))
    start = np.array(measured(34))[:5]  # received at 682 ms, the command at 695 ms
    np.testing.assert_allclose(episode.action[0, :5], (start + 1.0) / 2, atol=1e-6)
    np.testing.assert_array_equal(episode.action[1:], 1.0)
    assert [(span.source, span.reason) for span in found.skipped] == [
        (ARM, 'no command yet'), (GRIPPER, 'no command yet')]


@pytest.mark.parametrize(('match', 'frame'), [('nearest', 0), ('hold', -1)])
def test_hold_takes_what_was_there_before_the_frame(maker, read, match, frame):
    """The joints are stamped 5 ms late, 15 ms before the next ones."""
    later = [each.stamped(each.stamp_ns + 3_000_000) if each.topic == JOINTS else each
             for each in maker.recording(1.0)]
    (episode,) = read(later, replace(CUTTING, match=match)).episodes
    np.testing.assert_allclose(
        episode.state[1], measured(5 + LEAD_NS * 50 // SECOND + frame), atol=1e-6)


def test_joints_come_in_any_order_and_in_several_messages(maker, read):
    whole = maker.recording(1.0)
    split = []
    for each in whole:
        if each.topic != JOINTS:
            split.append(each)
            continue
        names, positions = each.message.name, each.message.position
        for part in (slice(3, 6), slice(2, None, -1)):
            split.append(each.changed(name=names[part] + ['wheel'],
                                      position=np.append(positions[part], 9.0)))
    (episode,) = read(split).episodes
    np.testing.assert_allclose(episode.state[:9], [joints_at(frame) for frame in range(9)],
                               atol=1e-6)


@pytest.mark.parametrize('topic', [JOINTS, CAMERAS[FRONT]])
def test_a_gap_cuts_the_episode_and_is_reported(maker, read, topic):
    found = read(drop(maker.recording(3.0), topic, 0.95, 1.95))
    first, second = found.episodes
    assert frame_numbers(first)[-1] in (9, 10)
    assert frame_numbers(second)[0] in (19, 20)
    assert frame_numbers(second)[-1] == 31
    (gap,) = [span for span in found.skipped if span.source == topic]
    lead = LEAD_NS / SECOND
    assert 1.0 <= gap.start_s - lead <= 1.1
    assert 1.8 <= gap.end_s - lead <= 2.0


def test_a_piece_that_is_too_short_is_dropped_and_said(maker, read):
    found = read(drop(maker.recording(3.0), JOINTS, 0.95, 1.95),
                 replace(CUTTING, min_episode_s=1.15))
    assert [frame_numbers(each)[0] for each in found.episodes] == [19]
    (short,) = [span for span in found.skipped if span.source == 'episode']
    assert 'only' in short.reason


def test_another_instruction_begins_another_episode(maker, read):
    entries = [*maker.recording(2.0), maker.instruction(FIRST_NS + SECOND, 'let it go', 2)]
    first, second = read(sorted(entries, key=lambda each: each.stamp_ns)).episodes
    assert (first.annotation.instruction, second.annotation.instruction) == (
        INSTRUCTION, 'let it go')
    assert frame_numbers(second)[0] == 10
    assert frame_numbers(first)[-1] == 9


def test_nothing_is_told_where_the_instruction_is_empty(maker, read):
    entries = [*maker.recording(2.0), maker.instruction(FIRST_NS + SECOND, '', 2)]
    found = read(sorted(entries, key=lambda each: each.stamp_ns))
    assert [frame_numbers(each)[-1] for each in found.episodes] == [9]
    assert any(span.reason == 'no instruction' for span in found.skipped)


def test_without_instruction_there_is_no_episode_but_one_can_be_given(maker, read, tmp_path):
    entries = [each for each in maker.recording(1.0) if each.topic != TOLD]
    assert read(entries).episodes == ()
    told = replace(CUTTING, language=Language('wave', tags=('left', 'slow')))
    (episode,) = read_bag(tmp_path / 'bag', ROBOT, told).episodes
    assert (episode.annotation.instruction, episode.annotation.tags) == ('wave', ('left', 'slow'))


def test_a_clock_that_is_set_back_cuts_the_episode(maker, read):
    entries = maker.recording(4.0)
    back = 3 * SECOND  # after two seconds all clocks read three seconds less
    changed = [each if each.stamp_ns < FIRST_NS + 2 * SECOND or each.topic in (ARM, GRIPPER)
               else each.stamped(each.stamp_ns - back) for each in entries]
    found = read(changed)
    assert len(found.episodes) == 2
    for episode in found.episodes:
        moved = np.diff(episode.state[:, 0])
        assert (moved >= -1e-6).all()


def test_another_scene_of_a_simulator_cuts_the_episode(maker, read):
    """The robot is elsewhere at once, before anybody gives another instruction."""
    maker.types.learn('groot_ros/msg/TaskState')
    kind, moment = 'groot_ros/msg/TaskState', FIRST_NS + 2 * SECOND

    def scene(stamp_ns, episode):
        return Entry('/task_state', stamp_ns, maker.make(
            kind, maker.header(stamp_ns), 0, '', 0, episode, 0.0, [], [], '', '', '', '', False,
            False), kind)

    entries = [*maker.recording(4.0), *(
        scene(START_NS + tenth * SECOND // 10, 1 + (START_NS + tenth * SECOND // 10 >= moment))
        for tenth in range(40))]
    found = read(sorted(entries, key=lambda each: each.stamp_ns))
    first, second = found.episodes
    assert first.stamps[-1] <= moment / SECOND <= second.stamps[0]
    assert {each.annotation.instruction for each in found.episodes} == {INSTRUCTION}
    assert len(first) + len(second) >= 38


def test_positions_that_are_no_numbers_are_passed_over(maker, read):
    entries = maker.recording(1.0)
    spoilt = next(each for each in entries if each.topic == JOINTS
                  and each.message.position[0] == pytest.approx(0.025))
    place = entries.index(spoilt)
    entries[place] = spoilt.changed(position=np.array([np.nan, *spoilt.message.position[1:]]))
    found = read(entries)
    assert [each.reason for each in found.passed_over] == [
        f"position of joint '{ROBOT.joint_names[0]}' is nan"]
    assert all(np.isfinite(each.state).all() for each in found.episodes)


def coloured():
    """Return a picture, red on the left and blue below on the right."""
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    picture[:, :24, 0] = 200
    picture[16:, 24:, 2] = 100
    return picture


def encoded(kind):
    content = io.BytesIO()
    Image.fromarray(coloured()).save(content, kind)
    return np.frombuffer(content.getvalue(), np.uint8)


def raw(maker, each, encoding, pixels):
    """Return a picture as a raw image of the same moment."""
    message = maker.make('sensor_msgs/msg/Image', each.message.header, SIZE[1], SIZE[0], encoding,
                         0, pixels[0].nbytes, pixels.ravel())
    return Entry(each.topic.removesuffix('/compressed'), each.stamp_ns, message,
                 'sensor_msgs/msg/Image')


@pytest.mark.parametrize('how', ['PNG', 'JPEG', 'rgb8', 'bgr8', 'mono8'])
def test_pictures_keep_colours_and_places_in_every_encoding(maker, read, how):
    pixels = {'rgb8': coloured(), 'bgr8': np.ascontiguousarray(coloured()[:, :, ::-1]),
              'mono8': np.ascontiguousarray(coloured()[:, :, 0])}

    def changed(each):
        if each.topic != CAMERAS[FRONT]:
            return each
        if how in pixels:
            return raw(maker, each, how, pixels[how])
        return each.changed(data=encoded(how))

    (episode,) = read(map(changed, maker.recording(1.0))).episodes
    wanted = np.repeat(coloured()[:, :, :1], 3, axis=2) if how == 'mono8' else coloured()
    difference = np.abs(next(episode.images[FRONT]()).astype(int) - wanted)
    assert difference.mean() < (8.0 if how == 'JPEG' else 1e-6)


def test_pictures_of_another_size_belong_to_no_episode(maker, read):
    entries = [maker.picture(FRONT, each.stamp_ns, 3, (24, 16)).at(each.stamp_ns)
               if each.topic == CAMERAS[FRONT] and each.stamp_ns > FIRST_NS + 2.02 * SECOND
               else each for each in maker.recording(3.0)]
    found = read(entries)
    assert found.layout.cameras[FRONT] == SIZE
    assert [frame_numbers(each)[-1] for each in found.episodes] == [21]
    assert any('24 x 16' in each.reason for each in found.passed_over)


def test_a_picture_that_is_cut_off_is_passed_over(maker, read):
    entries = [each.changed(data=each.message.data[:-3]) if each.topic == CAMERAS[FRONT]
               and FIRST_NS + SECOND < each.stamp_ns < FIRST_NS + 2 * SECOND
               else each for each in maker.recording(3.0)]
    found = read(entries)
    assert len(found.episodes) == 2
    assert list(found.passed_over) == [(CAMERAS[FRONT], 'the image is cut off')]


def test_what_a_controller_would_refuse_is_no_target(maker, read):
    entries = [each.changed(data=np.array([9.0, 9.0])) if each.topic == GRIPPER
               and each.stamp_ns > FIRST_NS + SECOND // 2 else each
               for each in maker.recording(1.0)]
    found = read(entries)
    assert found.episodes[0].action.max() < 2.0
    assert any(each.topic == GRIPPER for each in found.passed_over)


def test_two_robots_need_a_namespace(maker, read, tmp_path):
    def under(name, entries):
        return [replace(each, topic=f'/{name}{each.topic}') for each in entries]
    entries = under('left', maker.recording(1.0)) + under('right', maker.recording(1.0))
    with pytest.raises(DatasetError, match='2 robots, under /left, /right: .* --namespace'):
        read(entries)
    assert read_bag(tmp_path / 'bag', ROBOT, replace(CUTTING, namespace='right')).episodes


@pytest.mark.parametrize('topic', [JOINTS, ARM, CAMERAS[FRONT]])
def test_a_missing_topic_is_named(maker, read, topic):
    wanted = topic.removesuffix('/compressed')
    with pytest.raises(DatasetError, match=f'has no {wanted}.*; it has /'):
        read([each for each in maker.recording(0.5) if each.topic != topic])


def test_a_topic_of_another_type_is_named(maker, read):
    entries = [replace(each, topic=JOINTS) if each.topic == GRIPPER else each
               for each in maker.recording(0.5) if each.topic != JOINTS]
    with pytest.raises(DatasetError, match='/joint_states must be sensor_msgs/msg/JointState, it '
                       'is std_msgs/msg/Float64MultiArray'):
        read(entries)


def test_a_clock_of_reception_that_is_another_one_is_not_used(maker, read):
    """As in a bag of simulated time that was received in real time."""
    entries = [each if each.topic in (ARM, GRIPPER) else each.stamped(
        each.stamp_ns - START_NS + SECOND) for each in maker.recording(1.0)]
    (episode,) = read(entries).episodes
    np.testing.assert_allclose(episode.action[-1], commanded(30), atol=1e-6)
    assert episode.stamps[0] < 3.0


def test_provenance_says_where_an_episode_is_from(maker, read):
    facts = {'embodiment': 'so101', 'checkpoint_fingerprint': 'abc', 'operator': 'Ana',
             'licence': 'CC0-1.0', 'success': 'true', 'software': 'Jazzy'}
    (episode,) = read(maker.recording(1.0), facts=facts).episodes
    known = episode.provenance
    assert (known['bag'], known['robot'], known['source']) == ('bag', 'so101', 'checkpoint abc')
    assert (known['operator'], known['licence'], known['success']) == ('Ana', 'CC0-1.0', 'true')
    assert known['machine'] == 'unknown'
    assert known['bag_sha256'].startswith('bag.mcap:')
    assert known['start_s'] == '1700000000.200000000'
