"""The view that ships, against the running graph in a namespace: RViz would show all of it."""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from rclpy.node import Node
from rviz_graph import SeenGraph, graph_faults
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from groot_ros.nodes.shared.qos import EVERY, LATCHED, NEWEST
from groot_ros.nodes.shared.static_frames import STATIC_FRAMES
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_probe import topics
from groot_ros.nodes.tools.graph_process import Domain, GraphError, GraphProcess

FILE = Path(__file__).parents[2] / 'config/rviz/humanoid.rviz'
NAMESPACE = 'robot1'
PATIENCE_S = 180.0


class Looker:
    """Sees of a graph what RViz would.

    Args:
        node: Subscribes; somebody else spins it.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._parents: dict[str, str] = {}
        self._links: frozenset[str] = frozenset()
        self._drawn_in: frozenset[str] = frozenset()
        node.create_subscription(TFMessage, 'tf', self._on_frames, EVERY)
        node.create_subscription(TFMessage, 'tf_static', self._on_frames, STATIC_FRAMES)
        node.create_subscription(String, 'robot_description', self._on_description, LATCHED)
        node.create_subscription(MarkerArray, 'visualizer/markers', self._on_markers, NEWEST)

    def graph(self) -> SeenGraph:
        """Return what was seen so far."""
        return SeenGraph(
            self._node.get_namespace(), topics(self._node), dict(self._parents), self._links,
            self._drawn_in)

    @property
    def sees(self) -> bool:
        """Whether there is a robot, and something drawn."""
        return bool(self._links and self._drawn_in and self._parents)

    def _on_frames(self, message: TFMessage) -> None:
        self._parents.update(
            {each.child_frame_id: each.header.frame_id for each in message.transforms})

    def _on_description(self, message: String) -> None:
        links = ElementTree.fromstring(message.data).findall('link')
        self._links = frozenset(link.attrib['name'] for link in links)

    def _on_markers(self, message: MarkerArray) -> None:
        self._drawn_in |= {each.header.frame_id for each in message.markers}


@pytest.fixture(scope='module')
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeenGraph]:
    """Return the graph once the view finds all of it, or as it is when patience ends."""
    view = yaml.safe_load(FILE.read_text())
    # As use_rviz:=true, which needs RViz; the view server takes any port.
    arguments = {'namespace': NAMESPACE, 'viewer': 'foxglove'}
    domain = Domain()
    with (
        GraphProcess(domain.number, arguments, {'port': 0}, tmp_path_factory.mktemp('log'))
        as process,
        GraphClient(domain.number, process.check, NAMESPACE) as client,
    ):
        looker = Looker(client.node)
        client.spin_until(lambda: looker.sees, PATIENCE_S, 'a robot and markers')
        with suppress(GraphError):  # the test says what is missing
            client.spin_until(
                lambda: not graph_faults(view, looker.graph()), PATIENCE_S, 'the whole view')
        process.check()
        yield looker.graph()
    domain.close()


def display(view: dict[str, Any], name: str) -> dict[str, Any]:
    displays = view['Visualization Manager']['Displays']
    return next(each for each in displays if each['Name'] == name)


def test_every_display_finds_its_topic_and_its_frames(seen: SeenGraph) -> None:
    assert graph_faults(yaml.safe_load(FILE.read_text()), seen) == []
    assert {'pelvis', 'right_wrist_yaw_link'} <= seen.links


@pytest.mark.parametrize(('plant', 'words'), [
    (lambda view: display(view, 'What the policy sees')['Topic'].update(
        {'Value': 'visualizer/overlay_7'}), 'nobody publishes /robot1/visualizer/overlay_7'),
    (lambda view: display(view, 'Head camera')['Topic'].update(
        {'Value': '/camera/head/image_raw'}), 'nobody publishes /camera/head/image_raw'),
    (lambda view: display(view, 'Head camera')['Topic'].update({'Value': 'joint_states'}),
     '/robot1/joint_states has type sensor_msgs/msg/JointState'),
    (lambda view: display(view, 'Plan, ghost and words')['Topic'].update(
        {'Durability Policy': 'Transient Local'}), 'wanted transient local'),
    (lambda view: view['Visualization Manager']['Global Options'].update(
        {'Fixed Frame': 'odom'}), 'the fixed frame odom is not in tf'),
    (lambda view: view['Visualization Manager']['Views']['Current'].update(
        {'Target Frame': 'trunk'}), 'no transform from trunk'),
])
def test_a_planted_fault_is_found(
    seen: SeenGraph, plant: Callable[[dict[str, Any]], None], words: str
) -> None:
    view = copy.deepcopy(yaml.safe_load(FILE.read_text()))
    plant(view)
    faults = graph_faults(view, seen)
    assert any(words in fault for fault in faults), faults
