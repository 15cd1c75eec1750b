"""The operator page of a whole simulated robot, below a namespace."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_client import PageClient
from std_srvs.srv import SetBool

from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import Domain, GraphError, GraphProcess

START_S, EPISODE_S = 120.0, 120.0
TASK = {'instruction': 'touch the red block'}


def free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def domain() -> Iterator[int]:
    claimed = Domain()
    yield claimed.number
    claimed.close()


class Operator:
    """Somebody at the page, who looks until they see what they want.

    Args:
        graph: The robot's graph.
        page: The page.
    """

    def __init__(self, graph: GraphClient, page: PageClient) -> None:
        self._graph = graph
        self._page = page

    def wait_for(self, key: str, value: object) -> None:
        def shown() -> bool:
            try:
                return self._page.state()[key] == value
            except ConnectionRefusedError:
                return False

        self._graph.spin_until(shown, EPISODE_S, f'{key} to be {value!r}')

    def wait_until_it_runs(self) -> None:
        self._graph.spin_until(
            lambda: self._page.state()['controller']['state'] == 'running', EPISODE_S,
            'the robot to run')

    def wait_for_picture(self) -> bytes:
        self._graph.spin_until(
            lambda: self._page.get('/camera/0/0').status == 200, EPISODE_S, 'a picture')
        return self._page.get('/camera/0/0').body

    def ask(self, path: str, fields: dict[str, str] | None = None) -> None:
        """Ask until it is granted: the page may not know yet who is to answer."""
        answers: list[dict[str, Any]] = []

        def granted() -> bool:
            answers.append(self._page.post(path, fields).json)
            return answers[-1]['ok']

        try:
            self._graph.spin_until(granted, EPISODE_S, f'{path} to be granted')
        except GraphError as error:
            raise AssertionError(f'{error}; {answers[-1]}') from error


def test_a_simulated_robot_is_operated_through_its_page(domain: int, tmp_path: Path) -> None:
    port = free_port()
    arguments = {'viewer': 'web', 'namespace': 'robot1', 'use_sim_time': 'true'}
    parameters = {'step_locked': True, 'patience_s': 0.5, 'port': port}
    with (
        GraphProcess(domain, arguments, parameters, tmp_path) as process,
        GraphClient(domain, process.check, 'robot1') as graph,
    ):
        operator = Operator(graph, PageClient(port))
        graph.wait_until_active(START_S)
        operator.wait_for('robot', 'robot1')
        operator.wait_for('lost', '')
        graph.call_service(SetBool, 'run_simulation', SetBool.Request(data=True))
        operator.ask('/instruct', TASK)
        operator.wait_until_it_runs()
        operator.wait_for('instruction', TASK['instruction'])
        assert operator.wait_for_picture().startswith(b'\xff\xd8')

        operator.ask('/stop')
        operator.wait_for('latched', True)
        operator.ask('/reset')
        operator.wait_for('latched', False)
        operator.ask('/instruct', TASK)
        operator.wait_until_it_runs()
    assert 'operator page: http://127.0.0.1' in process.log.read_text()
