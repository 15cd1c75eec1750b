"""The teleoperator over real topics: what a device sends in, commands and reasons out."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Graph
from geometry_msgs.msg import PoseStamped, TransformStamped, TwistStamped
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import JointState, Joy
from std_msgs.msg import Bool, Float32, Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger
from tf2_msgs.msg import TFMessage
from trajectory_msgs.msg import JointTrajectory

from groot_ros.embodiment import load_embodiment
from groot_ros.msg import Instruction, PolicyStatus, RecordingStatus
from groot_ros.nodes.shared.qos import EVERY, LATCHED, NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.nodes.simulator.commands import CommandInputs
from groot_ros.nodes.teleoperator.node import TeleoperatorNode
from groot_ros.simulation.command_follower import CommandFollower
from groot_ros.simulation.urdf import robot_description
from groot_ros.srv import SetInstruction

ROBOT = load_embodiment('unitree_g1')
PATIENT = {'max_state_age_s': 5.0, 'max_target_age_s': 5.0, 'clutch_timeout_s': 5.0}
"""Unless a test is about it, nothing is stale soon: a busy machine is slow, not wrong."""
RIGHT_HAND = ROBOT.group_indices(['right_hand'])
KEYBOARD = Path(__file__).parents[2] / 'executables' / 'teleoperate_keyboard'


class Workplace:
    """A robot that follows its commands, and a person with a device at its right hand.

    Attributes:
        engaged: What the clutch reports.
        pose: What the device sends: x, y, z [m] in `frame`; None sends nothing.
        push: Velocity that is sent [m/s]; None sends nothing.
        reporting: Whether the robot tells where it is.
    """

    def __init__(self, graph: Graph, description: str) -> None:
        self.graph = graph
        self.node = graph.start(TeleoperatorNode())
        self.engaged, self.reporting = False, True
        self.pose: tuple[float, float, float] | None = None
        self.push: tuple[float, float, float] | None = None
        self.frame, self.turn = 'pelvis', (0.0, 0.0, 0.0, 1.0)
        peer = graph.peer
        self._follower = CommandFollower(ROBOT.joint_names, ROBOT.home)
        self._commands = CommandInputs(
            peer, ROBOT.outputs, self._follower, time=lambda: now(peer),
            on_command=lambda: True, may_move=lambda: True)
        self.status = graph.listen(PolicyStatus, 'teleoperator/status', NEWEST)
        self.hands = graph.listen(PoseStamped, 'teleoperator/right/pose', NEWEST)
        self.trajectories = graph.listen(JointTrajectory, ROBOT.outputs[0].topic, 100)
        self.fingers = graph.listen(Float64MultiArray, ROBOT.outputs[2].topic, 100)
        self._states = peer.create_publisher(JointState, 'joint_states', 10)
        self._engaged = peer.create_publisher(Bool, 'teleoperator/engaged', EVERY)
        self._poses = peer.create_publisher(
            PoseStamped, 'teleoperator/right/target_pose', qos_profile_sensor_data)
        self._pushes = peer.create_publisher(
            TwistStamped, 'teleoperator/right/jog', qos_profile_sensor_data)
        if description:
            peer.create_publisher(String, 'robot_description', LATCHED).publish(
                String(data=description))
        peer.create_timer(0.02, self._speak)

    def wait_for(self, state: int, reason: int = PolicyStatus.NONE) -> PolicyStatus:
        """Wait until the teleoperator reports a state and a reason."""
        self.graph.wait_until(
            lambda: bool(self.status) and (
                self.status[-1].state, self.status[-1].reason) == (state, reason),
            lambda: f'not in {state} for {reason}: {self.status[-1:]}')
        return self.status[-1]

    def hand(self) -> np.ndarray:
        """Return where the right hand is commanded to be, in the base frame [m], (3,)."""
        self.graph.wait_until(lambda: self.hands, 'no pose of the hand')
        point = self.hands[-1].pose.position
        return np.array((point.x, point.y, point.z))

    def wait_for_way(self, start: np.ndarray, way: tuple[float, float, float]) -> None:
        """Wait until the hand is displaced by `way` [m]."""
        self.graph.wait_until(
            lambda: np.abs(self.hand() - start - way).max() < 0.005,
            lambda: f'the hand went {self.hand() - start}, {way} was wanted: {self.status[-1]}')

    def _speak(self) -> None:
        peer = self.graph.peer
        stamp = stamp_at(now(peer))
        if self.reporting:
            state = JointState(
                name=list(ROBOT.joint_names),
                position=self._follower.targets(now(peer)).tolist())
            state.header.stamp = stamp
            self._states.publish(state)
        self._engaged.publish(Bool(data=self.engaged))
        if self.pose is not None:
            message = PoseStamped()
            message.header.stamp, message.header.frame_id = stamp, self.frame
            point, turn = message.pose.position, message.pose.orientation
            point.x, point.y, point.z = self.pose
            turn.x, turn.y, turn.z, turn.w = self.turn
            self._poses.publish(message)
        if self.push is not None:
            jog = TwistStamped()
            jog.header.stamp = stamp
            jog.twist.linear.x, jog.twist.linear.y, jog.twist.linear.z = self.push
            self._pushes.publish(jog)


@pytest.fixture(scope='module')
def description() -> str:
    return robot_description()


@pytest.fixture
def start(
    make_graph: Callable[..., Graph], description: str,
) -> Callable[..., Workplace]:
    """Start a workplace whose teleoperator gets the given parameters."""
    def make(described: bool = True, **parameters: Any) -> Workplace:
        return Workplace(
            make_graph(**(PATIENT | parameters)), description if described else '')

    return make


@pytest.fixture
def led(start: Callable[..., Workplace]) -> Workplace:
    """Return a workplace where the hand is led by poses."""
    place = start(input='pose', clutch_button=-1)
    place.pose = (5.0, 5.0, 1.0)
    place.wait_for(PolicyStatus.WAITING, PolicyStatus.DEADMAN_RELEASED)
    assert not place.trajectories
    place.engaged = True
    place.wait_for(PolicyStatus.RUNNING)
    return place


def test_the_hand_follows_poses_and_rests_when_the_clutch_is_released(led: Workplace) -> None:
    begin = led.hand()
    led.pose = (5.06, 5.03, 1.0)
    led.wait_for_way(begin, (0.06, 0.03, 0.0))
    assert led.trajectories
    led.engaged = False
    led.wait_for(PolicyStatus.HOLDING, PolicyStatus.DEADMAN_RELEASED)


def test_poses_of_a_frame_that_turns_against_the_robot_are_transformed(
    start: Callable[..., Workplace],
) -> None:
    place = start(input='pose', clutch_button=-1)
    transform = TransformStamped(child_frame_id='tracker')
    transform.header.frame_id = 'pelvis'
    transform.transform.rotation.z = transform.transform.rotation.w = np.sqrt(0.5)
    place.graph.peer.create_publisher(TFMessage, '/tf_static', LATCHED).publish(
        TFMessage(transforms=[transform]))
    place.frame, place.pose, place.engaged = 'tracker', (5.0, 5.0, 1.0), True
    place.wait_for(PolicyStatus.RUNNING)
    begin = place.hand()
    place.pose = (5.05, 5.0, 1.0)
    place.wait_for_way(begin, (0.0, 0.05, 0.0))


@pytest.mark.parametrize(('changed', 'said'), [
    ({'frame': 'moon'}, "no transform from frame 'moon'"),
    ({'pose': (float('nan'), 0.0, 0.0)}, 'must be finite'),
    ({'turn': (0.0, 0.0, 0.0, 0.0)}, 'length 0.000'),
    ({'pose': (6.0, 5.0, 1.0)}, 'jumped by 1.00 m'),
])
def test_what_no_hand_can_follow_stops_it_and_is_named(
    start: Callable[..., Workplace], changed: dict[str, Any], said: str,
) -> None:
    place = start(input='pose', clutch_button=-1, max_target_age_s=0.3)
    place.pose, place.engaged = (5.0, 5.0, 1.0), True
    place.wait_for(PolicyStatus.RUNNING)
    for name, value in changed.items():
        setattr(place, name, value)
    status = place.wait_for(PolicyStatus.HOLDING, PolicyStatus.BAD_TARGET)
    assert said in status.text
    assert status.refused > 0


def test_a_device_that_falls_silent_stops_the_hand(start: Callable[..., Workplace]) -> None:
    place = start(input='pose', clutch_button=-1, max_target_age_s=0.3)
    place.pose, place.engaged = (5.0, 5.0, 1.0), True
    place.wait_for(PolicyStatus.RUNNING)
    place.pose = None
    place.wait_for(PolicyStatus.HOLDING, PolicyStatus.STALE_TARGET)
    place.pose = (5.0, 5.0, 1.0)
    place.wait_for(PolicyStatus.RUNNING)


def test_joint_states_that_stop_stop_the_robot(start: Callable[..., Workplace]) -> None:
    place = start(input='pose', clutch_button=-1, max_state_age_s=0.3)
    place.pose, place.engaged = (5.0, 5.0, 1.0), True
    place.wait_for(PolicyStatus.RUNNING)
    place.reporting = False
    place.wait_for(PolicyStatus.HOLDING, PolicyStatus.STALE_STATE)


def test_an_emergency_stop_is_latched_until_reset_and_a_new_engagement(led: Workplace) -> None:
    led.graph.call(Trigger, 'teleoperator/emergency_stop', Trigger.Request())
    led.wait_for(PolicyStatus.FAULT, PolicyStatus.EMERGENCY_STOP)
    answer = led.graph.call(Trigger, 'teleoperator/reset_emergency_stop', Trigger.Request())
    assert 'engagement' in answer.message
    led.graph.wait_until(lambda: 'release the clutch' in led.status[-1].text, 'not told')
    led.engaged = False
    led.graph.wait_until(lambda: not led.node._clutch._engaged, 'the clutch is not released')
    led.engaged = True
    led.wait_for(PolicyStatus.RUNNING)


def test_without_a_description_it_says_what_is_missing(start: Callable[..., Workplace]) -> None:
    place = start(described=False)
    status = place.wait_for(PolicyStatus.WAITING, PolicyStatus.NO_DESCRIPTION)
    assert 'robot_state_publisher' in status.text


def test_a_description_of_another_robot_is_refused(
    start: Callable[..., Workplace], description: str,
) -> None:
    place = start(described=False)
    other = description.replace('right_elbow_joint', 'right_knee_joint')
    place.graph.speak(String, 'robot_description', LATCHED)(String(data=other))
    place.graph.wait_until(
        lambda: place.status and 'right_elbow_joint' in place.status[-1].text, 'not named')


def test_it_refuses_to_drive_a_robot_that_another_node_drives(led: Workplace) -> None:
    rival = led.graph.peer.create_publisher(JointTrajectory, ROBOT.outputs[0].topic, 1)
    status = led.wait_for(PolicyStatus.HOLDING, PolicyStatus.COMMANDED_ELSEWHERE)
    assert f'/peer publishes on /{ROBOT.outputs[0].topic}' in status.text
    led.graph.peer.destroy_publisher(rival)
    led.wait_for(PolicyStatus.RUNNING)


def test_velocities_push_the_hand_and_a_grip_closes_it(start: Callable[..., Workplace]) -> None:
    place = start(input='keyboard')
    place.engaged = True
    place.wait_for(PolicyStatus.RUNNING)
    begin = place.hand()
    place.push = (0.0, 0.0, 0.1)
    place.graph.wait_until(lambda: place.hand()[2] - begin[2] > 0.03, 'the hand does not rise')
    place.push = (0.0, 0.0, 0.0)
    grip = place.graph.speak(Float32, 'teleoperator/right/grip', EVERY)
    grip(Float32(data=1.0))
    (hand,) = (each for each in ROBOT.hands if each.name == 'right')
    place.graph.wait_until(
        lambda: np.allclose(place.fingers[-1].data, hand.closed, atol=1e-3),
        lambda: f'the fingers are at {place.fingers[-1].data}')


def test_a_gamepad_moves_the_hand_while_its_clutch_is_held(
    start: Callable[..., Workplace],
) -> None:
    place = start(input='joy')
    place.wait_for(PolicyStatus.WAITING, PolicyStatus.DEADMAN_RELEASED)
    joy = place.graph.peer.create_publisher(Joy, 'joy', 10)
    message = Joy(axes=[0.0, 1.0, 0.0, 0.0, 0.0], buttons=[0, 0, 0, 0, 1])
    timer = place.graph.peer.create_timer(0.05, lambda: joy.publish(message))
    begin = place.hand()
    place.graph.wait_until(
        lambda: place.hand()[0] - begin[0] > 0.03, lambda: f'no motion: {place.status[-1]}')
    message.buttons = [0, 0, 0, 0, 0]
    place.wait_for(PolicyStatus.HOLDING, PolicyStatus.DEADMAN_RELEASED)
    place.graph.peer.destroy_timer(timer)


def test_the_instruction_is_announced(start: Callable[..., Workplace]) -> None:
    place = start(instruction='wave')
    said = place.graph.listen(Instruction, 'current_instruction', LATCHED)
    place.graph.wait_until(lambda: said and said[-1].text == 'wave', 'not announced')
    answer = place.graph.call(
        SetInstruction, 'set_instruction', SetInstruction.Request(instruction='touch the cup'))
    place.graph.wait_until(lambda: said[-1].text == 'touch the cup', 'not announced')
    assert said[-1].instruction_id == answer.instruction_id


def test_it_can_be_deactivated_and_started_again(led: Workplace) -> None:
    assert led.node.trigger_deactivate().name == 'SUCCESS'
    led.wait_for(PolicyStatus.INACTIVE, PolicyStatus.PAUSED_BY_USER)
    assert led.node.trigger_activate().name == 'SUCCESS'
    led.wait_for(PolicyStatus.RUNNING)
    assert led.node.trigger_deactivate().name == 'SUCCESS'
    assert led.node.trigger_cleanup().name == 'SUCCESS'


class Recorder:
    """Answers as the recorder does, and notes what it is asked."""

    def __init__(self, graph: Graph) -> None:
        self.asked: list[str] = []
        self._status = graph.peer.create_publisher(RecordingStatus, 'recorder/status', NEWEST)
        for name in ('start', 'stop', 'discard'):
            graph.peer.create_service(
                Trigger, f'recorder/{name}', lambda _, answer, name=name: self._note(name, answer))
        graph.peer.create_service(
            SetBool, 'recorder/success',
            lambda request, answer: self._note(f'success {request.data}', answer))
        graph.peer.create_timer(0.1, self._report)

    def _note(self, what: str, answer: Any) -> Any:
        self.asked.append(what)
        answer.success, answer.message = True, f'done: {what}'
        return answer

    def _report(self) -> None:
        self._status.publish(RecordingStatus(recording=True, bag='/tmp/a/episode_000007'))


class Typist:
    """The keyboard program in a terminal of its own, and the person who types."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (40, 200))
        os.set_blocking(self._ours, False)
        self.seen = ''
        self.child = subprocess.Popen(
            [sys.executable, str(KEYBOARD), '--speed', '0.1'], stdin=theirs, stdout=theirs,
            stderr=theirs, env=os.environ | {'ROS_DOMAIN_ID': str(graph.domain)})
        os.close(theirs)

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def wait_to_see(self, text: str) -> None:
        """Wait until a text was written since the last call."""
        def is_seen() -> bool:
            with contextlib.suppress(OSError):  # nothing new, or it ended
                self.seen += os.read(self._ours, 65536).decode(errors='replace')
            return text in self.seen

        self._graph.wait_until(is_seen, lambda: f'{text!r} not in {self.seen[-2000:]!r}')
        self.seen = ''

    def close(self) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self._ours)


