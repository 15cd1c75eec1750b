"""Every kind of output, in front of joint controllers that keep the rules of the real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from action_msgs.msg import GoalStatus, GoalStatusArray
from conftest import Graph
from control_msgs.action import FollowJointTrajectory
from moving_robot import ACTION, PATIENT, MovingRobot, robot_with_action
from rclpy.lifecycle import LifecycleNode
from small_system1 import EMBODIMENT, SmallSystem1
from std_msgs.msg import Bool, Float64MultiArray
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from groot_ros.control import Command, Hold, HoldReason
from groot_ros.msg import PolicyStatus
from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.outputs import Outputs
from groot_ros.nodes.shared.qos import LATCHED

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


def test_a_rejected_goal_holds_the_robot_until_goals_are_taken(robot: MovingRobot) -> None:
    robot.wait_until_it_moves()
    robot.accepts = False
    assert f'{ACTION}: a goal was rejected' in robot.wait_for(*REFUSED).text
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
    assert 'no action server' in robot.wait_for(*REFUSED).text
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
    outputs = Outputs(
        Interfaces(node), EMBODIMENT, lead=0.02, goal_period=0.05, on_refusal=refusals.append)
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
