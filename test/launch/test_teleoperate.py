"""A person leads the simulated robot by poses, all as real processes.

A busy machine is slow, not wrong: nothing is stale soon, and what is led in vain is led again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from groot_ros.data.bags import Bag
from groot_ros.embodiment import CommandOutput, load_embodiment
from groot_ros.evaluation.stopping import CommandLog
from groot_ros.msg import PolicyStatus
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import Domain, GraphProcess
from groot_ros.nodes.tools.scripted_person import ScriptedPerson
from groot_ros.nodes.tools.teleoperation_demo import set_scene, touch
from groot_ros.simulation.scenario import draw_scenario
from groot_ros.simulation.trajectory import HandPose

pytest.importorskip('mink')
ROBOT = load_embodiment('unitree_g1')
PATIENT = {
    'max_state_age_s': 5.0, 'max_target_age_s': 5.0, 'clutch_timeout_s': 5.0, 'clutch_button': -1}
START_S, PATIENCE_S = 120.0, 180.0
SEED = 3_000_000
HISTORY = 1000
STATES = 60
"""Joint states of half a second."""
SWING_M, SWING_S = 0.04, 2.0
REST = 0.01
"""How far a joint of a robot at rest may go [rad]; its motors settle."""


class Swing:
    """A way without an end: up and down about where it begins.

    Args:
        start: Where.
    """

    def __init__(self, start: HandPose) -> None:
        self._start = start

    def at(self, time: float) -> HandPose:
        """Return the pose due at a time [s]."""
        height = SWING_M * np.sin(2.0 * np.pi * time / SWING_S)
        return HandPose(
            self._start.position + (0.0, 0.0, height), self._start.pitch, self._start.roll)


class Workplace:
    """A running graph, the person in it, and what the robot is told and does.

    Args:
        client: In the graph's domain.
    """

    def __init__(self, client: GraphClient) -> None:
        self.client = client
        self.person = ScriptedPerson(client.node)
        self._status: list[PolicyStatus] = []
        self._measured: deque[list[float]] = deque(maxlen=STATES)
        subscribe = client.node.create_subscription
        subscribe(PolicyStatus, 'teleoperator/status', self._status.append, NEWEST)
        subscribe(JointState, ROBOT.joint_state_topic, self._on_joints, HISTORY)
        self._commands = [self._watch(output) for output in ROBOT.outputs]

    def wait(self, condition: Any, what: str) -> None:
        self.client.spin_until(condition, PATIENCE_S, what)

    def call(self, service: str) -> Any:
        return self.client.call_service(Trigger, service, Trigger.Request())

    def wait_for(self, state: int, reason: int = PolicyStatus.NONE) -> None:
        """Wait until the teleoperator reports a state and a reason."""
        self.wait(
            lambda: bool(self._status) and (
                self._status[-1].state, self._status[-1].reason) == (state, reason),
            f'state {state} with reason {reason}')

    def swing(self) -> None:
        """Lead the hand up and down until it is seen to move."""
        self.person.lead(Swing(self.person.hand))
        self.wait(lambda: self._way() > 5 * REST, 'the hand to move')

    def engage_anew(self) -> None:
        """Let go and lead on until the robot follows."""
        def follows() -> bool:
            self.person.let_go()
            self._wait_half_a_second()
            self.person.lead(Swing(self.person.hand))
            self._wait_half_a_second()
            return self._status[-1].state == PolicyStatus.RUNNING

        self.wait(follows, 'the robot to follow again')

    def wait_until_it_rests(self) -> None:
        """Wait until no joint moves for half a second."""
        self._measured.clear()
        self.wait(lambda: self._way() < REST, 'the robot to rest')

    def rests(self) -> bool:
        """Return whether it stays where it is for another half a second."""
        self._wait_half_a_second()
        return self._way() < REST

    def violations(self) -> list[str]:
        """Return what broke a limit in everything that was commanded."""
        assert sum(map(len, self._commands)) > 100
        return [each for log in self._commands for each in log.violations()]

    def _wait_half_a_second(self) -> None:
        self._measured.clear()
        self.wait(lambda: len(self._measured) == STATES, 'joint states')

    def _way(self) -> float:
        """Return how far a joint went lately [rad]; nan before there was half a second."""
        if len(self._measured) < STATES:
            return float('nan')
        return float(np.ptp(np.array(self._measured), axis=0).max())

    def _on_joints(self, message: JointState) -> None:
        self._measured.append(list(message.position))

    def _watch(self, output: CommandOutput) -> CommandLog:
        """Return the log of what an output is told."""
        columns = ROBOT.indices(output.joints)
        log = CommandLog(
            ROBOT.lower[columns], ROBOT.upper[columns], ROBOT.max_velocity[columns],
            ROBOT.max_acceleration[columns], 1.0 / ROBOT.rates.control_hz)
        kind, positions = {
            'joint_trajectory': (JointTrajectory, lambda message: message.points[0].positions),
            'float64_multi_array': (Float64MultiArray, lambda message: message.data),
        }[output.interface]

        def take(message: Any, info: dict[str, int]) -> None:
            log.add(info['publication_sequence_number'], np.array(positions(message)))

        self.client.node.create_subscription(kind, output.topic, take, HISTORY)
        return log


@pytest.fixture
def domain() -> Iterator[int]:
    claimed = Domain()
    yield claimed.number
    claimed.close()


def launched(domain: int, logs: Path, **arguments: str) -> GraphProcess:
    return GraphProcess(
        domain, {'input': 'pose', 'simulation': 'true'} | arguments, PATIENT, logs,
        'teleoperate.launch.py')


@pytest.fixture
def place(domain: int, tmp_path: Path) -> Iterator[Workplace]:
    """A robot that can be led, and a recorder that waits."""
    with (
        launched(domain, tmp_path, record='true', folder=str(tmp_path)) as process,
        GraphClient(domain, process.check) as client,
    ):
        place = Workplace(client)
        client.spin_until(lambda: place.person.is_ready, START_S, 'the robot to be led')
        yield place


def seed_with_one_block() -> int:
    return next(seed for seed in range(SEED, SEED + 100)
                if len(draw_scenario(seed, 'touch').blocks) == 1)


def test_poses_lead_the_hand_to_the_block_within_limits_and_the_way_is_recorded(
    place: Workplace, tmp_path: Path
) -> None:
    client = place.client
    block, instruction = set_scene(client, place.person, seed_with_one_block())
    client.set_instruction(instruction)
    assert place.call('recorder/start').success
    place.wait(partial(touch, client, place.person, block), 'the block to be touched')
    place.wait_until_it_rests()
    client.call_service(SetBool, 'recorder/success', SetBool.Request(data=True))
    assert place.call('recorder/stop').success
    assert not place.violations()
    with Bag(tmp_path / 'episode_000000') as bag:
        recorded = {topic: bag.count(topic) for topic in bag.topics}
        facts = bag.facts
    wanted = ('joint_states', 'camera/head/image_raw/compressed', 'current_instruction',
              'teleoperator/status', 'upper_body_controller/joint_trajectory')
    assert not [name for name in wanted if not recorded.get(f'/{name}')], recorded
    assert (facts['teleoperation_device'], facts['task'], facts['success']) == (
        'pose', instruction, 'true')


def test_the_robot_rests_when_the_clutch_is_let_go_and_in_an_emergency(place: Workplace) -> None:
    place.swing()
    place.person.let_go()
    place.wait_for(PolicyStatus.HOLDING, PolicyStatus.DEADMAN_RELEASED)
    place.wait_until_it_rests()
    assert place.rests()

    place.swing()
    assert place.call('teleoperator/emergency_stop').success
    place.wait_for(PolicyStatus.FAULT, PolicyStatus.EMERGENCY_STOP)
    place.wait_until_it_rests()
    assert place.rests(), 'the clutch is engaged, and the device moves on'

    assert place.call('teleoperator/reset_emergency_stop').success
    assert place.rests(), 'it was reset and not engaged anew'
    place.engage_anew()
    place.swing()
    assert not place.violations()


def test_a_namespace_holds_it_and_nothing_is_left_of_it(domain: int, tmp_path: Path) -> None:
    with (
        launched(domain, tmp_path, namespace='robot1') as process,
        GraphClient(domain, process.check, 'robot1') as client,
    ):
        hands: list[PoseStamped] = []
        client.node.create_subscription(
            PoseStamped, 'teleoperator/right/pose', hands.append, NEWEST)
        client.spin_until(lambda: bool(hands), START_S, 'the hand to be known')

        def topics() -> set[str]:
            return {name for name, _ in client.node.get_topic_names_and_types()}

        wanted = {f'/robot1/{name}' for name in (
            'joint_states', 'tf', 'upper_body_controller/joint_trajectory')}
        client.spin_until(lambda: wanted <= topics(), START_S, f'the topics {sorted(wanted)}')
        assert not {'/joint_states', '/teleoperator/status', '/tf'} & topics()
    log = (tmp_path / 'launch.log').read_text()
    assert 'process has died' not in log
    assert log.count('process has finished cleanly') == 2
