"""What is seen of a graph in which nothing is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from groot_ros.diagnosis import (
    Delivery,
    Endpoint,
    GraphFacts,
    HeardCamera,
    HeardJoints,
    NodeFacts,
    NodeStatus,
    Surroundings,
    Topic,
)
from groot_ros.diagnosis.outputs import KINDS
from groot_ros.embodiment import load_embodiment

ROBOT = load_embodiment('unitree_g1')
CAMERA, STATES = '/' + ROBOT.cameras[0].topic, '/joint_states'
COMMANDS = '/' + ROBOT.outputs[0].topic
IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
JOINT_STATE = 'sensor_msgs/msg/JointState'
HEAD = HeardCamera(20, 10.0, 0.01, 0.02, (640, 480))
JOINTS = HeardJoints(200, 100.0, 0.001, 0.002, frozenset(ROBOT.joint_names))


def end(node: str, kind: str, **delivery: Any) -> Endpoint:
    return Endpoint(node, kind, Delivery(**{'reliable': True} | delivery))


def node(name: str, **changed: Any) -> NodeFacts:
    parameters = {'embodiment': 'unitree_g1', 'checkpoint': 'g1_tabletop', 'use_sim_time': False}
    facts = NodeFacts(name, 1, 'active', parameters, NodeStatus('RUNNING', 'NONE', '', 10.0, 0.08))
    return replace(facts, **changed)


def stopped(name: str, reason: str, state: str = 'HOLDING') -> NodeFacts:
    return node(name, status=NodeStatus(state, reason, 'as it said'))


HEALTHY = GraphFacts(
    Surroundings(0, 'rmw_fastrtps_cpp', 'SUBNET'), '',
    ('/controller', '/driver', '/perception', '/planner'),
    (node('perception'), node('planner'), node('controller')),
    {CAMERA: Topic((end('/camera', IMAGE),), (end('/perception', IMAGE, reliable=False),)),
     STATES: Topic((end('/driver', JOINT_STATE),))} | {
         f'/{output.topic}': Topic(
             (end('/controller', KINDS[output.interface]),),
             (end('/driver', KINDS[output.interface]),)) for output in ROBOT.outputs},
    {CAMERA: HEAD, STATES: JOINTS}, image_sizes={'ego_view': (192, 192)})
