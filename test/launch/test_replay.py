"""The shipped recording of the simulated G1, replayed through the live graph."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from replay_launch import BAGS, TIMEOUT_S, replay

from groot_ros.data.bags import Bag, BagWriter, MessageTypes
from groot_ros.embodiment import embodiment_file

pytestmark = pytest.mark.timeout(TIMEOUT_S)
BAG = BAGS / 'unitree_g1'
COMMANDS = ('/upper_body_controller/joint_trajectory', '/left_hand_controller/commands',
            '/right_hand_controller/commands')
CAMERA = '/camera/head/image_raw'
LIMIT_BYTES = 5_000_000


def commands(bag: Path) -> list[tuple[str, int, bytes]]:
    """Return topic, time and bytes of every command of a bag."""
    with Bag(bag) as opened:
        return sorted(opened.serialized(COMMANDS))


def test_an_exact_replay_makes_the_same_bytes_every_time_and_as_recorded(tmp_path: Path) -> None:
    runs = []
    for name in ('first', 'second'):
        replayed = replay(tmp_path, bag=BAG, renew=tmp_path / name)
        assert replayed.code == 0, replayed.output
        runs.append(commands(tmp_path / name))
    assert runs[0] == runs[1]
    assert len(runs[0]) > 600
    # The bag was recorded while the policy moved the robot, so this is the live run itself; other
    # processors round otherwise, and there only the thresholds hold. The exit code is the
    # replayer's under another name too, as with a debugger before it.
    replayed = replay(tmp_path, bag=BAG, **{'launch-prefix': 'nice -n 1'})
    assert replayed.code == 0, replayed.output
    assert not replayed.report['broken']


SECOND_SCENE_S = 5
"""From the start of the bag to that of its second scene [s]: with a jump, as the simulator's."""


def later(cdr: bytes) -> bytes:
    """Return a message that begins with a header as if it were of the second scene."""
    (seconds,) = struct.unpack_from('<i', cdr, 4)
    return cdr[:4] + struct.pack('<i', seconds + SECOND_SCENE_S) + cdr[8:]


def twice(target: Path) -> Path:
    """Write the bag of an episode and of the same one after a reset of the simulator."""
    stamped = ('/joint_states', CAMERA, '/current_instruction')
    types = MessageTypes()
    types.learn('groot_ros/msg/TaskState')
    with Bag(BAG) as old, BagWriter(target, types, old.facts) as new:
        for topic in (*stamped, *COMMANDS):
            new.add_topic(topic, old.topics[topic])
        new.add_topic('/task_state', 'groot_ros/msg/TaskState')
        messages = list(old.serialized((*stamped, *COMMANDS)))
        start = messages[0][1]
        for episode in (1, 2):
            if episode == 2:
                start += SECOND_SCENE_S * 10**9
                messages = [(topic, stamp + SECOND_SCENE_S * 10**9,
                             later(cdr) if topic in stamped else cdr)
                            for topic, stamp, cdr in messages]
            new.write('/task_state', start, task_state(types, start, episode))
            for message in messages:
                new.write(*message)
    return target


def task_state(types: MessageTypes, stamp_ns: int, episode: int) -> bytes:
    """Return what the simulator says first of a scene."""
    known = types.store.types
    time = known['builtin_interfaces/msg/Time'](*divmod(stamp_ns, 10**9))
    header = known['std_msgs/msg/Header'](time, 'world')
    message = known['groot_ros/msg/TaskState'](
        header, 0, '', 0, episode, 0.0, [], [], '', '', '', '', False, False)
    return bytes(types.store.serialize_cdr(message, 'groot_ros/msg/TaskState'))


def test_a_scene_after_a_reset_of_the_simulator_is_replayed_as_the_first(tmp_path: Path) -> None:
    replayed = replay(tmp_path, bag=twice(tmp_path / 'bag'))
    assert replayed.code == 0, replayed.output
    assert replayed.report['outputs']['upper_body']['recorded'] > 600


@pytest.mark.parametrize(('mode', 'codes'), [('fast', {0}), ('realtime', {0, 1})])
def test_the_other_modes_play_the_whole_bag(mode: str, codes: set[int], tmp_path: Path) -> None:
    # How well real time is kept is for the machine to say, not for a test.
    replayed = replay(tmp_path, bag=BAG, mode=mode)
    assert replayed.code in codes, replayed.output
    assert replayed.report['about']['mode'] == mode
    assert all(each['replayed'] for each in replayed.report['outputs'].values())


def test_the_verdict_goes_by_the_thresholds_given(tmp_path: Path) -> None:
    strict = tmp_path / 'thresholds.yaml'
    strict.write_text(
        'exact: {match_within_s: 0.001, min_compared: 1.0, max_missed_solves: 0.0, '
        'max_latency_s: 0.001, default: {max_error: 1.0e-5, rms_error: 1.0e-5}}')
    replayed = replay(tmp_path, bag=BAG, thresholds=strict)
    assert replayed.code == 1, replayed.output
    assert 'acted on within' in replayed.report['broken'][0]


def rewritten(target: Path, keep: Callable[[str], bool]) -> Path:
    """Copy the topics of the bag that shall be kept."""
    with Bag(BAG) as old, BagWriter(target, MessageTypes(), old.facts) as new:
        topics = [topic for topic in old.topics if keep(topic)]
        for topic in topics:
            new.add_topic(topic, old.topics[topic])
        for message in old.serialized(topics):
            new.write(*message)
    return target


def cut_off(folder: Path) -> Path:
    """Return a bag that lacks the end of its file."""
    target = Path(shutil.copytree(BAG, folder / 'cut'))
    file = next(target.glob('*.mcap'))
    file.write_bytes(file.read_bytes()[:-5000])
    return target


BAD = {
    'no image': lambda folder: {'bag': rewritten(folder / 'bag', lambda name: name != CAMERA)},
    'no joint states': lambda folder: {
        'bag': rewritten(folder / 'bag', lambda name: name != '/joint_states')},
    'holds no instruction': lambda folder: {
        'bag': rewritten(folder / 'bag', lambda name: name != '/current_instruction')},
    'holds no commands': lambda folder: {
        'bag': rewritten(folder / 'bag', lambda name: name not in COMMANDS)},
    'another robot': lambda folder: {
        'bag': rewritten(folder / 'bag', lambda name: True),
        'embodiment': moved_camera(folder)},
    'cannot be read': lambda folder: {'bag': cut_off(folder)},
    'does not exist': lambda folder: {'bag': folder / 'nowhere'},
}


def moved_camera(folder: Path) -> Path:
    """Return another robot, whose camera has the name of the one in the bag."""
    robot = yaml.safe_load(embodiment_file('fourier_gr1').read_text())
    robot['cameras']['head']['topic'] = CAMERA.lstrip('/')
    file = folder / 'robot.yaml'
    file.write_text(yaml.safe_dump(robot))
    return file


@pytest.mark.parametrize('complaint', BAD)
def test_a_bag_that_cannot_be_replayed_is_refused_in_one_line(
    complaint: str, tmp_path: Path
) -> None:
    replayed = replay(tmp_path, **BAD[complaint](tmp_path))
    assert replayed.code == 2, replayed.output
    assert [line for line in replayed.output.splitlines() if complaint in line]
    assert 'Traceback' not in replayed.output
    assert 'process started' not in replayed.output


def test_the_shipped_bags_stay_small() -> None:
    size = sum(file.stat().st_size for file in BAGS.rglob('*') if file.is_file())
    assert size <= LIMIT_BYTES
