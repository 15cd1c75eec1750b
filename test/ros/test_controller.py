"""The controller over real topics, with a small System 1 and a robot that stands where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import Graph
from rclpy.lifecycle import LifecycleNode
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from small_system1 import EMBODIMENT, HORIZON, SmallSystem1
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from groot_ros.embodiment import EmbodimentError
from groot_ros.model.policy import GoalTokens as Tokens
from groot_ros.msg import ActionChunk, GoalTokens, Instruction, PolicyStatus, StepDone
from groot_ros.nodes.controller import ControllerNode
from groot_ros.nodes.goal_token_messages import write_tokens
from groot_ros.nodes.qos import EVERY, LATCHED, NEWEST
from groot_ros.nodes.stamps import now, stamp_at

JOINT_STATE_HZ = 100.0
MOVE = 0.2
"""What the goal tokens below ask every joint to move by [rad]."""


class StandingRobot:
    """Reports its pose; the tests act as its planner."""

    def __init__(self, graph: Graph, controller: LifecycleNode) -> None:
        self.graph = graph
        self.controller = controller
        self.positions = EMBODIMENT.home.copy()
        self.reporting = True
        self.epoch = 1
        self._sequence = 0
        self._send_state = graph.speak(JointState, 'joint_states', 10)
        self._send_tokens = graph.speak(GoalTokens, 'goal_tokens', NEWEST)
        self.status = graph.listen(PolicyStatus, 'controller/status', NEWEST)
        self.trajectories = graph.listen(JointTrajectory, EMBODIMENT.outputs[0].topic, 100)
        self.streams = graph.listen(Float64MultiArray, EMBODIMENT.outputs[2].topic, 100)
        self.chunks = graph.listen(ActionChunk, 'action_chunk', 100)
        graph.peer.create_timer(1.0 / JOINT_STATE_HZ, self._report)

    def send_tokens(self, **changed: Any) -> None:
        """Send goal tokens captured now."""
        self._sequence += 1
        message = GoalTokens(
            checkpoint='small', embodiment='unitree_g1', epoch=self.epoch,
            sequence=self._sequence)
        message.header.stamp = stamp_at(now(self.graph.peer))
        features = np.full((1, 1), MOVE, np.float32)
        write_tokens(
            message, Tokens(features, np.ones(1, bool), np.ones(1, bool)), 'float32')
        for name, value in changed.items():
            setattr(message, name, value)
        self._send_tokens(message)

    def run(self) -> PolicyStatus:
        """Send goal tokens until the controller plays a plan: late ones are stale."""
        def running() -> bool:
            if self.status and self.status[-1].state == PolicyStatus.RUNNING:
                return True
            self.send_tokens()
            return False

        self.graph.wait_until(running, 'the controller does not run')
        return self.status[-1]

    def wait_for(self, state: int, reason: int | None = None) -> PolicyStatus:
        """Wait until the controller reports a state, and a reason if one is given."""
        def reported() -> bool:
            return bool(self.status) and self.status[-1].state == state and (
                reason is None or self.status[-1].reason == reason)

        def seen() -> str:
            newest = self.status[-1] if self.status else None
            return f'state {state}, reason {reason} not reported, newest is {newest}'

        self.graph.wait_until(reported, seen)
        return self.status[-1]

    def _report(self) -> None:
        if not self.reporting:
            return
        message = JointState(
            name=list(reversed(EMBODIMENT.joint_names)),
            position=list(reversed(self.positions.tolist())))
        message.header.stamp = stamp_at(now(self.graph.peer))
        self._send_state(message)


@pytest.fixture
def system1() -> SmallSystem1:
    return SmallSystem1()


@pytest.fixture
def start(
    make_graph: Callable[..., Graph], system1: SmallSystem1, small_checkpoint: str
) -> Callable[..., StandingRobot]:
    """Start a controller with the given parameters, and its robot.

    Unless a test is about it, nothing is stale soon: a busy machine is slow, not wrong.
    """
    def start_controller(**parameters: Any) -> StandingRobot:
        patient = {'max_token_age_s': 20.0, 'max_state_age_s': 5.0}
        graph = make_graph(checkpoint=small_checkpoint, **patient | parameters)
        controller = graph.start(ControllerNode(load=lambda *_, **__: system1))
        return StandingRobot(graph, controller)
    return start_controller


def test_goal_tokens_move_every_output(start: Callable[..., StandingRobot]) -> None:
    robot = start()
    robot.wait_for(PolicyStatus.WAITING, PolicyStatus.NO_TOKENS)
    assert not robot.trajectories
    robot.run()
    target = EMBODIMENT.home[EMBODIMENT.indices(EMBODIMENT.outputs[0].joints)]
    moving = [name.startswith(('waist', 'right')) for name in EMBODIMENT.outputs[0].joints]
    target = target + MOVE * np.array(moving)

    def arrived() -> bool:
        newest = robot.trajectories[-1].points[-1].positions
        return bool(np.allclose(newest, target, atol=5e-3))

    robot.graph.wait_until(arrived, 'the target was not reached')
    assert robot.streams
    assert len(robot.chunks[-1].positions) == HORIZON * len(robot.chunks[-1].joint_names)


def test_trajectories_end_at_rest_and_start_now(start: Callable[..., StandingRobot]) -> None:
    robot = start()
    robot.send_tokens()
    robot.graph.wait_until(lambda: len(robot.trajectories) > 20, 'no trajectories')
    for trajectory in robot.trajectories:
        times = [p.time_from_start.sec + 1e-9 * p.time_from_start.nanosec
                 for p in trajectory.points]
        assert trajectory.header.stamp.sec == 0
        assert np.all(np.diff(times) > 0.0)
        assert not np.any(trajectory.points[-1].velocities)


@pytest.mark.parametrize(('changed', 'reason'), [
    ({'checkpoint': 'another'}, PolicyStatus.WRONG_CHECKPOINT),
    ({'embodiment': 'fourier_gr1'}, PolicyStatus.WRONG_EMBODIMENT),
    ({'tokens': 7}, PolicyStatus.BAD_TOKENS),
])
def test_tokens_of_another_origin_move_nothing(
    start: Callable[..., StandingRobot], changed: dict[str, Any], reason: int
) -> None:
    robot = start()
    robot.wait_for(PolicyStatus.WAITING, PolicyStatus.NO_TOKENS)
    robot.send_tokens(**changed)
    assert robot.wait_for(PolicyStatus.WAITING, reason).refused == 1
    assert not robot.trajectories


def test_the_robot_rests_while_tokens_are_stale_and_goes_on(
    start: Callable[..., StandingRobot],
) -> None:
    robot = start(max_token_age_s=1.0)
    robot.run()
    robot.wait_for(PolicyStatus.HOLDING, PolicyStatus.STALE_TOKENS)
    robot.graph.wait_until(
        lambda: not np.any(robot.trajectories[-1].points[0].velocities), 'not at rest')
    robot.run()


def test_the_robot_rests_while_joint_states_are_stale_and_goes_on(
    start: Callable[..., StandingRobot],
) -> None:
    robot = start(max_state_age_s=0.5)
    robot.run()
    robot.reporting = False
    robot.wait_for(PolicyStatus.HOLDING, PolicyStatus.STALE_STATE)
    robot.reporting = True
    robot.wait_for(PolicyStatus.RUNNING)


def test_a_new_instruction_voids_the_plan_of_the_old_one(
    start: Callable[..., StandingRobot],
) -> None:
    robot = start()
    robot.run()
    robot.graph.speak(Instruction, 'current_instruction', LATCHED)(
        Instruction(text='another', instruction_id=2, epoch=2))
    robot.wait_for(PolicyStatus.HOLDING, PolicyStatus.NO_TOKENS)
    robot.send_tokens()
    robot.wait_for(PolicyStatus.HOLDING, PolicyStatus.OLD_EPOCH)
    robot.epoch = 2
    assert robot.run().instruction == 'another'


def test_a_controller_that_is_deactivated_brings_the_robot_to_rest_first(
    start: Callable[..., StandingRobot],
) -> None:
    robot = start()
    robot.send_tokens()
    robot.graph.wait_until(
        lambda: robot.trajectories and any(robot.trajectories[-1].points[0].velocities),
        'the robot does not move')
    robot.controller.trigger_deactivate()
    robot.wait_for(PolicyStatus.INACTIVE)
    robot.graph.wait_until(
        lambda: not any(robot.trajectories[-1].points[0].velocities), 'it ended in motion')


def test_a_pause_holds_until_it_ends(start: Callable[..., StandingRobot]) -> None:
    robot = start()
    robot.run()
    assert robot.graph.call(SetBool, 'controller/pause', SetBool.Request(data=True)).success
    robot.wait_for(PolicyStatus.PAUSED, PolicyStatus.PAUSED_BY_USER)
    assert robot.graph.call(SetBool, 'controller/pause', SetBool.Request(data=False)).success
    robot.wait_for(PolicyStatus.RUNNING)


def test_nothing_seen_before_a_reset_acts_after_it(start: Callable[..., StandingRobot]) -> None:
    robot = start()
    before = stamp_at(now(robot.graph.peer))
    robot.run()
    assert robot.graph.call(Trigger, 'controller/reset', Trigger.Request()).success
    late = GoalTokens().header
    late.stamp = before
    robot.send_tokens(header=late)
    robot.wait_for(PolicyStatus.WAITING, PolicyStatus.OLD_EPOCH)
    robot.run()


def test_a_failing_model_holds_the_robot_and_says_so(
    start: Callable[..., StandingRobot], system1: SmallSystem1
) -> None:
    robot = start()
    system1.failing = True
    robot.send_tokens()
    status = robot.wait_for(PolicyStatus.WAITING, PolicyStatus.SOLVER_FAILED)
    assert 'out of memory' in status.text
    system1.failing = False
    robot.wait_for(PolicyStatus.RUNNING)


def test_a_locked_simulator_hears_of_every_tick(make_graph: Callable[..., Graph],
                                                system1: SmallSystem1,
                                                small_checkpoint: str) -> None:
    graph = make_graph(checkpoint=small_checkpoint, step_locked=True)
    graph.start(ControllerNode(load=lambda *_, **__: system1))
    done = graph.listen(StepDone, 'step_done', EVERY)
    send = graph.speak(JointState, 'joint_states', EVERY)
    for tick in range(1, 4):
        message = JointState(
            name=list(EMBODIMENT.joint_names), position=EMBODIMENT.home.tolist())
        message.header.stamp = stamp_at(tick / 120.0)
        send(message)
        graph.wait_until(lambda tick=tick: len(done) == tick, f'tick {tick} is not done')
        assert done[-1].header.stamp == message.header.stamp
        assert done[-1].commands == 0


def test_ticks_follow_the_clock_of_a_simulator(
    make_graph: Callable[..., Graph], system1: SmallSystem1, small_checkpoint: str
) -> None:
    graph = make_graph(checkpoint=small_checkpoint, use_sim_time=True)
    graph.start(ControllerNode(load=lambda *_, **__: system1))
    status = graph.listen(PolicyStatus, 'controller/status', NEWEST)
    send = graph.speak(Clock, '/clock', 1)
    for tick in range(1, 5):
        send(Clock(clock=stamp_at(100.0 + tick / 120.0)))
        graph.wait_until(
            lambda tick=tick: status and status[-1].ticks == tick, f'no tick {tick}')
    assert status[-1].missed_ticks == 0


def test_a_robot_that_describes_itself_otherwise_is_not_moved(
    start: Callable[..., StandingRobot],
) -> None:
    robot = start()
    joints = ''.join(
        f'<joint name="{name}" type="continuous"/>' for name in EMBODIMENT.joint_names[1:])
    robot.graph.speak(String, 'robot_description', LATCHED)(
        String(data=f'<robot name="another">{joints}</robot>'))
    with pytest.raises(EmbodimentError, match=EMBODIMENT.joint_names[0]):
        robot.graph.wait_until(lambda: False, 'the description was not checked')
