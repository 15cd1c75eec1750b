"""The live view over its WebSocket, with a client that speaks the protocol as viewers do."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE_S, Graph
from geometry_msgs.msg import TransformStamped
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker, MarkerArray
from websockets.sync.client import ClientConnection, connect

from groot_ros.nodes.shared.lifecycle import autostart
from groot_ros.nodes.shared.qos import LATCHED
from groot_ros.nodes.viewer.assets import Assets, viewed_message
from groot_ros.nodes.viewer.node import ViewerNode, viewed_name
from groot_ros.simulation.urdf import robot_description

PROTOCOL = 'foxglove.sdk.v1'
MESSAGE_DATA, FETCH_ASSET_RESPONSE = 1, 4
OK = 0
MOMENT_S = 0.05
NO_FRAMES = serialize_message(TFMessage())


class Client:
    """A viewer."""

    def __init__(self, connection: ClientConnection) -> None:
        self._socket = connection
        self.info = self.wait_for('serverInfo')
        self.channels: dict[str, dict[str, Any]] = {}
        while not {'/joint_states', '/robot_description', '/visualizer/markers'} <= set(
                self.channels):
            for channel in self.wait_for('advertise')['channels']:
                self.channels[channel['topic']] = channel

    def wait_for(self, operation: str) -> dict[str, Any]:
        """Return the next message of a kind."""
        while True:
            message = self._socket.recv(PATIENCE_S)
            if isinstance(message, str) and (content := json.loads(message))['op'] == operation:
                return content

    def subscribe(self, topic: str) -> None:
        self.send({'op': 'subscribe', 'subscriptions': [
            {'id': 1, 'channelId': self.channels[topic]['id']}]})

    def send(self, message: dict[str, Any]) -> None:
        self._socket.send(json.dumps(message))

    def data(self) -> bytes | None:
        """Return the next message of the topic subscribed to, if there is one by now."""
        with contextlib.suppress(TimeoutError):
            while True:
                message = self._socket.recv(MOMENT_S)
                if isinstance(message, bytes) and message[0] == MESSAGE_DATA:
                    return message[struct.calcsize('<BIQ'):]
        return None

    def fetch(self, address: str) -> tuple[int, bytes]:
        """Return the status of a file, 0 if it was given, and its content or the reason."""
        self.send({'op': 'fetchAsset', 'uri': address, 'requestId': 7})
        while True:
            message = self._socket.recv(PATIENCE_S)
            if isinstance(message, bytes) and message[0] == FETCH_ASSET_RESPONSE:
                _, request, status, length = struct.unpack_from('<BIBI', message)
                assert request == 7
                return status, message[struct.calcsize('<BIBI') + length:]


@pytest.fixture
def graph(make_graph: Callable[..., Graph]) -> Graph:
    return make_graph(embodiment='unitree_g1', port=0)


@pytest.fixture
def viewer(graph: Graph) -> ViewerNode:
    """Start a viewer node on a free port."""
    node = ViewerNode()
    graph.start(node)
    return node


@contextlib.contextmanager
def looking(viewer: ViewerNode) -> Iterator[Client]:
    with connect(f'ws://127.0.0.1:{viewer.port}', subprotocols=[PROTOCOL],
                 max_size=None) as connection:
        yield Client(connection)


def test_messages_arrive_byte_for_byte_with_their_definition(
    graph: Graph, viewer: ViewerNode
) -> None:
    speak = graph.speak(JointState, 'joint_states')
    sent = JointState(name=['elbow'], position=[0.25])
    with looking(viewer) as client:
        channel = client.channels['/joint_states']
        assert channel['encoding'] == 'cdr'
        assert channel['schemaName'] == 'sensor_msgs/msg/JointState'
        assert 'float64[] position' in channel['schema']
        client.subscribe('/joint_states')
        got: list[bytes] = []

        def arrived() -> bool:
            speak(sent)
            if data := client.data():
                got.append(data)
            return bool(got)

        graph.wait_until(arrived, 'no joint states arrived')
        assert deserialize_message(got[0], JointState) == sent


def test_a_late_viewer_gets_the_robot_and_its_meshes_but_no_other_file(
    graph: Graph, viewer: ViewerNode
) -> None:
    urdf = robot_description()
    graph.speak(String, 'robot_description', LATCHED)(String(data=urdf))
    graph.wait_until(lambda: viewer._last, 'the description did not arrive')
    mesh = urdf.split('filename="')[1].split('"')[0]
    with looking(viewer) as client:
        client.subscribe('/robot_description')
        got: list[bytes] = []
        graph.wait_until(lambda: got.extend(filter(None, [client.data()])) or got,
                         'the description was not sent again')
        offered = urdf.replace('file://', 'package://local_file')
        assert deserialize_message(got[0], String).data == offered
        status, content = client.fetch(offered.split('filename="')[1].split('"')[0])
        assert status == OK
        assert content == Path(mesh.removeprefix('file://')).read_bytes()
        for address in ('file:///etc/passwd', 'package://local_file/etc/passwd', mesh,
                        'package://groot_ros/package.xml'):
            status, _ = client.fetch(address)
            assert status != OK


def test_a_late_viewer_gets_the_static_frames_of_every_publisher(
    graph: Graph, viewer: ViewerNode
) -> None:
    for frame in ('camera', 'hand'):
        graph.speak(TFMessage, 'tf_static', LATCHED)(
            TFMessage(transforms=[TransformStamped(child_frame_id=frame)]))

    def frames(cdr: bytes) -> set[str]:
        return {each.child_frame_id for each in deserialize_message(cdr, TFMessage).transforms}

    graph.wait_until(lambda: frames(viewer._last.get('/tf_static') or NO_FRAMES) == {
        'camera', 'hand'}, 'the frames did not arrive')
    with looking(viewer) as client:
        client.subscribe('/tf_static')
        got: list[bytes] = []
        graph.wait_until(lambda: got.extend(filter(None, [client.data()])) or got,
                         'the frames were not sent again')
        assert frames(got[0]) == {'camera', 'hand'}


def test_only_meshes_in_files_get_another_address() -> None:
    meshes = ('file:///a/b.stl', 'package://robot/b.stl', '')
    sent = serialize_message(MarkerArray(markers=[Marker(mesh_resource=each) for each in meshes]))
    got = deserialize_message(viewed_message(MarkerArray, sent), MarkerArray)
    assert [each.mesh_resource for each in got.markers] == [
        'package://local_file/a/b.stl', 'package://robot/b.stl', '']
    other = serialize_message(JointState(name=['file://']))
    assert viewed_message(JointState, other) == other


@pytest.mark.parametrize('quote', ['"', "'"])
def test_the_meshes_of_a_description_are_offered_however_it_is_written(
    tmp_path: Path, quote: str
) -> None:
    mesh, other = tmp_path / 'a.stl', tmp_path / 'b.stl'
    mesh.write_bytes(b'solid')
    other.write_bytes(b'secret')
    urdf = f'<mesh filename={quote}file://{mesh}{quote}/><!-- file://{other} -->'
    assets = Assets()
    assets.allow(urdf)
    address = f'package://local_file{mesh}'
    got = deserialize_message(
        viewed_message(String, serialize_message(String(data=urdf))), String)
    assert got.data == urdf.replace(f'file://{mesh}', address)
    assert assets.read(address) == b'solid'
    assert assets.read(f'package://local_file{other}') is None


def test_topics_are_offered_without_the_namespace() -> None:
    assert [viewed_name(each) for each in ('tf', '/clock')] == ['/tf', '/clock']


@pytest.mark.parametrize(('attempt', 'refused'), [
    ({'op': 'advertise', 'channels': [{
        'id': 1, 'topic': '/emergency_stop', 'encoding': 'cdr',
        'schemaName': 'std_msgs/msg/Bool'}]}, 'clientPublish'),
    ({'op': 'setParameters', 'parameters': [{'name': 'port', 'value': 1}]}, 'parameters')])
def test_what_a_viewer_attempts_is_refused(
    viewer: ViewerNode, attempt: dict[str, Any], refused: str
) -> None:
    with looking(viewer) as client:
        client.send(attempt)
        assert f'does not support {refused}' in client.wait_for('status')['message']
    assert viewer.count_publishers('/emergency_stop') == 0


def test_a_viewer_can_publish_nothing(viewer: ViewerNode) -> None:
    with looking(viewer) as client:
        capabilities = set(client.info['capabilities'])
        assert not capabilities & {'clientPublish', 'services', 'parameters'}
        assert not [name for name in client.channels if 'goal_tokens' in name]


def test_a_port_that_is_taken_is_refused(make_graph: Callable[..., Graph]) -> None:
    with socket.create_server(('127.0.0.1', 0)) as taken:
        make_graph(embodiment='unitree_g1', port=taken.getsockname()[1])
        node = ViewerNode()
        assert not autostart(node)
        node.destroy_node()
