"""The controller over real topics, with a small System 1 and a robot that stands where it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Graph
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from small_system1 import EMBODIMENT, HORIZON, SmallSystem1
from standing_robot import MOVE, StandingRobot
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from groot_ros.embodiment import EmbodimentError
from groot_ros.msg import GoalTokens, Instruction, PolicyStatus, StepDone
from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.shared.qos import EVERY, LATCHED, NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at


@pytest.fixture
def start(
    make_graph: Callable[..., Graph], small_checkpoint: str
) -> Callable[..., StandingRobot]:
    """Start a controller with the given parameters, and its robot.

    Unless a test is about it, nothing is stale soon: a busy machine is slow, not wrong.
    """
    def start_controller(**parameters: Any) -> StandingRobot:
        patient = {'max_token_age_s': 20.0, 'max_state_age_s': 5.0, 'max_delay_s': 10.0}
        graph = make_graph(checkpoint=small_checkpoint, **patient | parameters)
        controller = graph.start(ControllerNode(load=SmallSystem1))
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
    chunk = robot.chunks[-1]
    assert len(chunk.positions) == HORIZON * len(chunk.joint_names)
    assert chunk.checkpoint == 'small'
    assert chunk.solve_time > 0.0


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
        lambda: np.allclose(robot.trajectories[-1].points[0].velocities, 0.0, atol=1e-6),
        'not at rest')
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
        lambda: np.allclose(robot.trajectories[-1].points[0].velocities, 0.0, atol=1e-6),
        'it ended in motion')


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
    start: Callable[..., StandingRobot], small_checkpoint: str
) -> None:
    robot = start()
    fault = Path(small_checkpoint, 'out_of_memory')
    fault.touch()
    robot.send_tokens()
    status = robot.wait_for(PolicyStatus.WAITING, PolicyStatus.SOLVER_FAILED)
    assert 'out of memory' in status.text
    fault.unlink()
    robot.wait_for(PolicyStatus.RUNNING)


def test_a_locked_simulator_hears_of_every_tick(
    make_graph: Callable[..., Graph], small_checkpoint: str
) -> None:
    graph = make_graph(checkpoint=small_checkpoint, step_locked=True)
    graph.start(ControllerNode(load=SmallSystem1))
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
    make_graph: Callable[..., Graph], small_checkpoint: str
) -> None:
    graph = make_graph(checkpoint=small_checkpoint, use_sim_time=True)
    graph.start(ControllerNode(load=SmallSystem1))
    status = graph.listen(PolicyStatus, 'controller/status', NEWEST)
    send = graph.speak(Clock, '/clock', 1)
    for tick in range(1, 5):
        send(Clock(clock=stamp_at(100.0 + tick / 120.0)))
        graph.wait_until(
            lambda tick=tick: status and status[-1].ticks == tick, f'no tick {tick}')
    send(Clock(clock=stamp_at(99.5)))  # somebody set it back, by less than a second
    graph.wait_until(lambda: status[-1].ticks == 5, 'no tick of the time that was set')
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
