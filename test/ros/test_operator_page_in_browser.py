"""The operator page in a real browser: typed into, clicked, and left alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from browser import open_browser
from conftest import Graph
from operated_robot import PARAMETERS, OperatedRobot
from playwright.sync_api import Browser, Page
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from groot_ros.msg import InputStatus, PolicyStatus
from groot_ros.nodes.messages.observations import image_message
from groot_ros.nodes.operator_page.node import OperatorPageNode
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.operator_page import Access, Answer
from groot_ros.operator_page.server import PageServer

OpenPage = Callable[..., Page]
PHONE = {'width': 360, 'height': 640}
TOKEN = 'correct horse battery staple'
NOT_LIVE = 'this page is not live'


@pytest.fixture
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open pages; what their scripts complain of fails the test."""
    errors: list[str] = []

    def go(port: int, **options: object) -> Page:
        page = browser.new_context(**options).new_page()
        page.on('pageerror', lambda error: errors.append(str(error)))
        page.goto(f'http://127.0.0.1:{port}/')
        return page

    yield go
    assert errors == []


@pytest.fixture
def robot(make_graph: Callable[..., Graph], small_checkpoint: str) -> OperatedRobot:
    return OperatedRobot(make_graph(checkpoint=small_checkpoint, **PARAMETERS))


def wait_for(graph: Graph, page: Page, selector: str, text: str) -> None:
    """Wait until an element shows a text, whatever the style makes of its letters."""
    graph.wait_until(
        lambda: text in page.inner_text(selector).lower(),
        lambda: f'{selector} shows {page.inner_text(selector)!r} instead of {text!r}')


def wait_until_live(graph: Graph, page: Page) -> None:
    graph.wait_until(lambda: page.inner_text('#live') == 'live', 'the page is not live')


def tell(page: Page, text: str) -> None:
    page.fill('#instruction', text)
    page.keyboard.press('Enter')


def reset(graph: Graph, page: Page) -> None:
    graph.wait_until(lambda: page.is_enabled('#reset'), 'the stop cannot be reset')
    page.click('#reset')
    page.click('#stop')  # still within reach
    graph.wait_until(lambda: page.is_hidden('#sure'), 'a stop leaves the question open')
    page.click('#reset')
    page.click('#reset-yes')
    wait_for(graph, page, '#reason', 'waiting for a new instruction')


def test_typed_and_clicked_the_robot_obeys(robot: OperatedRobot, open_page: OpenPage) -> None:
    graph, page = robot.graph, open_page(robot.page.port)
    wait_until_live(graph, page)
    tell(page, 'wave <b>both</b> hands')
    robot.wait_until_it_moves()
    wait_for(graph, page, '#word', 'running')
    wait_for(graph, page, '#doing', 'wave <b>both</b> hands')
    wait_for(graph, page, '#meters', 'commands')
    assert page.is_hidden('#alarm')

    page.click('#pause')
    robot.wait_until_it_rests()
    wait_for(graph, page, '#word', 'paused')
    graph.wait_until(lambda: page.is_enabled('#resume'), 'cannot be resumed')
    page.click('#resume')
    robot.wait_until_it_moves()

    page.click('#stop')
    robot.wait_until_it_rests()
    wait_for(graph, page, '#word', 'emergency stop')
    wait_for(graph, page, '#reason', 'latched')
    tell(page, 'wave')
    wait_for(graph, page, '#answer', 'reset it first')
    reset(graph, page)
    robot.path.clear()
    robot.wait_until_it_rests()
    tell(page, 'wave')
    robot.wait_until_it_moves()


def test_a_key_stops_wherever_one_types(robot: OperatedRobot, open_page: OpenPage) -> None:
    graph, page = robot.graph, open_page(robot.page.port)
    tell(page, 'wave')
    robot.wait_until_it_moves()
    page.type('#instruction', 'touch the')
    page.keyboard.press('Escape')
    wait_for(graph, page, '#reason', 'latched')
    robot.wait_until_it_rests()


