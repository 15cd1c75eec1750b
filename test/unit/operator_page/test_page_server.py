"""The operator page's server, as a browser and as an intruder see it."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from page_client import PageClient

from groot_ros.operator_page import Access, Answer, Meter, NodeView, Picture, RobotView, handlers
from groot_ros.operator_page.server import LARGEST_REQUEST, PageServer

TOKEN = 'correct horse battery staple'
PAGE = Path(handlers.PAGE)
COMMANDS = ('/stop', '/instruct', '/pause', '/resume', '/reset')
WAVE = {'instruction': 'wave'}
PATIENCE_S = 60.0
CONTROLLER = NodeView('controller', 0.05, 'running', meters=(
    Meter('joint_states', 100.0, 0.0, 0.01), Meter('commands', 119.9, 120.0, None, True)))
VIEW = RobotView('g1', '', 'wave', False, False, None, CONTROLLER, (CONTROLLER,), ('head',))


class StillRobot:
    """Does nothing and notes what it is asked.

    Attributes:
        asked: What it was asked so far.
        seeing: Set while its camera works.
        answers: Whether its nodes answer.
        unanswered: What they did not answer yet.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.seeing = threading.Event()
        self.seeing.set()
        self.answers = True
        self.unanswered: list[Future[Answer]] = []

    def view(self) -> RobotView:
        return VIEW

    def stop(self) -> Answer:
        self.asked.append('stop')
        return Answer(True, 'stopping')

    def instruct(self, text: str) -> Future[Answer]:
        return self._answer(text)

    def pause(self) -> Future[Answer]:
        return self._answer('pause')

    def resume(self) -> Future[Answer]:
        return self._answer('resume')

    def reset(self) -> Future[Answer]:
        return self._answer('reset')

    def picture(self, camera: int, known: int) -> Picture | None:
        self.asked.append(f'picture {camera}')
        self.seeing.wait(PATIENCE_S)
        picture = [Picture(7, b'jpeg')][camera]
        return picture if picture.number != known else None

    def _answer(self, asked: str) -> Future[Answer]:
        self.asked.append(asked)
        answer: Future[Answer] = Future()
        if self.answers:
            answer.set_result(Answer(True, f'{asked}: done'))
        else:
            self.unanswered.append(answer)
        return answer


@pytest.fixture
def robot() -> Iterator[StillRobot]:
    robot = StillRobot()
    yield robot
    robot.seeing.set()


@pytest.fixture
def serve(robot: StillRobot) -> Iterator[Callable[..., PageClient]]:
    """Serve the page, with or without a token."""
    servers: list[PageServer] = []

    def start(token: str | None = None) -> PageClient:
        servers.append(PageServer(robot, Access(token), '127.0.0.1', 0))
        return PageClient(servers[-1].port)

    yield start
    for server in servers:
        server.close()


def test_the_page_needs_nothing_from_elsewhere(serve: Callable[..., PageClient]) -> None:
    client = serve()
    page = client.get('/')
    assert page.status == 200
    named = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())
    assert {'page.css', 'page.js'} <= set(named)
    for name in named:
        assert client.get(f'/{name}').status == 200
    for file in PAGE.iterdir():
        elsewhere = re.findall(r'(?:https?:)?//[\w.]+\.\w+[^\s"\']*', file.read_text())
        assert set(elsewhere) <= {'http://www.w3.org/2000/svg'}, file
    assert client.get('/handlers.py').status == client.get('/../handlers.py').status == 404


def test_state_and_pictures_are_served(serve: Callable[..., PageClient]) -> None:
    client = serve()
    assert client.state() == json.loads(json.dumps(VIEW.to_json()))
    picture = client.get('/camera/0/6')
    assert (picture.body, picture.headers['Picture-Number']) == (b'jpeg', '7')
    assert client.get('/camera/0/7').status == 204
    assert client.get('/camera/1/0').status == 404


def test_every_command_reaches_the_robot(
    serve: Callable[..., PageClient], robot: StillRobot
) -> None:
    client = serve()
    for path in COMMANDS:
        assert client.post(path, WAVE).json['ok']
    assert robot.asked == ['stop', 'wave', 'pause', 'resume', 'reset']
    for path in COMMANDS:
        assert client.get(path).status == 405  # looking changes nothing


@pytest.mark.parametrize('text', ['', 'x' * 501])
def test_an_instruction_that_is_none_is_refused(
    serve: Callable[..., PageClient], robot: StillRobot, text: str
) -> None:
    reply = serve().post('/instruct', {'instruction': text})
    assert reply.status == 400
    assert '1 to 500' in reply.json['text']
    assert robot.asked == []


