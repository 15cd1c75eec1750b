"""What the server answers to each address. Needs tornado."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tornado.web import RequestHandler, StaticFileHandler

from groot_ros.operator_page.access import Access
from groot_ros.operator_page.robot import Answer, Robot

PAGE = Path(__file__).parent / 'page'
LONGEST_INSTRUCTION = 500
"""[characters]"""
ANSWER_S = 5.0
"""How long a node may take to answer."""
HEADERS = {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'self'; img-src 'self' blob:; base-uri 'none'; "
                               "form-action 'self'; frame-ancestors 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
    # With no-referrer, browsers would not say which site a form was sent by.
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
}


@dataclass(frozen=True, slots=True)
class Context:
    """What handlers work with.

    Attributes:
        robot: Whose page it is.
        access: Who may use it.
        drawers: Threads that pictures are made in.
        cookie: Name of the cookie that holds the session.
    """

    robot: Robot
    access: Access
    drawers: Executor
    cookie: str


class SameSite(RequestHandler):
    """Answers pages of this server, not those of others, in words that the page can show."""

    def initialize(self, context: Context) -> None:
        """Take what to work with."""
        self.context = context

    def set_default_headers(self) -> None:
        """Let browsers do nothing that the page does not need."""
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        """Refuse what another site lets the operator's browser send."""
        refusal = self.context.access.refusal(
            self.request.host, self.request.headers.get('Origin'))
        if refusal:
            self.refuse(HTTPStatus.FORBIDDEN, refusal)

    def is_admitted(self) -> bool:
        """Return whether the sender has shown the token, or needs none."""
        return self.context.access.admits(self.get_cookie(self.context.cookie))

    def refuse(self, status: HTTPStatus, why: str) -> None:
        """Say why nothing is done."""
        self.set_status(status)
        self.answer(Answer(False, why))

    def answer(self, answer: Answer) -> None:
        """Send what became of a request."""
        self.finish({'ok': answer.ok, 'text': answer.text})

    def write_error(self, status_code: int, **_: Any) -> None:
        """Say in words what went wrong."""
        self.answer(Answer(False, self._reason))


class Guarded(SameSite):
    """Answers only those who may use the page."""

    def prepare(self) -> None:
        """Refuse other sites, and those without the token."""
        super().prepare()
        if not self._finished and not self.is_admitted():
            self.refuse(HTTPStatus.UNAUTHORIZED, 'sign in first')


class FrontPage(SameSite):
    """The page, or the question for the token."""

    def get(self) -> None:
        """Send the page."""
        if self.is_admitted():
            self.render('index.html')
        else:
            self.ask('')

    def ask(self, problem: str) -> None:
        """Ask for the token, and say what was wrong with the one before."""
        self.set_status(HTTPStatus.UNAUTHORIZED)
        self.render('sign_in.html', problem=problem)


class SignIn(FrontPage):
    """Takes the token."""

    def get(self) -> None:
        """Send those back who reload."""
        self.redirect('./')

    def post(self) -> None:
        """Let those in who have the token."""
        session = self.context.access.sign_in(self.get_body_argument('token', ''))
        if session is None:
            self.ask('That is another token.')
            return
        self.set_cookie(self.context.cookie, session, httponly=True, samesite='Strict')
        self.redirect('./', status=HTTPStatus.SEE_OTHER)


class State(Guarded):
    """The robot as it is now."""

    def get(self) -> None:
        """Send it."""
        self.finish(self.context.robot.view().to_json())


class EmergencyStop(Guarded):
    """The stop: waits for no node, no thread and no script of the page."""

    def post(self) -> None:
        """Stop; without its script the page sends a form and is shown again."""
        answer = self.context.robot.stop()
        if 'text/html' in self.request.headers.get('Accept', ''):
            self.redirect('./', status=HTTPStatus.SEE_OTHER)
        else:
            self.answer(answer)


class Requests(Guarded):
    """Everything that a node has to answer."""

    async def post(self, name: str) -> None:
        """Ask it and say what it answered."""
        robot = self.context.robot
        text = self.get_body_argument('instruction', '')
        if name == 'instruct' and not 0 < len(text) <= LONGEST_INSTRUCTION:
            self.refuse(HTTPStatus.BAD_REQUEST, (
                f'an instruction has 1 to {LONGEST_INSTRUCTION} characters, got {len(text)}'))
            return
        asked: dict[str, Callable[[], Future[Answer]]] = {
            'instruct': lambda: robot.instruct(text), 'pause': robot.pause,
            'resume': robot.resume, 'reset': robot.reset}
        try:
            self.answer(await asyncio.wait_for(asyncio.wrap_future(asked[name]()), ANSWER_S))
        except TimeoutError:
            self.answer(Answer(False, f'no answer within {ANSWER_S:.0f} s: is the node stuck?'))


class NewestPicture(Guarded):
    """What a camera sees."""

    async def get(self, camera: str, known: str) -> None:
        """Send the newest picture, nothing if the sender has it."""
        try:
            picture = await asyncio.get_running_loop().run_in_executor(
                self.context.drawers, self.context.robot.picture, int(camera), int(known))
        except IndexError:
            self.refuse(HTTPStatus.NOT_FOUND, f'there is no camera {camera}')
            return
        if picture is None:
            self.set_status(HTTPStatus.NO_CONTENT)
            return
        self.set_header('Content-Type', 'image/jpeg')
        self.set_header('Picture-Number', str(picture.number))
        self.finish(picture.jpeg)


class Looks(StaticFileHandler):
    """Style, script and icon: the same for everyone, so nobody is asked for the token."""

    def set_extra_headers(self, path: str) -> None:
        """Let browsers ask each time whether there is a newer one."""
        self.set_header('Cache-Control', 'no-cache')
        self.set_header('X-Content-Type-Options', 'nosniff')