def test_everything_is_reached_by_the_keyboard_the_stop_first(
    robot: OperatedRobot, open_page: OpenPage
) -> None:
    graph, page = robot.graph, open_page(robot.page.port)
    wait_until_live(graph, page)
    reached = []
    for _ in range(4):
        page.keyboard.press('Tab')
        reached.append(page.evaluate('document.activeElement.id'))
    assert reached[:2] == ['stop', 'instruction']
    assert 'pause' in reached
    page.focus('#stop')
    page.keyboard.press('Enter')
    wait_for(graph, page, '#reason', 'latched')
    page.focus('#reset')
    page.keyboard.press('Enter')
    assert page.evaluate('document.activeElement.value') == 'no'  # the safe answer is at hand
    page.keyboard.press('Enter')
    assert page.is_hidden('#sure')
    wait_for(graph, page, '#reason', 'latched')


def test_on_a_phone_nothing_is_cut_off_and_the_stop_stays_in_sight(
    robot: OperatedRobot, open_page: OpenPage
) -> None:
    page = open_page(robot.page.port, viewport=PHONE)
    robot.graph.speak(PolicyStatus, 'perception/status', NEWEST)(PolicyStatus(inputs=[
        InputStatus(name='camera/head_left_upper/image_raw', rate=10.0, wanted_rate=120.0)]))
    wait_for(robot.graph, page, '#meters', 'joint_states')
    wait_for(robot.graph, page, '#meters', 'head_left_upper')
    assert page.evaluate('document.documentElement.scrollWidth') <= PHONE['width']
    page.evaluate('window.scrollTo(0, document.body.scrollHeight)')
    place = page.locator('#stop').bounding_box()
    assert place is not None
    assert place['y'] >= 0.0
    assert place['y'] + place['height'] <= PHONE['height']
    assert place['height'] >= 44.0  # a fingertip


def test_the_camera_is_shown(make_graph: Callable[..., Graph], open_page: OpenPage) -> None:
    graph = make_graph(embodiment='unitree_g1', port=0)
    node = graph.start(OperatorPageNode())
    camera = graph.peer.create_publisher(Image, 'camera/head/image_raw', NEWEST)
    picture = image_message(np.full((48, 64, 3), (255, 0, 0), np.uint8), Header())
    timer = graph.peer.create_timer(0.05, lambda: camera.publish(picture))
    page = open_page(node.port)
    graph.wait_until(lambda: page.is_visible('#picture'), 'there is no picture')
    assert page.evaluate('document.querySelector("#picture").naturalWidth') == 64
    graph.wait_until(lambda: page.is_hidden('#no-picture'), 'the picture counts as old')
    timer.cancel()
    wait_for(graph, page, '#no-picture', 'no new picture for')


def test_a_lost_controller_and_a_lost_page_are_told(
    robot: OperatedRobot, open_page: OpenPage
) -> None:
    graph, page = robot.graph, open_page(robot.page.port)
    wait_until_live(graph, page)
    graph.wait_until(lambda: page.is_hidden('#alarm'), 'there is an alarm')
    robot.controller.trigger_deactivate()
    robot.controller.trigger_cleanup()
    wait_for(graph, page, '#alarm', 'fallen silent')
    robot.page.trigger_deactivate()
    robot.page.trigger_cleanup()
    wait_for(graph, page, '#alarm', NOT_LIVE)
    wait_for(graph, page, '#live', 'not live for')
    page.click('#stop')
    wait_for(graph, page, '#alarm', 'did not arrive')


class LateRobot:
    """Can be stopped; everything else about it hangs."""

    def __init__(self) -> None:
        self.stops = 0

    def stop(self) -> Answer:
        self.stops += 1
        return Answer(True, 'stopping')

    def view(self) -> None:
        raise RuntimeError('nothing is known')


