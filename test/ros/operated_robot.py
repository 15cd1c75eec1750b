"""A robot that moves to and fro, told what to do by whoever operates it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from conftest import Graph
from moving_robot import PATIENT, MovingRobot
from page_client import PageClient
from small_system1 import SmallSystem1

from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.operator_page.node import OperatorPageNode
from groot_ros.nodes.planner.instruction_interfaces import InstructionInterfaces
from groot_ros.nodes.shared.lifecycle import Interfaces


class OperatedRobot(MovingRobot):
    """Moves as its operator wants it; planner, controller and page are the real ones.

    Attributes:
        controller: What moves it.
        page: The page's node.
        client: Sends the page what a browser would.

    Args:
        graph: To speak in; its parameters must hold those of `PARAMETERS`.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.planning = False  # until it is told what to do
        self._instructions_in = InstructionInterfaces(
            graph.peer, self._take_instruction, lambda: 10.0)
        self._instructions_in.open(Interfaces(graph.peer))
        self.controller = graph.start(ControllerNode(load=SmallSystem1))
        self.page = OperatorPageNode()
        graph.start(self.page)
        self.client = PageClient(self.page.port)

    def _take_instruction(self) -> None:
        """Plan for the instruction in force, for an empty one not at all."""
        current = self._instructions_in.current
        self.planning = bool(current.text)
        self.epoch = current.epoch

    def post(self, path: str, **fields: str) -> dict[str, Any]:
        """Return what became of a request, while the graph goes on."""
        return self.during(lambda: self.client.post(path, fields)).json

    def state(self) -> dict[str, Any]:
        """Return the robot as the page shows it."""
        return self.during(self.client.state)

    def during(self, request: Callable[[], Any]) -> Any:
        """Return what a request gives that waits for the graph."""
        with ThreadPoolExecutor(1) as browser:
            asked = browser.submit(request)
            self.graph.wait_until(asked.done, 'the page does not answer')
            return asked.result()


PARAMETERS = PATIENT | {'embodiment': 'unitree_g1', 'port': 0}
