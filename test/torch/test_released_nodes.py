"""Planner and controller with released checkpoints: an image in, a chunk of actions out."""

import json
import shutil
import time

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState

from groot_ros.embodiment import load_embodiment
from groot_ros.model.processor import load_processor
from groot_ros.msg import ActionChunk, Observation
from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.messages.observations import image_message
from groot_ros.nodes.planner.node import PlannerNode
from groot_ros.nodes.shared.lifecycle import autostart
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.nodes.tools.graph_process import Domain
from groot_ros.observation import prepare_image

ROBOT = load_embodiment('unitree_g1')
PATIENCE_S = 60.0
PARAMETERS = {'instruction': '"touch red"', 'max_observation_age_s': 10.0,
              'max_token_age_s': 30.0, 'max_state_age_s': 5.0, 'max_delay_s': 10.0,
              'realtime_priority': 0}


@pytest.fixture
def start():
    """Give a context with parameters to the nodes that a test makes, and end it."""
    domain = Domain()

    def start_ros(**parameters):
        given = [word for name, value in {**PARAMETERS, **parameters}.items()
                 for word in ('-p', f'{name}:={value}')]
        rclpy.init(args=['--ros-args', *given], domain_id=domain.number)

    yield start_ros
    rclpy.try_shutdown()
    domain.close()


@pytest.fixture
def spin(start):
    """Spin nodes until a condition holds; they end with the test."""
    nodes = []

    def spin_until(made, condition):
        nodes.extend(made)
        executor = SingleThreadedExecutor()
        for node in made:
            executor.add_node(node)
        deadline = time.monotonic() + PATIENCE_S
        while not condition() and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.02)
        executor.shutdown()
        return condition()

    yield spin_until
    for node in reversed(nodes):
        node.destroy_node()


@pytest.mark.parametrize('version', ['n1_6', 'n1_7'])
def test_an_image_becomes_a_chunk(released, start, spin, version):
    folder = released[version]
    start(checkpoint=folder, action_period_s=0.05, token_dtype='bfloat16')
    planner, controller = PlannerNode(), ControllerNode()
    assert autostart(planner)
    assert autostart(controller)
    peer = Node('peer', use_global_arguments=False)
    chunks = []
    peer.create_subscription(ActionChunk, 'action_chunk', chunks.append, 10)
    observe = peer.create_publisher(Observation, 'observation', NEWEST)
    move = peer.create_publisher(JointState, ROBOT.joint_state_topic, 10)
    spec = load_processor(folder, 'unitree_g1').images['ego_view']
    image = prepare_image(np.full((480, 640, 3), 90, np.uint8), spec)

    def send():
        observation = Observation(embodiment='unitree_g1', image_names=['ego_view'])
        observation.header.stamp = stamp_at(now(peer))
        observation.images = [image_message(image, observation.header)]
        observe.publish(observation)
        state = JointState(name=list(ROBOT.joint_names), position=ROBOT.home.tolist())
        state.header.stamp = observation.header.stamp
        move.publish(state)

    peer.create_timer(0.1, send)
    assert spin([peer, planner, controller], lambda: chunks), 'no chunk of actions'
    assert (chunks[0].horizon, chunks[0].period) == (8, pytest.approx(0.05))
    assert len(chunks[0].positions) == 8 * 17


def test_a_controller_that_does_not_know_the_time_between_actions_does_not_start(
        released, start, capfd):
    start(checkpoint=released['n1_7'])
    controller = ControllerNode()
    assert not autostart(controller)
    controller.destroy_node()
    assert 'action_period_s' in capfd.readouterr().err


@pytest.mark.parametrize('make', [PlannerNode, ControllerNode])
def test_an_untrained_embodiment_starts_only_if_it_is_allowed(
        released, start, tmp_path, capfd, make):
    folder = shutil.copytree(released['n1_7'], tmp_path / 'n1_7')
    slots = json.loads((folder / 'embodiment_id.json').read_text())
    (folder / 'embodiment_id.json').write_text(json.dumps({**slots, 'unitree_g1': 3}))
    start(checkpoint=folder, action_period_s=0.05)
    node = make()
    assert not autostart(node)
    node.destroy_node()
    assert 'never trained' in capfd.readouterr().err
    rclpy.shutdown()
    start(checkpoint=folder, action_period_s=0.05, allow_untrained=True)
    node = make()
    assert autostart(node)
    node.destroy_node()
