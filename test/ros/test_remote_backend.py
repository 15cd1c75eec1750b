"""A policy server as the policy: real nodes, a real server, and what can happen to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Graph
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from sensor_msgs.msg import Image, JointState
from small_system1 import EMBODIMENT, HORIZON
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from groot_ros.msg import ActionChunk, PolicyStatus
from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.messages.observations import image_message
from groot_ros.nodes.perception.node import PerceptionNode
from groot_ros.nodes.planner.node import PlannerNode
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.serving import (
    Modalities,
    ModalityConfig,
    Observation,
    PolicyServer,
    ProtocolVersion,
)
from groot_ros.srv import SetInstruction

EXECUTABLES = Path(__file__).resolve().parents[2] / 'executables'
PATIENCE_S = 30.0
LONG_S = 60.0
"""Longer than a policy waits for its gate: what hangs is seen as an answer."""
SHORT_S = 2.0
"""Enough for an answer on a busy machine."""
CAMERA = (64, 48)
"""Width and height of the camera [px]."""
MOVE = 0.2
GROUPS = EMBODIMENT.model.action
DIMS = {name: len(EMBODIMENT.groups[name]) for name in GROUPS}


class MovingPolicy:
    """Moves every joint by MOVE [rad] from home; waits for `gate` before it answers."""

    def __init__(self, video_key: str = 'ego_view') -> None:
        self.modalities = Modalities(
            video=ModalityConfig((0,), (video_key,)), state=ModalityConfig((0,), GROUPS),
            action=ModalityConfig(tuple(range(HORIZON)), GROUPS),
            language=ModalityConfig((0,), ('task',)))
        self.state_dims = DIMS
        self.seen: list[Observation] = []
        self.answered = self.episodes = 0
        self.failing = False
        self.gate = threading.Event()
        self.gate.set()

    def act(self, observation: Observation) -> dict[str, NDArray[np.float32]]:
        self.seen.append(observation)
        self.gate.wait(PATIENCE_S)
        self.answered += 1
        if self.failing:
            raise MemoryError('planted')
        home = {name: EMBODIMENT.home[EMBODIMENT.group_indices([name])] for name in GROUPS}
        return {name: np.tile((home[name] + MOVE).astype(np.float32), (HORIZON, 1))
                for name in GROUPS}

    def reset(self) -> None:
        self.episodes += 1


class GarblingServer(PolicyServer):
    """Answers what is no message while `garbling`."""

    garbling = True

    def answer(self, frames: list[bytes]) -> bytes:
        return b'\xc1' if self.garbling else super().answer(frames)


class RunningServer:
    """A server in a thread, which can be killed and started again on its port."""

    def __init__(self, policy: MovingPolicy, kind: type[PolicyServer] = PolicyServer) -> None:
        self.policy = policy
        self._kind = kind
        self.port = 0
        self.server: PolicyServer | None = None

    @property
    def address(self) -> str:
        return f'zmq://127.0.0.1:{self.port}'

    def start(self) -> PolicyServer:
        self.server = self._kind(self.policy, ProtocolVersion.N1_7, port=self.port)
        self.port = int(self.server.address.rpartition(':')[2])
        self._thread = threading.Thread(target=self.server.serve)
        self._thread.start()
        return self.server

    def kill(self) -> None:
        if self.server is None:
            return
        self.server.stop()
        self.policy.gate.set()
        self._thread.join(PATIENCE_S)
        self.server.close()
        self.server = None


class Humanoid:
    """Sends images and joint states from home; keeps what the nodes say and command."""

    def __init__(self, graph: Graph, node: LifecycleNode | None = None) -> None:
        self.graph = graph
        self.node = node
        self._send_image = graph.speak(Image, EMBODIMENT.cameras[0].topic, 5)
        self._send_joints = graph.speak(JointState, 'joint_states', 10)
        self.trajectories = graph.listen(JointTrajectory, EMBODIMENT.outputs[0].topic, 100)
        self.chunks = graph.listen(ActionChunk, 'action_chunk', 100)
        self.controller = graph.listen(PolicyStatus, 'controller/status', NEWEST)
        self.planner = graph.listen(PolicyStatus, 'planner/status', NEWEST)
        graph.peer.create_timer(0.02, self._report)
        graph.peer.create_timer(0.1, self._look)

    def tell(self, instruction: str) -> None:
        """Set an instruction, and wait until the controller knows it."""
        told = self.graph.call(
            SetInstruction, 'set_instruction', SetInstruction.Request(instruction=instruction))
        self.graph.wait_until(
            lambda: self.controller and self.controller[-1].instruction_id == told.instruction_id,
            'the controller does not know the instruction')

    def wait_for(self, state: int, reason: int = PolicyStatus.NONE) -> PolicyStatus:
        """Wait until the controller reports a state and a reason."""
        self.graph.wait_until(
            lambda: bool(self.controller) and (
                self.controller[-1].state, self.controller[-1].reason) == (state, reason),
            lambda: f'state {state}, reason {reason} not reported: {self.controller[-1:]}')
        return self.controller[-1]

    def _header(self) -> Header:
        return Header(stamp=stamp_at(now(self.graph.peer)), frame_id='head')

    def _report(self) -> None:
        self._send_joints(JointState(
            header=self._header(), name=list(EMBODIMENT.joint_names),
            position=EMBODIMENT.home.tolist()))

    def _look(self) -> None:
        width, height = CAMERA
        self._send_image(image_message(
            np.full((height, width, 3), 90, np.uint8), self._header()))


@pytest.fixture
def policy() -> MovingPolicy:
    return MovingPolicy()


@pytest.fixture
def server(policy: MovingPolicy) -> Iterator[RunningServer]:
    server = RunningServer(policy)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def start(make_graph: Callable[..., Graph]) -> Callable[..., Humanoid]:
    """Start every node on a server; unless a test is about it, nothing is stale or late."""
    def start_nodes(address: str, **parameters: Any) -> Humanoid:
        patient = {'max_token_age_s': 20.0, 'max_state_age_s': 5.0, 'max_input_age_s': 10.0,
                   'max_skew_s': 1.0, 'max_delay_s': 10.0, 'action_period_s': 0.05,
                   'backend_timeout_s': 20.0}
        graph = make_graph(backend=address, **patient | parameters)
        for node in (PlannerNode(), PerceptionNode()):
            graph.start(node)
        return Humanoid(graph, graph.start(ControllerNode()))
    return start_nodes


def test_the_humanoid_moves_as_the_server_says(
    start: Callable[..., Humanoid], server: RunningServer
) -> None:
    humanoid = start(server.address)
    humanoid.tell('touch the red block')
    humanoid.wait_for(PolicyStatus.RUNNING)
    joints = EMBODIMENT.outputs[0].joints
    moved = np.isin(joints, [name for group in GROUPS for name in EMBODIMENT.groups[group]])
    target = EMBODIMENT.home[EMBODIMENT.indices(joints)] + MOVE * moved
    humanoid.graph.wait_until(
        lambda: humanoid.trajectories and np.allclose(
            humanoid.trajectories[-1].points[-1].positions, target, atol=5e-3),
        'the target was not reached')
    seen = server.policy.seen[-1]
    assert seen.instruction == 'touch the red block'
    assert seen.images['ego_view'].shape == (1, CAMERA[1], CAMERA[0], 3)
    home = EMBODIMENT.home[EMBODIMENT.group_indices(['right_arm'])]
    np.testing.assert_allclose(seen.state['right_arm'][0], home, atol=1e-6)
    assert humanoid.chunks[-1].horizon == HORIZON


def test_images_are_scaled_if_the_parameters_say_so(
    start: Callable[..., Humanoid], server: RunningServer
) -> None:
    humanoid = start(server.address, image_width=32, image_height=16)
    humanoid.tell('touch')
    humanoid.graph.wait_until(lambda: server.policy.seen, 'the server was not asked')
    assert server.policy.seen[0].images['ego_view'].shape == (1, 16, 32, 3)


def test_without_an_instruction_nobody_is_asked(
    start: Callable[..., Humanoid], server: RunningServer
) -> None:
    humanoid = start(server.address)
    humanoid.wait_for(PolicyStatus.WAITING, PolicyStatus.NO_INSTRUCTION)
    humanoid.graph.wait_until(
        lambda: humanoid.planner and humanoid.planner[-1].reason == PolicyStatus.NO_INSTRUCTION,
        'the planner did not say so')
    assert not server.policy.seen
    humanoid.tell('touch')
    humanoid.graph.wait_until(
        lambda: f'the policy server {server.address} plans' in humanoid.planner[-1].text,
        'the planner does not say who plans')


def test_the_answer_to_an_instruction_that_was_taken_back_is_not_executed(
    start: Callable[..., Humanoid], server: RunningServer
) -> None:
    humanoid = start(server.address, backend_timeout_s=LONG_S)
    server.policy.gate.clear()
    humanoid.tell('touch the red block')
    humanoid.graph.wait_until(lambda: server.policy.seen, 'the server was not asked')
    humanoid.tell('')
    server.policy.gate.set()
    humanoid.graph.wait_until(
        lambda: humanoid.controller[-1].solve_time > 0, 'the late answer did not come')
    humanoid.wait_for(PolicyStatus.WAITING, PolicyStatus.NO_INSTRUCTION)
    assert not humanoid.chunks
    assert not humanoid.trajectories


def test_the_robot_holds_while_the_server_is_gone_and_goes_on_when_it_is_back(
    start: Callable[..., Humanoid], server: RunningServer
) -> None:
    humanoid = start(server.address, backend_timeout_s=SHORT_S)
    humanoid.tell('touch')
    humanoid.wait_for(PolicyStatus.RUNNING)
    server.kill()
    status = humanoid.wait_for(PolicyStatus.HOLDING, PolicyStatus.SERVER_UNREACHABLE)
    assert f'127.0.0.1:{server.port}' in status.text
    assert 'is the policy server running there' in status.text
    server.start()
    humanoid.wait_for(PolicyStatus.RUNNING)


def test_the_nodes_start_before_the_server_and_wait_for_it(
    start: Callable[..., Humanoid], server: RunningServer
) -> None:
    server.kill()
    humanoid = start(server.address, backend_timeout_s=SHORT_S)
    humanoid.tell('touch')
    humanoid.wait_for(PolicyStatus.WAITING, PolicyStatus.SERVER_UNREACHABLE)
    assert not humanoid.trajectories
    server.start()
    humanoid.wait_for(PolicyStatus.RUNNING)


def test_a_failing_policy_is_told_and_the_robot_goes_on_after_it(
    start: Callable[..., Humanoid], server: RunningServer
) -> None:
    server.policy.failing = True
    humanoid = start(server.address)
    humanoid.tell('touch')
    status = humanoid.wait_for(PolicyStatus.WAITING, PolicyStatus.SOLVER_FAILED)
    assert 'planted' in status.text
    server.policy.failing = False
    humanoid.wait_for(PolicyStatus.RUNNING)


def test_a_malformed_answer_is_told_and_the_robot_goes_on_after_it(
    start: Callable[..., Humanoid], policy: MovingPolicy
) -> None:
    # It begins once the nodes are up: at the start it would be refused.
    server = RunningServer(policy, GarblingServer)
    running = server.start()
    running.garbling = False
    try:
        humanoid = start(server.address)
        running.garbling = True
        humanoid.tell('touch')
        status = humanoid.wait_for(PolicyStatus.WAITING, PolicyStatus.SOLVER_FAILED)
        assert 'malformed message' in status.text
        running.garbling = False
        humanoid.wait_for(PolicyStatus.RUNNING)
    finally:
        server.kill()


def test_a_reset_begins_a_new_episode_on_the_server(
    start: Callable[..., Humanoid], server: RunningServer
) -> None:
    humanoid = start(server.address)
    humanoid.graph.wait_until(lambda: server.policy.episodes > 0, 'no episode began')
    before = server.policy.episodes
    humanoid.graph.call(Trigger, 'controller/reset', Trigger.Request())
    humanoid.graph.wait_until(
        lambda: server.policy.episodes > before, 'no new episode began')


@pytest.mark.parametrize('parameters', [
    {'action_period_s': 0.0}, {'backend': 'zmq://nowhere'}, {'api_token_file': '/nowhere'}])
def test_what_cannot_work_does_not_start(
    make_graph: Callable[..., Graph], server: RunningServer, parameters: dict[str, Any]
) -> None:
    make_graph(**{'backend': server.address, 'action_period_s': 0.05} | parameters)
    node = ControllerNode()
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    node.destroy_node()


def test_a_policy_of_another_robot_does_not_start(make_graph: Callable[..., Graph]) -> None:
    server = RunningServer(MovingPolicy(video_key='wrist_view'))
    server.start()
    try:
        make_graph(backend=server.address, action_period_s=0.05)
        node = ControllerNode()
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
        node.destroy_node()
    finally:
        server.kill()


def test_deactivating_does_not_wait_for_the_server(
    start: Callable[..., Humanoid], server: RunningServer
) -> None:
    humanoid = start(server.address, backend_timeout_s=LONG_S)
    server.policy.gate.clear()
    humanoid.tell('touch')
    humanoid.graph.wait_until(lambda: server.policy.seen, 'the server was not asked')
    assert humanoid.node is not None
    assert humanoid.node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    assert humanoid.node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS
    assert not server.policy.answered


@pytest.mark.parametrize('ending', [signal.SIGINT, signal.SIGTERM])
def test_a_controller_ends_while_the_server_owes_it_an_answer(
    make_graph: Callable[..., Graph], server: RunningServer, ending: signal.Signals
) -> None:
    graph = make_graph(
        backend=server.address, max_token_age_s=20.0, max_input_age_s=10.0, max_skew_s=1.0)
    for node in (PlannerNode(), PerceptionNode()):
        graph.start(node)
    server.policy.gate.clear()
    process = subprocess.Popen(
        [sys.executable, str(EXECUTABLES / 'controller'), '--ros-args', '-p',
         f'backend:={server.address}', '-p', f'backend_timeout_s:={LONG_S}', '-p',
         'action_period_s:=0.05', '-p', 'max_token_age_s:=20.0', '-p', 'max_state_age_s:=5.0',
         '-p', 'max_delay_s:=10.0'],
        env={**os.environ, 'ROS_DOMAIN_ID': str(graph.domain)}, text=True,
        stderr=subprocess.PIPE)
    try:
        humanoid = Humanoid(graph)
        humanoid.tell('touch')
        graph.wait_until(lambda: server.policy.seen, 'the server was not asked')
        process.send_signal(ending)
        _, errors = process.communicate(timeout=LONG_S)
        assert not server.policy.answered
        assert process.returncode == 0, errors
        assert 'Traceback' not in errors
    finally:
        process.kill()
        process.communicate()


def test_perception_does_not_start_with_one_side_of_a_size(
    make_graph: Callable[..., Graph],
) -> None:
    make_graph(backend='zmq://127.0.0.1:5555', image_width=32)
    node = PerceptionNode()
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    node.destroy_node()
