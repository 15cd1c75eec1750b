"""Every kind of output, in front of joint controllers that keep the rules of the real ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from action_msgs.msg import GoalStatus, GoalStatusArray
from conftest import Graph
from control_msgs.action import FollowJointTrajectory
from moving_robot import ACTION, PATIENT, MovingRobot, robot_with_action
from rclpy.action import ActionClient, ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.lifecycle import LifecycleNode
from small_system1 import EMBODIMENT, SmallSystem1
from std_msgs.msg import Bool, Float64MultiArray
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from groot_ros.control import Command, Hold, HoldReason
from groot_ros.msg import PolicyStatus
from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.messages.commands import trajectory_message
from groot_ros.nodes.shared.driving import DrivingParams
from groot_ros.nodes.shared.goal_output import GoalOutput
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.outputs import Outputs
from groot_ros.nodes.shared.qos import LATCHED
from groot_ros.nodes.shared.stamps import seconds

TOLERANCE_VIOLATED = FollowJointTrajectory.Result.PATH_TOLERANCE_VIOLATED
STOPPED = PolicyStatus.FAULT, PolicyStatus.EMERGENCY_STOP
REFUSED = PolicyStatus.HOLDING, PolicyStatus.OUTPUT_REFUSED
OPEN = (GoalStatus.STATUS_ACCEPTED, GoalStatus.STATUS_EXECUTING, GoalStatus.STATUS_CANCELING)


@pytest.fixture
def robot(
    make_graph: Callable[..., Graph], small_checkpoint: str, tmp_path: Path
) -> MovingRobot:
    """Start a controller whose robot takes the goals of an action, and give an instruction."""
    file = str(robot_with_action(tmp_path))
    graph = make_graph(checkpoint=small_checkpoint, embodiment=file, **PATIENT)
    moving = MovingRobot(graph, file)
    graph.start(ControllerNode(load=SmallSystem1))
    moving.instruct(epoch=1)
    return moving


def listen_to_goals(robot: MovingRobot) -> list[GoalStatusArray]:
    return robot.graph.listen(GoalStatusArray, f'{ACTION}/_action/status', LATCHED)


def outcomes(statuses: list[GoalStatusArray]) -> list[int]:
    return [each.status for each in statuses[-1].status_list] if statuses else []


def test_goals_replace_each_other_and_move_the_robot_smoothly(robot: MovingRobot) -> None:
    statuses = listen_to_goals(robot)
    robot.wait_until_it_moves()
    robot.graph.wait_until(
        lambda: outcomes(statuses).count(GoalStatus.STATUS_ABORTED) > 5, 'no goal was replaced')
    arm = EMBODIMENT.indices(EMBODIMENT.outputs[0].joints)
    steps = np.diff(np.array(robot.path)[:, arm], axis=0)
    assert np.abs(steps).max() < 0.3
    robot.wait_until_it_moves()


@pytest.mark.parametrize('settles', [True, False])
def test_an_emergency_stop_leaves_no_goal_and_is_latched(
    robot: MovingRobot, settles: bool
) -> None:
    robot.commands.goal_servers[0].settles = settles
    statuses = listen_to_goals(robot)
    robot.wait_until_it_moves()
    robot.graph.speak(Bool, 'emergency_stop')(Bool(data=True))
    robot.wait_for(*STOPPED)
    robot.wait_until_it_rests()
    robot.graph.wait_until(
        lambda: statuses and not set(outcomes(statuses)) & set(OPEN), 'a goal is left')
    sent = len(outcomes(statuses))
    robot.instruct(epoch=2)
    robot.path.clear()
    robot.wait_until_it_rests()
    assert len(outcomes(statuses)) <= sent
    reset = robot.graph.call(Trigger, 'controller/reset_emergency_stop', Trigger.Request())
    assert reset.success
    robot.instruct(epoch=3)
    robot.wait_until_it_moves()


def test_an_emergency_stop_cancels_the_goal_of_the_point_of_rest_once_it_was_played(
    make_graph: Callable[..., Graph],
) -> None:
    graph = make_graph()
    goals: list[ServerGoalHandle] = []
    cancelled: list[ServerGoalHandle] = []

    def on_cancel(goal: ServerGoalHandle) -> CancelResponse:
        cancelled.append(goal)
        return CancelResponse.ACCEPT

    server = ActionServer(
        graph.peer, FollowJointTrajectory, 'arm', lambda _: FollowJointTrajectory.Result(),
        handle_accepted_callback=goals.append, cancel_callback=on_cancel)
    client = ActionClient(graph.peer, FollowJointTrajectory, 'arm')
    graph.wait_until(client.server_is_ready, 'no action server')
    output = GoalOutput(
        client, 'arm', lambda command, _: trajectory_message(
            ['elbow'], command.positions, command.velocities, np.array([10.0]), lead=0.07),
        period=0.05, on_refusal=lambda hold: pytest.fail(hold.text))
    stop = Hold(HoldReason.EMERGENCY_STOP, 'stop')
    braking = [(1.0, None), (0.5, stop), (0.0, stop)]
    for number, (velocity, hold) in enumerate(braking, start=1):
        output.send(Command(np.zeros(1), np.array([velocity]), hold), now=0.01 * number)
        graph.wait_until(
            lambda number=number: len(goals) == number, f'goal {number} was not sent at once')
    assert not cancelled
    times = itertools.count(0.03, 0.01)
    now = 0.0

    def is_cancelled() -> bool:
        nonlocal now
        if not cancelled:
            now = next(times)
            output.send(Command(np.zeros(1), np.zeros(1), stop), now)
        return bool(cancelled)

    graph.wait_until(is_cancelled, 'the last goal was not cancelled')
    assert cancelled == goals[-1:]
    assert now > 0.03 + 2.0 * 0.07
    client.destroy()
    server.destroy()


def test_a_rejected_goal_holds_the_robot_until_goals_are_taken(robot: MovingRobot) -> None:
    robot.wait_until_it_moves()
    robot.accepts = False
    robot.wait_for(*REFUSED, f'{ACTION}: a goal was rejected')
    robot.wait_until_it_rests()
    robot.accepts = True
    robot.wait_until_it_moves()


def test_an_aborted_goal_holds_the_robot_with_the_words_of_its_controller(
    robot: MovingRobot,
) -> None:
    robot.wait_until_it_moves()
    server = robot.commands.goal_servers[0]
    aborting = robot.graph.peer.create_timer(0.05, lambda: server.abort(
        TOLERANCE_VIOLATED, 'Aborted due to path tolerance violation'))
    robot.graph.wait_until(
        lambda: 'path tolerance violation (-4)' in robot.status[-1].text, 'the abort was not told')
    aborting.cancel()
    robot.wait_until_it_moves()


def test_an_action_without_a_server_is_named(
    make_graph: Callable[..., Graph], small_checkpoint: str, tmp_path: Path
) -> None:
    file = str(robot_with_action(tmp_path))
    graph = make_graph(checkpoint=small_checkpoint, embodiment=file, **PATIENT)
    robot = MovingRobot(graph)  # serves the topic, not the action
    graph.start(ControllerNode(load=SmallSystem1))
    robot.instruct(epoch=1)
    robot.wait_for(*REFUSED, 'no action server')
    arm = EMBODIMENT.indices(EMBODIMENT.outputs[0].joints)
    np.testing.assert_array_equal(np.array(robot.path)[:, arm] - EMBODIMENT.home[arm], 0.0)


@pytest.mark.parametrize('wrong', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('where', ['positions', 'velocities'])
def test_what_is_not_finite_is_never_sent(
    make_graph: Callable[..., Graph], wrong: float, where: str
) -> None:
    graph = make_graph()
    node = LifecycleNode('sender')
    node.declare_parameter('autostart', True)
    refusals: list[Hold] = []
    outputs = Outputs(Interfaces(node), EMBODIMENT, DrivingParams(), refusals.append)
    trajectories = graph.listen(JointTrajectory, EMBODIMENT.outputs[0].topic)
    streams = graph.listen(Float64MultiArray, EMBODIMENT.outputs[1].topic)
    graph.start(node)
    good = Command(EMBODIMENT.home.copy(), np.zeros(len(EMBODIMENT.home)), None)
    bad = Command(good.positions.copy(), good.velocities.copy(), None)
    getattr(bad, where)[3] = wrong

    def sent() -> bool:
        assert outputs.send(bad, 1.0) == 0
        assert outputs.send(good, 1.0) == len(EMBODIMENT.outputs)
        return len(trajectories) > 3 and len(streams) > 3

    graph.wait_until(sent, 'nothing came')
    assert {each.reason for each in refusals} == {HoldReason.OUTPUT_REFUSED}
    for trajectory in trajectories:
        for point in trajectory.points:
            assert np.isfinite([*point.positions, *point.velocities]).all()
    assert all(np.isfinite(stream.data).all() for stream in streams)


@pytest.mark.parametrize('stamped', [True, False])
def test_trajectories_begin_at_their_command_or_on_arrival(
    make_graph: Callable[..., Graph], stamped: bool
) -> None:
    graph = make_graph()
    node = LifecycleNode('sender')
    node.declare_parameter('autostart', True)
    outputs = Outputs(
        Interfaces(node), EMBODIMENT, DrivingParams(stamped_trajectories=stamped),
        lambda hold: pytest.fail(hold.text))
    trajectories = graph.listen(JointTrajectory, EMBODIMENT.outputs[0].topic)
    graph.start(node)
    command = Command(EMBODIMENT.home.copy(), np.zeros(len(EMBODIMENT.home)), None)

    def sent() -> bool:
        outputs.send(command, 12.25)
        return bool(trajectories)

    graph.wait_until(sent, 'nothing came')
    assert seconds(trajectories[0].header.stamp) == (12.25 if stamped else 0.0)
