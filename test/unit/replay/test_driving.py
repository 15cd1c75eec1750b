"""A bag as control ticks: which joint states, when which image, and what cannot be replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from groot_ros.data.bags import BagError, BagWriter, MessageTypes
from groot_ros.embodiment import embodiment_file, load_embodiment
from groot_ros.replay.driving import TickGrid, received, ticks
from groot_ros.replay.recording import Recording, header_stamp
from groot_ros.replay.runs import read_recorded

TASK_STATE = get_types_from_msg(
    (Path(__file__).parents[3] / 'msg/TaskState.msg').read_text(), 'groot_ros/msg/TaskState')
STORE = get_typestore(Stores.ROS2_JAZZY)
STORE.register(TASK_STATE)
ROBOT = load_embodiment('unitree_g1')
START_NS = 50 * 10**9
MS = 10**6
CAMERA, JOINTS = '/camera/head/image_raw', '/joint_states'
ARM, HAND = '/upper_body_controller/joint_trajectory', '/left_hand_controller/commands'
Message = tuple[str, int, Any]


def message(full_name: str, /, **fields: Any) -> Any:
    package, kind = full_name.split('/')
    return STORE.types[f'{package}/msg/{kind}'](**fields)


def header(stamp: int) -> Any:
    time = message('builtin_interfaces/Time', sec=stamp // 10**9, nanosec=stamp % 10**9)
    return message('std_msgs/Header', stamp=time, frame_id='')


def joints(stamp: int, names: Sequence[str] = ROBOT.joint_names, value: float = 0.1) -> Message:
    return JOINTS, stamp, message(
        'sensor_msgs/JointState', header=header(stamp), name=list(names),
        position=np.full(len(names), value), velocity=np.zeros(len(names)), effort=np.empty(0))


def image(stamp: int, received_ns: int | None = None) -> Message:
    return CAMERA, received_ns or stamp, message(
        'sensor_msgs/Image', header=header(stamp), height=1, width=1, encoding='rgb8',
        is_bigendian=0, step=3, data=np.zeros(3, np.uint8))


def hand_command(stamp: int, values: Sequence[float]) -> Message:
    layout = message('std_msgs/MultiArrayLayout', dim=[], data_offset=0)
    return HAND, stamp, message(
        'std_msgs/Float64MultiArray', layout=layout, data=np.array(values, np.float64))


def arm_command(stamp: int, names: Sequence[str], rows: Iterable[Sequence[float]]) -> Message:
    nothing = np.empty(0)
    points = [message(
        'trajectory_msgs/JointTrajectoryPoint', positions=np.array(row), velocities=nothing,
        accelerations=nothing, effort=nothing, time_from_start=message(
            'builtin_interfaces/Duration', sec=1, nanosec=0)) for row in rows]
    return ARM, stamp, message(
        'trajectory_msgs/JointTrajectory', header=header(0), joint_names=list(names),
        points=points)


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """Write a bag of messages as they were received."""
    def write(*messages: Message, embodiment: str = 'unitree_g1') -> Path:
        target, types = tmp_path / 'bag', MessageTypes([])
        types.store.register(TASK_STATE)
        with BagWriter(target, types, {'embodiment': embodiment}) as bag:
            for topic, stamp, each in sorted(messages, key=lambda each: each[1]):
                if topic not in bag.messages:
                    bag.add_topic(topic, each.__msgtype__)
                bag.write(topic, stamp, bytes(STORE.serialize_cdr(each, each.__msgtype__)))
        return target
    return write


def task_state(stamp: int, episode: int) -> Message:
    return '/task_state', stamp, message(
        'groot_ros/TaskState', header=header(stamp), task=0, instruction='', seed=0,
        episode=episode, elapsed=0.0, block_names=[], block_poses=[], target_block='',
        destination='', touched_block='', approached_block='', success=False, succeeded=False)


def at(milliseconds: float) -> int:
    return START_NS + round(milliseconds * MS)


def test_a_tick_is_made_for_each_joint_state_at_the_control_rate(record) -> None:
    recorded = [joints(at(1000 / 120 * k)) for k in range(12)]
    made = list(ticks(Recording(record(image(at(0)), *recorded))))
    assert [each.stamp_ns for each in made] == [stamp for _, stamp, _ in recorded]


def test_faster_joint_states_are_thinned_to_the_control_rate(record) -> None:
    made = list(ticks(Recording(record(image(at(0)), *(joints(at(2 * k)) for k in range(501))))))
    assert len(made) == pytest.approx(120, abs=1)
    assert max(np.diff([each.stamp_ns for each in made])) <= 10 * MS


def test_a_gap_is_passed_over() -> None:
    grid = TickGrid(100.0)
    stamps = [0, 10 * MS, 20 * MS, 500 * MS, 510 * MS]
    assert [grid.takes(stamp) for stamp in stamps] == [True] * 5


def test_an_image_comes_with_the_first_joint_states_that_cover_it(record) -> None:
    bag = record(image(at(0)), image(at(9), received_ns=at(30)), *(
        joints(at(1000 / 120 * k)) for k in range(4)))
    made = list(ticks(Recording(bag)))
    assert [[sensed.stamp_ns for sensed in each.others] for each in made] == [
        [at(0)], [], [at(9)], []]


def test_joint_states_of_two_drivers_come_as_one(record) -> None:
    half = len(ROBOT.joint_names) // 2
    names = ROBOT.joint_names[:half], ROBOT.joint_names[half:]
    bag = record(image(at(0)), *(
        joints(at(10 * k + k % 2), names[k % 2], value=0.1 * (1 + k % 2)) for k in range(10)))
    first = next(ticks(Recording(bag)))
    assert first.positions[0] == pytest.approx(0.1)
    assert first.positions[-1] == pytest.approx(0.2)


def test_a_tick_says_that_the_simulator_made_another_scene_before_it(record) -> None:
    scenes = [task_state(at(0), 4), task_state(at(10), 4), task_state(at(20), 5)]
    bag = record(image(at(0)), *(joints(at(10 * k)) for k in range(5)), *scenes)
    assert [each.is_reset for each in ticks(Recording(bag))] == [False, False, True, False, False]


def test_a_clock_that_runs_backwards_is_refused(record) -> None:
    late, early = joints(at(20)), joints(at(10))
    bag = record(image(at(0)), late, (JOINTS, at(30), early[2]))
    with pytest.raises(BagError, match='goes back'):
        list(ticks(Recording(bag)))


def test_commands_are_read_in_the_order_of_the_output(record) -> None:
    names = ROBOT.outputs[0].joints
    values = np.arange(len(names), dtype=float)
    bag = record(
        image(at(0)), joints(at(0)), hand_command(at(1), range(7)),
        arm_command(at(1), names[::-1], [values[::-1], 2 * values[::-1]]))
    commands = read_recorded(Recording(bag)).commands
    assert commands['upper_body'].positions.tolist() == [values.tolist()]
    assert commands['upper_body at rest'].positions.tolist() == [(2 * values).tolist()]
    assert commands['left_hand'].positions.tolist() == [list(range(7))]


def test_a_command_to_other_joints_is_refused(record) -> None:
    bag = record(image(at(0)), joints(at(0)), hand_command(at(1), range(3)))
    with pytest.raises(BagError, match='left_hand has 3 values'):
        read_recorded(Recording(bag))


def test_times_of_reception_must_be_of_the_clock_of_the_stamps(record) -> None:
    bag = record(image(at(0)), (JOINTS, at(0) + 100 * 10**9, joints(at(0))[2]))
    with pytest.raises(BagError, match='use_sim_time'):
        list(received(Recording(bag), [JOINTS]))


@pytest.mark.parametrize(('messages', 'complaint'), [
    ([joints(at(0))], 'no image of the camera head'),
    ([image(at(0))], 'no joint states'),
    ([image(at(0)), joints(at(0), ['hip'])], 'another robot'),
])
def test_a_bag_that_lacks_something_says_what(record, messages, complaint) -> None:
    with pytest.raises(BagError, match=complaint):
        Recording(record(*messages))


def test_a_robot_that_takes_goals_of_an_action_is_refused(record, tmp_path) -> None:
    text = embodiment_file('unitree_g1').read_text()
    file = tmp_path / 'unitree_g1.yaml'
    file.write_text(text.replace(
        'interface: joint_trajectory', 'interface: follow_joint_trajectory', 1))
    with pytest.raises(BagError, match=r"'upper_body' .* is a follow_joint_trajectory: goals"):
        Recording(record(image(at(0)), joints(at(0))), str(file))


def test_stamps_are_read_in_either_byte_order() -> None:
    little = b'\0\1\0\0' + (7).to_bytes(4, 'little') + (9).to_bytes(4, 'little')
    big = b'\0\0\0\0' + (7).to_bytes(4, 'big') + (9).to_bytes(4, 'big')
    assert header_stamp(little) == header_stamp(big) == 7 * 10**9 + 9
    with pytest.raises(BagError, match='no header'):
        header_stamp(b'\0\1\0\0')
