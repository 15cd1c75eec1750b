"""Operator page: what the robot does, what to tell it, and a stop, in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from groot_ros.embodiment import load_embodiment
from groot_ros.nodes.operator_page.parameters import OperatorPageParams
from groot_ros.nodes.operator_page.robot import OperatedRobot
from groot_ros.nodes.shared.lifecycle import run
from groot_ros.nodes.shared.parameters import declare_parameters
from groot_ros.nodes.shared.policy_node import PolicyNode, logged
from groot_ros.operator_page import Access, address, is_local, make_token, read_token

if TYPE_CHECKING:  # an optional package
    from groot_ros.operator_page.server import PageServer


class OperatorPageNode(PolicyNode):
    """Serves the page."""

    def __init__(self) -> None:
        super().__init__('operator_page')
        self._params = declare_parameters(self, OperatorPageParams)

    @logged
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Watch the robot and serve the page."""
        try:
            embodiment = load_embodiment(self._params.embodiment)
            self._server = self._serve(OperatedRobot(self, self._interfaces, embodiment))
        except (OSError, ValueError, RuntimeError) as error:
            self._interfaces.close()
            self.get_logger().fatal(str(error))
            return TransitionCallbackReturn.FAILURE
        return super().on_configure(state)

    @property
    def port(self) -> int:
        """TCP port that browsers connect to."""
        return self._server.port

    def _serve(self, robot: OperatedRobot) -> PageServer:
        """Return the server for the address in the parameters.

        Raises:
            RuntimeError: If its package is missing; says how to get it.
            AccessError: If the token will not do.
            OSError: If the address or the file cannot be used.
        """
        try:
            from groot_ros.operator_page.server import PageServer
        except ImportError:
            raise RuntimeError(
                'the operator page needs the Python package tornado: pip install tornado, or '
                'apt install python3-tornado') from None
        token = self._token()
        server = PageServer(robot, Access(token), self._params.host, self._params.port)
        self._interfaces.on_close(server.close)
        self.get_logger().info(f'operator page: {address(self._params.host, server.port)}')
        if token is not None and not self._params.token_file:
            # Not by the logger, whose lines everybody in the ROS domain hears.
            print(f'token of the operator page, not shown again: {token}', flush=True)
        return server

    def _token(self) -> str | None:
        """Return what to ask for; None if only programs of this machine reach the page."""
        if self._params.token_file:
            return read_token(Path(self._params.token_file).expanduser())
        return None if is_local(self._params.host) else make_token()


def main() -> int:
    """Serve the page until interrupted."""
    return run(OperatorPageNode)
