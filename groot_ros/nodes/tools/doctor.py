"""Tell why a robot does not move: look at its graph from outside.

Exit code 0: nothing found that keeps it from moving. 1: something is wrong. 2: wrong arguments.
130: interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.exceptions import InvalidNamespaceException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.utilities import remove_ros_args
from rclpy.validate_namespace import validate_namespace
from rich.console import Console
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from groot_ros.diagnosis import GraphFacts, NodeFacts, diagnose, resolve
from groot_ros.diagnosis.cameras import camera_info_topic, camera_topic
from groot_ros.diagnosis.outputs import trajectory_takers
from groot_ros.diagnosis.tables import is_healthy, show, to_json
from groot_ros.diagnosis.teleoperation import clutch_is_gamepad, target_topics
from groot_ros.embodiment import Embodiment, EmbodimentError, load_embodiment
from groot_ros.model.finding import find_checkpoint
from groot_ros.model.processor import load_processor
from groot_ros.nodes.shared.listeners import (
    ANY,
    CameraListener,
    ClockListener,
    JointListener,
    JoyListener,
    Listener,
)
from groot_ros.nodes.tools.controller_probe import ControllerProbe
from groot_ros.nodes.tools.graph_probe import (
    OTHERS,
    POLICY,
    NodeProbe,
    node_names,
    surroundings,
    topics,
)

CAMERA_MESSAGES = {'raw': Image, 'compressed': CompressedImage}
DISCOVERY_S = 1.0
"""How long nodes are given to be found and to answer [s]."""
DEFAULT_ROBOT = 'unitree_g1'


class Doctor:
    """Looks at one robot and what moves it.

    Args:
        node: The node that looks.
        namespace: Of the policy, '' or as `/robot1`.
    """

    def __init__(self, node: Node, namespace: str) -> None:
        self._node, self._namespace = node, namespace
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        self._clock = ClockListener(node, namespace)
        self._probes = [NodeProbe(node, namespace, name) for name in (*POLICY, *OTHERS)]
        self._controllers: dict[str, ControllerProbe] = {}

    def choose_robot(self, asked: str | None) -> Embodiment:
        """Return the robot asked for, else that of the nodes that run.

        Raises:
            EmbodimentError: If there is no such robot.
        """
        self._spin(DISCOVERY_S)
        running = [probe.facts().parameters.get('embodiment') for probe in self._probes]
        return load_embodiment(asked or str(next(filter(None, running), DEFAULT_ROBOT)))

    def look(self, robot: Embodiment, duration: float) -> GraphFacts:
        """Return what is seen of the graph within `duration` [s]."""
        place = surroundings(self._node)
        listeners = self._listen(robot)
        self._controllers = {
            name: ControllerProbe(self._node, name) for output in robot.outputs
            for name in trajectory_takers(topics(self._node), self._namespace, output)}
        self._spin(duration)
        seen = [probe.facts() for probe in self._probes]
        nodes, others = tuple(seen[:len(POLICY)]), tuple(seen[len(POLICY):])
        simulated = any(node.parameters.get('use_sim_time') for node in seen)
        return GraphFacts(
            place, self._namespace, tuple(node_names(self._node)), nodes, topics(self._node),
            {topic: each.heard(simulated) for topic, each in listeners.items()},
            self._clock.facts(), _image_sizes(nodes, robot), others, {
                name: leads_in for name, probe in self._controllers.items()
                if (leads_in := probe.leads_in_from_target) is not None})

    def _listen(self, robot: Embodiment) -> dict[str, Listener]:
        """Return a listener for each input of `robot`, by full topic name."""
        cameras = {
            camera_topic(self._namespace, camera, camera.transport):
            CAMERA_MESSAGES[camera.transport] for camera in robot.cameras}
        small = {camera_info_topic(self._namespace, each): CameraInfo for each in robot.cameras}
        small |= dict.fromkeys(target_topics(self._namespace, robot), PoseStamped)
        joints = resolve(self._namespace, robot.joint_state_topic)
        return {
            joints: JointListener(self._node, self._clock, joints),
            **{topic: CameraListener(self._node, self._clock, kind, topic)
               for topic, kind in cameras.items()},
            **{topic: Listener(self._node, self._clock, kind, topic, ANY)
               for topic, kind in small.items()},
            **{topic: JoyListener(self._node, self._clock, topic)
               for topic in self._gamepads()}}

    def _gamepads(self) -> set[str]:
        """Return the full names of the topics with a button that must be held."""
        nodes = {probe.name: probe.facts() for probe in self._probes}
        names = [str(nodes['controller'].parameters.get('deadman_topic', ''))]
        if clutch_is_gamepad(nodes['teleoperator']):
            names.append('joy')
        return {resolve(self._namespace, name) for name in names if name}

    def _spin(self, duration: float) -> None:
        """Spin for `duration` [s] and ask what was not asked yet."""
        end = time.monotonic() + duration
        while time.monotonic() < end:
            for probe in self._probes:
                probe.ask()
            for controller in self._controllers.values():
                controller.ask()
            self._executor.spin_once(timeout_sec=0.05)


def main() -> int:
    """Run the command line and return its exit code."""
    options = _parser().parse_args(remove_ros_args(sys.argv)[1:])
    try:
        facts, robot = _examine(options)
    except (EmbodimentError, InvalidNamespaceException) as error:
        print(f'doctor: {error}', file=sys.stderr)
        return 2
    except (KeyboardInterrupt, ExternalShutdownException):
        return 130
    findings = diagnose(facts, robot)
    if options.json:
        print(json.dumps(to_json(findings), indent=2))
    else:
        show(findings, Console())
    return 0 if is_healthy(findings) else 1


def _examine(options: argparse.Namespace) -> tuple[GraphFacts, Embodiment]:
    """Return what is seen, and for which robot."""
    space = options.namespace.strip('/')
    namespace = f'/{space}' if space else ''
    validate_namespace(namespace or '/')
    rclpy.init(args=sys.argv)
    try:
        node = rclpy.create_node(
            'doctor', namespace=namespace, enable_rosout=False, start_parameter_services=False)
        doctor = Doctor(node, namespace)
        robot = doctor.choose_robot(options.embodiment)
        return doctor.look(robot, options.seconds), robot
    finally:
        rclpy.try_shutdown()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='doctor', description='Tell why the robot does not move, and what to do.')
    parser.add_argument('--namespace', default='', help='of the policy, as /robot1')
    parser.add_argument('--embodiment', metavar='TAG_OR_FILE',
                        help='the robot; by default that of the nodes that run')
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')
    parser.add_argument('--seconds', type=_duration, default=2.0, metavar='N',
                        help='how long to listen to the inputs (2)')
    return parser


def _duration(text: str) -> float:
    """Read a time to listen [s]."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 600.0:
        raise argparse.ArgumentTypeError(f'{text!r} is no number from 0.1 to 600 [s]')
    return value


def _image_sizes(nodes: Sequence[NodeFacts], robot: Embodiment) -> dict[str, tuple[int, int]]:
    """Return width and height that the checkpoint asks for [px] by video key, if it is here."""
    checkpoint = next(
        filter(None, (node.parameters.get('checkpoint') for node in nodes)), None)
    if checkpoint is None:
        return {}
    try:
        processor = load_processor(
            find_checkpoint(str(checkpoint), download=_not_here), robot.model.embodiment_tag,
            allow_untrained=True)
    except (OSError, ValueError):
        return {}
    return {key: (spec.size[0], spec.size[1]) for key, spec in processor.images.items()}


def _not_here(repository: str) -> Path:
    raise OSError(f'{repository} is not fetched for a look')