def test_the_stop_works_while_everything_else_fails(
    make_graph: Callable[..., Graph], open_page: OpenPage
) -> None:
    robot = LateRobot()
    server = PageServer(robot, Access(None), '127.0.0.1', 0)
    page = open_page(server.port)
    graph = make_graph()
    wait_for(graph, page, '#alarm', NOT_LIVE)
    page.click('#stop')
    graph.wait_until(lambda: robot.stops, 'it was not stopped')
    wait_for(graph, page, '#answer', 'stopping')  # it asks no more
    stops = robot.stops
    without_script = open_page(server.port, java_script_enabled=False)
    without_script.click('#stop')
    graph.wait_until(lambda: robot.stops > stops, 'it was not stopped without the script')
    server.close()


def test_a_stop_that_could_not_arrive_arrives_when_the_page_is_back(
    make_graph: Callable[..., Graph], open_page: OpenPage
) -> None:
    robot = LateRobot()
    server = PageServer(robot, Access(None), '127.0.0.1', 0)
    graph, page = make_graph(), open_page(server.port)
    server.close()
    page.click('#stop')
    wait_for(graph, page, '#alarm', 'did not arrive')
    assert robot.stops == 0
    server = PageServer(robot, Access(None), '127.0.0.1', server.port)
    wait_for(graph, page, '#answer', 'stopping')
    assert robot.stops
    server.close()


def test_texts_of_the_graph_are_shown_and_not_obeyed(
    make_graph: Callable[..., Graph], open_page: OpenPage
) -> None:
    graph = make_graph(embodiment='unitree_g1', port=0)
    page = open_page(graph.start(OperatorPageNode()).port)
    page.evaluate('window.obeyed = 0')
    evil = '<img src=x onerror="obeyed = 1"><script>obeyed = 1</script>'
    tell = {name: graph.speak(PolicyStatus, f'{name}/status', NEWEST)
            for name in ('perception', 'controller')}

    def shown() -> bool:
        for send in tell.values():
            send(PolicyStatus(instruction=evil, text=evil, inputs=[InputStatus(name=evil)]))
        texts = [page.inner_text(each) for each in ('#doing', '#text', '#meters')]
        return all('<script>' in each for each in texts)

    graph.wait_until(shown, 'the texts are not shown')
    assert page.locator('main img:not(#picture), main script').count() == 0
    assert page.evaluate('window.obeyed') == 0


def test_a_browser_without_the_token_is_asked_for_it(
    make_graph: Callable[..., Graph], open_page: OpenPage
) -> None:
    robot = LateRobot()
    server = PageServer(robot, Access(TOKEN), '127.0.0.1', 0)
    page = open_page(server.port)
    page.fill('#token', 'another')
    page.keyboard.press('Enter')
    graph = make_graph()
    wait_for(graph, page, '.problem', 'another token')
    page.fill('#token', TOKEN)
    page.keyboard.press('Enter')
    page.wait_for_selector('#stop')
    assert page.evaluate('document.cookie') == ''
    page.click('#stop')
    graph.wait_until(lambda: robot.stops, 'it was not stopped')
    server.close()


@pytest.fixture
def other_site() -> Iterator[str]:
    """Serve an empty page of another origin."""
    class EmptyPage(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header('Content-Type', 'text/html')
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(('127.0.0.1', 0), EmptyPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}/'
        server.shutdown()


def test_another_site_cannot_command_the_robot_through_the_browser(
    browser: Browser, other_site: str
) -> None:
    robot = LateRobot()
    server = PageServer(robot, Access(None), '127.0.0.1', 0)
    address = f'http://127.0.0.1:{server.port}/stop'
    page = browser.new_page()
    page.goto(other_site)
    page.evaluate(
        'address => fetch(address, {method: "POST", mode: "no-cors"}).catch(() => 0)', address)
    page.set_content(f'<form method="post" action="{address}"><button>Win!</button></form>')
    page.click('button')
    page.wait_for_url(address)
    assert 'may not ask' in page.content()
    assert robot.stops == 0
    server.close()