@pytest.fixture
def typist(start: Callable[..., Workplace]) -> Iterator[tuple[Typist, Workplace, Recorder]]:
    """Return somebody at a keyboard, the robot and the recorder."""
    place = start(input='keyboard')
    place.graph.peer.destroy_publisher(place._engaged)  # the keyboard is the clutch
    place._engaged = place.graph.peer.create_publisher(Bool, 'nobody', EVERY)
    recorder = Recorder(place.graph)
    person = Typist(place.graph)
    yield person, place, recorder
    person.close()


def test_keys_lead_the_hand_and_record_an_episode(
    typist: tuple[Typist, Workplace, Recorder],
) -> None:
    person, place, recorder = typist
    person.wait_to_see('rests: Enter engages')
    person.wait_to_see('recording episode_000007')
    begin = place.hand()
    for key, asked in (('s', 'start'), ('y', 'success True'), ('n', 'success False'),
                       ('e', 'stop'), ('d', 'discard')):
        person.type(key)
        person.wait_to_see(f'done: {asked}')
    assert recorder.asked == ['start', 'success True', 'success False', 'stop', 'discard']
    person.type('\r')
    place.wait_for(PolicyStatus.RUNNING)
    person.wait_to_see('follows')

    def rises() -> bool:
        person.type('r')
        return bool(place.hand()[2] - begin[2] > 0.02)

    place.graph.wait_until(rises, 'the hand does not rise')
    person.type(' ')
    place.wait_for(PolicyStatus.HOLDING, PolicyStatus.DEADMAN_RELEASED)
    person.type('q')
    assert person.child.wait(timeout=60) == 0


def test_the_robot_rests_when_the_keyboard_program_dies(
    start: Callable[..., Workplace],
) -> None:
    place = start(input='keyboard', clutch_timeout_s=0.5)
    place.graph.peer.destroy_publisher(place._engaged)
    place._engaged = place.graph.peer.create_publisher(Bool, 'nobody', EVERY)
    person = Typist(place.graph)
    try:
        person.wait_to_see('rests: Enter engages')
        person.type('\r')
        place.wait_for(PolicyStatus.RUNNING)
    finally:
        person.close()
    status = place.wait_for(PolicyStatus.HOLDING, PolicyStatus.DEADMAN_RELEASED)
    place.graph.wait_until(
        lambda: 'nothing is heard of the clutch' in place.status[-1].text, str(status))
