"""The web server of the page. Needs tornado."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from groot_ros.operator_page.access import Access
from groot_ros.operator_page.handlers import (
    PAGE,
    Context,
    EmergencyStop,
    FrontPage,
    Looks,
    NewestPicture,
    Requests,
    SignIn,
    State,
)
from groot_ros.operator_page.robot import Robot

LARGEST_REQUEST = 16384
"""[bytes]"""
END_S = 5.0


class PageServer:
    """Serves the page in a thread of its own, so that a stop never waits for anything else.

    Args:
        robot: Whose page it is.
        access: Who may use it.
        host: Address to listen on.
        port: TCP port; 0 takes a free one.

    Raises:
        OSError: If the address is taken or cannot be used.
    """

    def __init__(self, robot: Robot, access: Access, host: str, port: int) -> None:
        self._sockets = bind_sockets(port, host)
        self.port = int(self._sockets[0].getsockname()[1])
        """TCP port that browsers connect to."""
        self._drawers = ThreadPoolExecutor(2, 'operator_page_pictures')
        # Browsers tell hosts apart when they keep cookies, but not ports.
        self._application = _application(
            Context(robot, access, self._drawers, f'groot_ros_{self.port}'))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name='operator_page', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let everybody go."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END_S)
        self._drawers.shutdown(wait=False, cancel_futures=True)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = HTTPServer(self._application, max_body_size=LARGEST_REQUEST)
        server.add_sockets(self._sockets)
        self._loop.run_forever()
        server.stop()
        self._loop.run_until_complete(server.close_all_connections())
        self._loop.close()


def _application(context: Context) -> Application:
    given = {'context': context}
    return Application([
        (r'/', FrontPage, given),
        (r'/sign_in', SignIn, given),
        (r'/stop', EmergencyStop, given),
        (r'/state', State, given),
        (r'/camera/(\d{1,3})/(\d{1,15})', NewestPicture, given),
        (r'/(instruct|pause|resume|reset)', Requests, given),
        (r'/(page\.css|page\.js|icon\.svg)', Looks, {'path': str(PAGE)}),
    ], template_path=str(PAGE), log_function=lambda _: None)
