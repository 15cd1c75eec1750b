"""What stops the controller, over real topics: how it comes to rest, and what moves it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import Graph
from moving_robot import PATIENT, MovingRobot
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Joy
from small_system1 import SmallSystem1
from std_msgs.msg import Bool
from std_srvs.srv import SetBool, Trigger

from groot_ros.msg import Observation, PolicyStatus
from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.shared.qos import LATCHED
from groot_ros.nodes.shared.stamps import now, stamp_at

Start = Callable[..., MovingRobot]
STOPPED = PolicyStatus.FAULT, PolicyStatus.EMERGENCY_STOP


@pytest.fixture
def prepare(
    make_graph: Callable[..., Graph], small_checkpoint: str
) -> Callable[..., tuple[MovingRobot, LifecycleNode]]:
    """Make a robot and its controller, which is not started yet."""
    def make(**parameters: Any) -> tuple[MovingRobot, LifecycleNode]:
        graph = make_graph(checkpoint=small_checkpoint, **PATIENT | parameters)
        return MovingRobot(graph), ControllerNode(load=SmallSystem1)
    return make


@pytest.fixture
def start(prepare: Callable[..., tuple[MovingRobot, LifecycleNode]]) -> Start:
    """Start a controller with the given parameters; its robot has an instruction."""
    def start_controller(**parameters: Any) -> MovingRobot:
        robot, controller = prepare(**parameters)
        robot.graph.start(controller)
        robot.instruct(epoch=1)
        return robot
    return start_controller


def stop(robot: MovingRobot, how: str) -> None:
    """Call an emergency stop in one of the ways there are."""
    if how == 'service':
        assert trigger(robot, 'emergency_stop').success
    else:
        robot.graph.speak(Bool, 'emergency_stop')(Bool(data=True))


def trigger(robot: MovingRobot, service: str) -> Trigger.Response:
    return robot.graph.call(Trigger, f'controller/{service}', Trigger.Request())


def hold_button(robot: MovingRobot, button: list[int]) -> None:
    """Report the deadman button as often as a joystick does."""
    joy = robot.graph.peer.create_publisher(Joy, 'joy', 10)
    robot.graph.peer.create_timer(
        0.05, lambda: joy.publish(Joy(buttons=button)) if button else None)


@pytest.mark.parametrize('how', ['topic', 'service'])
def test_an_emergency_stop_is_latched_until_a_reset_and_a_fresh_instruction(
    start: Start, how: str
) -> None:
    robot = start()
    robot.wait_until_it_moves()
    before = robot.status[-1].stops
    stop(robot, how)
    robot.wait_for(*STOPPED)
    robot.wait_until_it_rests()
    robot.instruct(epoch=2)  # tokens of a new epoch come now, the latch holds
    robot.graph.speak(Bool, 'emergency_stop')(Bool(data=False))
    robot.path.clear()
    robot.wait_until_it_rests()
    assert robot.wait_for(*STOPPED).text.startswith('emergency stop')

    assert trigger(robot, 'reset_emergency_stop').success
    robot.graph.wait_until(lambda: 'is reset' in robot.status[-1].text, 'not reset')
    robot.path.clear()
    robot.wait_until_it_rests()
    assert (robot.status[-1].state, robot.status[-1].reason) == STOPPED

    robot.instruct(epoch=3)
    robot.wait_until_it_moves()
    assert robot.status[-1].stops > before


def test_the_outputs_fall_silent_after_an_emergency_stop(start: Start) -> None:
    robot = start()
    robot.wait_until_it_moves()
    stop(robot, 'topic')
    robot.wait_for(*STOPPED)
    robot.wait_until_it_rests()
    held = robot.path[-1]

    def silent() -> bool:
        robot.streams.clear()
        robot.path.clear()
        robot.wait_until_it_rests()
        return not robot.streams

    robot.graph.wait_until(silent, 'commands go on')
    np.testing.assert_allclose(robot.path[-1], held, atol=1e-4)


def test_a_robot_moved_while_it_was_stopped_goes_on_from_there(start: Start) -> None:
    robot = start()
    robot.wait_until_it_moves()
    stop(robot, 'service')
    robot.wait_for(*STOPPED)
    robot.wait_until_it_rests()
    moved = robot.path[-1] - 0.3 * np.sign(robot.path[-1])
    robot.graph.wait_until(lambda: not _commanded(robot), 'commands go on')
    robot.follower.reset(moved)
    assert trigger(robot, 'reset_emergency_stop').success
    robot.path.clear()
    robot.instruct(epoch=2)
    robot.wait_until_it_moves()
    path = np.array(robot.path)
    # Had it started from where it stopped, it would have jumped by 0.3 rad.
    assert np.abs(np.diff(path, axis=0)).max() < 0.15


def _commanded(robot: MovingRobot) -> bool:
    robot.streams.clear()
    robot.path.clear()
    robot.wait_until_it_rests()
    return bool(robot.streams)


def test_a_stop_before_the_start_is_honoured(
    prepare: Callable[..., tuple[MovingRobot, LifecycleNode]],
) -> None:
    robot, controller = prepare(autostart=False)
    robot.graph.start(controller)
    stop(robot, 'topic')
    stop(robot, 'service')
    assert controller.trigger_configure()
    robot.instruct(epoch=1)
    assert controller.trigger_activate()
    robot.wait_for(*STOPPED)
    assert not robot.moves()


@pytest.mark.parametrize('transitions', [
    ['deactivate', 'activate'], ['deactivate', 'cleanup', 'configure', 'activate']])
def test_a_stop_outlives_lifecycle_transitions(
    prepare: Callable[..., tuple[MovingRobot, LifecycleNode]], transitions: list[str]
) -> None:
    robot, controller = prepare()
    robot.graph.start(controller)
    robot.instruct(epoch=1)
    robot.wait_until_it_moves()
    stop(robot, 'topic')
    robot.wait_for(*STOPPED)
    for transition in transitions:
        getattr(controller, f'trigger_{transition}')()
    robot.wait_until_it_rests()
    robot.wait_for(*STOPPED)


def test_a_stop_that_a_device_holds_reaches_a_controller_that_starts_later(
    prepare: Callable[..., tuple[MovingRobot, LifecycleNode]],
) -> None:
    robot, controller = prepare()
    device = robot.graph.peer.create_publisher(Bool, 'emergency_stop', LATCHED)
    device.publish(Bool(data=True))
    robot.graph.start(controller)
    robot.instruct(epoch=1)
    robot.wait_for(*STOPPED)


def test_a_reset_of_the_policy_is_no_reset_of_the_stop(start: Start) -> None:
    robot = start()
    stop(robot, 'service')
    assert trigger(robot, 'reset').success
    robot.instruct(epoch=2)
    robot.wait_for(*STOPPED)
    assert trigger(robot, 'reset_emergency_stop').success
    assert not trigger(robot, 'reset_emergency_stop').success  # nothing left to reset
    robot.instruct(epoch=3)
    robot.wait_until_it_moves()


def test_the_robot_moves_while_the_deadman_button_is_held(start: Start) -> None:
    robot = start(deadman_topic='joy', deadman_button=1)
    released = PolicyStatus.DEADMAN_RELEASED
    robot.wait_for(PolicyStatus.WAITING, released, 'nothing is heard')
    button = [0, 1]
    hold_button(robot, button)
    robot.wait_until_it_moves()
    button[:] = [0, 0]
    robot.wait_for(PolicyStatus.HOLDING, released, 'is released')
    robot.wait_until_it_rests()
    button[:] = [0, 1]
    robot.wait_until_it_moves()
    button[:] = [1]  # a device without that button
    robot.wait_for(PolicyStatus.HOLDING, released, 'is released')
    button[:] = [0, 1]
    robot.wait_until_it_moves()
    button.clear()  # the joystick dies with the button held
    robot.wait_for(PolicyStatus.HOLDING, released, 'is joy running')
    robot.wait_until_it_rests()


def test_a_robot_that_does_not_follow_is_held_and_tried_again(start: Start) -> None:
    robot = start(max_tracking_error=0.3, tracking_patience_s=0.1)
    robot.wait_until_it_moves()
    robot.obeys = False
    held = robot.wait_for(PolicyStatus.HOLDING, PolicyStatus.TRACKING_ERROR)
    assert 'in its way' in held.text
    robot.obeys = True
    robot.wait_until_it_moves()


def test_the_robot_rests_while_there_are_no_observations(start: Start) -> None:
    robot = start(max_observation_age_s=2.0)
    robot.wait_for(PolicyStatus.WAITING, PolicyStatus.NO_OBSERVATION)
    observations = robot.graph.peer.create_publisher(Observation, 'observation', 1)
    message = Observation()

    def observe() -> None:
        message.header.stamp = stamp_at(now(robot.graph.peer))
        observations.publish(message)

    timer = robot.graph.peer.create_timer(0.1, observe)
    robot.wait_until_it_moves()
    timer.cancel()
    robot.wait_for(PolicyStatus.HOLDING, PolicyStatus.STALE_OBSERVATION)
    robot.wait_until_it_rests()
    timer.reset()
    robot.wait_until_it_moves()


def test_a_pause_outlives_a_restart_by_its_lifecycle(
    prepare: Callable[..., tuple[MovingRobot, LifecycleNode]],
) -> None:
    robot, controller = prepare()
    robot.graph.start(controller)
    robot.instruct(epoch=1)
    robot.wait_until_it_moves()
    robot.graph.call(SetBool, 'controller/pause', SetBool.Request(data=True))
    controller.trigger_deactivate()
    controller.trigger_activate()
    robot.wait_for(PolicyStatus.PAUSED, PolicyStatus.PAUSED_BY_USER)
    robot.graph.call(SetBool, 'controller/pause', SetBool.Request(data=False))
    robot.wait_until_it_moves()
