"""docs/interfaces.md names what running nodes have, no more and no less."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
from conftest import Graph
from rclpy.action import get_action_names_and_types
from rclpy.node import Node
from small_system1 import SmallSystem1

from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.controller.parameters import ControllerParams
from groot_ros.nodes.perception.node import PerceptionNode
from groot_ros.nodes.perception.parameters import PerceptionParams
from groot_ros.nodes.planner.node import PlannerNode
from groot_ros.nodes.planner.parameters import PlannerParams
from groot_ros.nodes.simulator.node import SimulatorNode, SimulatorParams

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'interfaces.md'
NODES: dict[str, tuple[Callable[[], Node], type]] = {
    'perception': (PerceptionNode, PerceptionParams),
    'planner': (lambda: PlannerNode(load=SmallSystem1), PlannerParams),
    'controller': (lambda: ControllerNode(load=SmallSystem1), ControllerParams),
    'simulator': (SimulatorNode, SimulatorParams),
}
OF_EVERY_NODE = re.compile(
    r'diagnostics|rosout|parameter_events|.*/_action/.*|.*/(transition_event|change_state'
    r'|get_(state|available_states|available_transitions|transition_graph|type_description'
    r'|parameters|parameter_types)|describe_parameters|list_parameters|set_parameters'
    r'|set_parameters_atomically)')


@dataclass(frozen=True)
class Section:
    """What the page says of one node, as text below a heading each."""

    text: str

    def names(self, heading: str) -> set[str]:
        """Return the first column of a table; none if there is no such heading."""
        part = re.search(rf'^### {heading}$(.*?)(?=^### |\Z)', self.text, re.M | re.S)
        return set(re.findall(r'^\| `([^`]+)`', part[1], re.M)) if part else set()

    def live(self) -> set[str]:
        """Return the parameters that are marked as live."""
        return set(re.findall(r'^\| `([^`]+)` \| [^|]* \| yes \|', self.text, re.M))


def section(name: str) -> Section:
    found = re.search(rf'^## {name}$(.*?)(?=^## |\Z)', PAGE.read_text(), re.M | re.S)
    assert found, f'{PAGE} has no section {name}'
    return Section(found[1])


def of_policy(names: set[str]) -> set[str]:
    relative = {name.removeprefix('/') for name in names}
    return {name for name in relative if not OF_EVERY_NODE.fullmatch(name)}


@pytest.mark.parametrize('name', list(NODES))
def test_the_page_names_every_topic_service_action_and_parameter(
    make_graph: Callable[..., Graph], checkpoint: Path, name: str
) -> None:
    make_node, parameters = NODES[name]
    asked: dict[str, Any] = {'publish_clock': True} if name == 'simulator' else {
        'checkpoint': str(checkpoint)}
    graph = make_graph(**asked)
    node = make_node() if name == 'simulator' else graph.start(make_node())
    page = section(name)
    try:
        assert of_policy({each.topic_name for each in node.publishers}) == page.names('Publishes')
        assert of_policy({each.topic_name for each in node.subscriptions}) == page.names(
            'Subscribes')
        assert of_policy({each.service_name for each in node.services}) == page.names('Services')
        if actions := page.names('Actions'):
            graph.wait_until(
                lambda: actions == of_policy({
                    each for each, _ in get_action_names_and_types(graph.peer)}),
                'other actions are served')
    finally:
        if name == 'simulator':
            node.destroy_node()
    facts = {each.name: each.metadata['facts'] for each in fields(parameters)}
    assert page.names('Parameters') == set(facts)
    assert page.live() == {each for each in facts if facts[each].live}
