"""The operator page over HTTP: what it shows of a real graph, and what it lets the robot do."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import PATIENCE_S, Graph
from moving_robot import MovingRobot
from operated_robot import PARAMETERS, OperatedRobot
from page_client import PageClient
from sensor_msgs.msg import Image
from small_system1 import SmallSystem1
from std_msgs.msg import Bool, Header

from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.messages.observations import image_message
from groot_ros.nodes.operator_page.node import OperatorPageNode
from groot_ros.nodes.shared.lifecycle import autostart
from groot_ros.nodes.shared.qos import EVERY, NEWEST
from groot_ros.nodes.tools.graph_client import GraphClient

CAMERA, OVERLAY = 'camera/head/image_raw', 'visualizer/overlay_0'
RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def robot(make_graph: Callable[..., Graph], small_checkpoint: str) -> OperatedRobot:
    return OperatedRobot(make_graph(checkpoint=small_checkpoint, **PARAMETERS))


@pytest.fixture
def page(make_graph: Callable[..., Graph]) -> tuple[Graph, PageClient]:
    """A page with no robot behind it."""
    graph = make_graph(embodiment='unitree_g1', port=0)
    node = OperatorPageNode()
    graph.start(node)
    return graph, PageClient(node.port)


def wait_for(robot: OperatedRobot, **wanted: object) -> None:
    """Wait until the page shows what is wanted, each by its key."""
    robot.graph.wait_until(
        lambda: wanted.items() <= robot.state().items(),
        lambda: f'the page does not show {wanted} but {robot.state()}')


def test_the_robot_obeys_the_page(robot: OperatedRobot) -> None:
    wait_for(robot, lost='')
    assert not robot.moves()
    assert robot.post('/instruct', instruction='wave')['ok']
    robot.wait_until_it_moves()
    wait_for(robot, instruction='wave', stopped=False)

    assert robot.post('/pause')['ok']
    robot.wait_until_it_rests()
    robot.graph.wait_until(
        lambda: robot.state()['controller']['state'] == 'paused', 'the page shows no pause')
    assert robot.state()['controller']['reason'] == 'paused by user'
    assert robot.post('/resume')['ok']
    robot.wait_until_it_moves()

    assert robot.post('/stop')['ok']
    robot.wait_until_it_rests()
    wait_for(robot, stopped=True, latched=True, unconfirmed=None, instruction='')
    refused = robot.post('/instruct', instruction='wave')
    assert not refused['ok']
    assert 'reset it first' in refused['text']

    assert robot.post('/reset')['ok']
    wait_for(robot, stopped=True, latched=False)
    robot.path.clear()
    robot.wait_until_it_rests()
    assert robot.post('/instruct', instruction='wave again')['ok']
    robot.wait_until_it_moves()
    wait_for(robot, stopped=False, instruction='wave again')


def test_rates_and_ages_are_shown(robot: OperatedRobot) -> None:
    robot.post('/instruct', instruction='wave')
    robot.wait_until_it_moves()
    state = robot.state()
    assert [node['name'] for node in state['nodes']] == ['perception', 'planner', 'controller']
    assert state['nodes'][0]['silence'] is None
    meters = {meter['name']: meter for meter in state['controller']['meters']}
    assert {'goal_tokens', 'joint_states', 'action chunks', 'commands'} <= set(meters)
    robot.graph.wait_until(
        lambda: robot.state()['controller']['meters'][-1]['rate'], 'no rate of commands')
    assert meters['commands']['wanted'] == 120.0
    assert meters['joint_states']['age'] < PATIENCE_S


def test_a_stop_needs_no_callback_of_the_node(page: tuple[Graph, PageClient]) -> None:
    graph, client = page
    heard: list[Bool] = []
    # Nobody spins the page's node from here on: it is as stuck as a node can be.
    with GraphClient(graph.domain) as other:
        other.node.create_subscription(Bool, 'emergency_stop', heard.append, EVERY)

        def stopped() -> bool:  # at first the page may not know who listens
            client.post('/stop')
            return bool(heard)

        other.spin_until(stopped, PATIENCE_S, 'the stop')
    assert heard[0].data


def test_a_stop_that_nobody_hears_or_confirms_is_told(page: tuple[Graph, PageClient]) -> None:
    graph, client = page
    reply = client.post('/stop').json
    assert not reply['ok']
    assert 'Nobody hears /emergency_stop' in reply['text']
    heard = graph.listen(Bool, 'emergency_stop', EVERY)
    graph.wait_until(lambda: client.post('/stop').json['ok'], 'a listener is not counted')
    graph.wait_until(lambda: heard and heard[-1].data, 'the stop does not arrive')
    assert client.state()['unconfirmed'] >= 0.0
    assert 'never heard' in client.state()['lost']


def test_a_stop_is_held_for_a_controller_that_starts_later_until_it_is_reset(
    make_graph: Callable[..., Graph], small_checkpoint: str
) -> None:
    graph = make_graph(checkpoint=small_checkpoint, **PARAMETERS)
    robot = MovingRobot(graph)
    client = PageClient(graph.start(OperatorPageNode()).port)
    client.post('/stop')
    graph.start(ControllerNode(load=SmallSystem1))
    robot.instruct(epoch=1)
    graph.wait_until(lambda: client.state()['latched'], 'it is not stopped')
    with ThreadPoolExecutor(1) as browser:
        asked = browser.submit(client.post, '/reset')
        graph.wait_until(asked.done, 'the page does not answer')
        assert asked.result().json['ok']
    robot.instruct(epoch=2)
    robot.wait_until_it_moves()


def test_a_page_without_a_robot_says_so(page: tuple[Graph, PageClient]) -> None:
    _, client = page
    for path in ('/pause', '/resume', '/reset', '/instruct'):
        reply = client.post(path, {'instruction': 'wave'}).json
        assert not reply['ok']
        assert 'is its node running?' in reply['text']


def colour(jpeg: bytes) -> tuple[int, ...]:
    """Return the colour of a picture, rounded to what is either full or absent."""
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return tuple(255 * round(each / 255) for each in pixels.mean(axis=(0, 1))[::-1])


def test_the_camera_is_shown_with_words_over_it_where_they_are_drawn(
    page: tuple[Graph, PageClient]
) -> None:
    graph, client = page
    raw = graph.peer.create_publisher(Image, CAMERA, NEWEST)

    def publish(publisher: object, colour: tuple[int, int, int]) -> None:
        publisher.publish(image_message(np.full((6, 8, 3), colour, np.uint8), Header()))

    def sees(wanted: tuple[int, int, int]) -> bool:
        reply = client.get('/camera/0/0')
        return reply.status == 200 and colour(reply.body) == wanted

    graph.peer.create_timer(0.05, lambda: publish(raw, RED))
    graph.wait_until(lambda: sees(RED), 'the camera is not seen')
    assert client.get('/camera/0/1000000').status == 200  # known from a page before this one
    drawn = graph.peer.create_publisher(Image, OVERLAY, NEWEST)
    graph.peer.create_timer(0.05, lambda: publish(drawn, BLUE))
    graph.wait_until(lambda: sees(BLUE), 'the overlay is not seen')
    graph.wait_until(
        lambda: graph.peer.count_subscribers(CAMERA) == 0, 'it looks at what it does not show')
    graph.wait_until(
        lambda: graph.peer.count_subscribers(OVERLAY) == 0, 'it looks although nobody does')


def test_a_page_for_the_network_prints_its_token_once_and_logs_it_nowhere(
    make_graph: Callable[..., Graph], capfd: pytest.CaptureFixture[str]
) -> None:
    graph = make_graph(embodiment='unitree_g1', host='0.0.0.0', port=0)
    node = graph.start(OperatorPageNode())
    shown = capfd.readouterr()  # whatever is logged is shown on the error output too
    assert 'operator page: http://' in shown.err
    token = shown.out.partition('not shown again: ')[2].split()[0]
    client = PageClient(node.port)
    assert client.get('/state').status == 401
    assert client.post('/sign_in', {'token': 'another'}).status == 401
    assert client.post('/sign_in', {'token': token}).status == 303
    assert shown.out.count(token) == 1
    assert token not in shown.err


def test_the_token_of_a_file_is_asked_for_on_this_machine_too(
    make_graph: Callable[..., Graph], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / 'token'
    file.write_text('correct horse battery staple')
    file.chmod(0o600)
    graph = make_graph(embodiment='unitree_g1', port=0, token_file=str(file))
    node = OperatorPageNode()
    graph.start(node)
    assert PageClient(node.port).get('/state').status == 401
    assert 'correct horse' not in ''.join(capfd.readouterr())


def test_what_a_page_cannot_be_served_with_is_named(
    make_graph: Callable[..., Graph], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    make_graph(embodiment='unitree_g1', port=0, token_file=str(tmp_path / 'nowhere'))
    node = OperatorPageNode()
    assert not autostart(node)
    node.destroy_node()
    assert 'nowhere' in capfd.readouterr().err


def test_a_missing_package_is_named_with_the_way_out(
    make_graph: Callable[..., Graph], monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, 'groot_ros.operator_page.server', None)
    make_graph(embodiment='unitree_g1', port=0)
    node = OperatorPageNode()
    assert not autostart(node)
    node.destroy_node()
    assert 'pip install tornado' in capfd.readouterr().err


def test_the_page_ends_with_the_configuration_of_its_node(
    make_graph: Callable[..., Graph]
) -> None:
    node = make_graph(embodiment='unitree_g1', port=0).start(OperatorPageNode())
    client = PageClient(node.port)
    assert client.state()
    node.trigger_deactivate()
    node.trigger_cleanup()
    with pytest.raises(ConnectionRefusedError):
        client.state()
    assert not [each for each in threading.enumerate() if each.name == 'operator_page']