def test_a_request_that_is_too_large_is_refused_before_it_is_read(
    serve: Callable[..., PageClient], robot: StillRobot
) -> None:
    client = serve()
    announced = {'Content-Length': str(LARGEST_REQUEST + 1)}  # none of it is ever sent
    for path in (*COMMANDS, '/sign_in'):
        assert client.post(path, **announced).status == 400
    assert robot.asked == []
    assert client.post('/stop').json['ok']


def test_without_its_script_the_page_can_still_stop(
    serve: Callable[..., PageClient], robot: StillRobot
) -> None:
    client = serve()
    assert '<form id="stop-form" method="post" action="stop">' in client.get('/').body.decode()
    reply = client.post('/stop', Accept='text/html,application/xhtml+xml')
    assert (reply.status, reply.headers['Location']) == (303, './')
    assert robot.asked == ['stop']


def test_a_stop_waits_for_nothing(
    serve: Callable[..., PageClient], robot: StillRobot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, 'ANSWER_S', PATIENCE_S)
    client = serve()
    robot.answers = False
    robot.seeing.clear()
    with ThreadPoolExecutor(6) as browser:
        pictures = [browser.submit(client.get, '/camera/0/0') for _ in range(4)]
        pause = browser.submit(client.post, '/pause')
        while not robot.unanswered or robot.asked.count('picture 0') < 2:
            assert not pause.done()
        assert client.post('/stop').json['ok']
        assert 'stop' in robot.asked
        assert client.state()
        assert not any(each.done() for each in pictures)
        robot.seeing.set()
        robot.unanswered[0].set_result(Answer(True, 'at last'))


def test_a_node_that_does_not_answer_is_told(
    serve: Callable[..., PageClient], robot: StillRobot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, 'ANSWER_S', 0.05)
    robot.answers = False
    reply = serve().post('/reset').json
    assert not reply['ok']
    assert 'no answer' in reply['text']


@pytest.mark.parametrize('headers', [
    {'Origin': 'http://evil.example'}, {'Origin': 'null'}, {'Host': 'evil.example'}])
def test_other_sites_can_ask_for_nothing(
    serve: Callable[..., PageClient], robot: StillRobot, headers: dict[str, str]
) -> None:
    client = serve()
    for path in (*COMMANDS, '/sign_in'):
        assert client.post(path, WAVE, **headers).status == 403
    for path in ('/', '/state', '/camera/0/0'):
        assert client.get(path, **headers).status == 403
    assert robot.asked == []


def test_nothing_is_answered_without_the_token(
    serve: Callable[..., PageClient], robot: StillRobot
) -> None:
    client = serve(TOKEN)
    assert 'Token' in client.get('/').body.decode()
    for path in ('/', '/state', '/camera/0/0'):
        assert client.get(path).status == 401
    for path in COMMANDS:
        assert client.post(path, WAVE).status == 401
        assert client.post(path, WAVE, Cookie='groot_ros_1=x').status == 401
    wrong = client.post('/sign_in', {'token': 'correct horse'})
    assert wrong.status == 401
    assert 'another token' in wrong.body.decode()
    assert 'Set-Cookie' not in wrong.headers
    assert robot.asked == []


def test_the_token_is_exchanged_for_a_cookie_that_scripts_and_other_sites_do_not_get(
    serve: Callable[..., PageClient], robot: StillRobot
) -> None:
    client = serve(TOKEN)
    reply = client.post('/sign_in', {'token': TOKEN})
    assert reply.status == 303
    cookie, *attributes = reply.headers['Set-Cookie'].split('; ')
    assert {'HttpOnly', 'SameSite=Strict'} <= set(attributes)
    assert TOKEN not in cookie
    assert client.post('/stop', Cookie=cookie).json['ok']
    assert client.get('/', Cookie=cookie).status == 200
    assert client.post('/stop', Cookie=cookie, Origin='http://evil.example').status == 403
    assert robot.asked == ['stop']


def test_no_frame_and_no_foreign_script_can_hold_the_page(
    serve: Callable[..., PageClient]
) -> None:
    policy = serve().get('/').headers['Content-Security-Policy']
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_port_that_is_taken_is_refused(robot: StillRobot) -> None:
    with (
        socket.create_server(('127.0.0.1', 0)) as taken,
        pytest.raises(OSError, match='in use'),
    ):
        PageServer(robot, Access(None), '127.0.0.1', taken.getsockname()[1])
