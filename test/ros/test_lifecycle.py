"""Nodes that are stopped, cleaned up and started again, in any order a manager may think of."""

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Graph
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.lifecycle import LifecycleNode
from small_system1 import SmallSystem1

from groot_ros.msg import PolicyStatus
from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.perception.node import PerceptionNode
from groot_ros.nodes.planner.node import PlannerNode
from groot_ros.nodes.shared.qos import NEWEST

NODES: dict[str, Callable[[], LifecycleNode]] = {
    'perception': PerceptionNode,
    'planner': lambda: PlannerNode(load=SmallSystem1),
    'controller': lambda: ControllerNode(load=SmallSystem1),
}
UNCONFIGURED, INACTIVE, ACTIVE, FINALIZED = (
    State.PRIMARY_STATE_UNCONFIGURED, State.PRIMARY_STATE_INACTIVE, State.PRIMARY_STATE_ACTIVE,
    State.PRIMARY_STATE_FINALIZED)
GRAPH = {
    (UNCONFIGURED, Transition.TRANSITION_CONFIGURE): INACTIVE,
    (INACTIVE, Transition.TRANSITION_CLEANUP): UNCONFIGURED,
    (INACTIVE, Transition.TRANSITION_ACTIVATE): ACTIVE,
    (ACTIVE, Transition.TRANSITION_DEACTIVATE): INACTIVE,
}
"""The state machine of ROS 2 lifecycle nodes; every other transition is to be refused."""
ASKED = sorted({transition for _, transition in GRAPH})
STEPS = 24


class Managed:
    """A node under a lifecycle manager that asks for what it likes."""

    def __init__(
        self, graph: Graph, name: str, make: Callable[[], LifecycleNode] | None = None
    ) -> None:
        self.graph, self.name = graph, name
        self.node = graph.start((make or NODES[name])())
        self.state = UNCONFIGURED

    def ask(self, transition: int) -> bool:
        """Return whether the node took a transition, as its own service says."""
        request = ChangeState.Request(transition=Transition(id=transition))
        return self.graph.call(
            ChangeState, f'{self.name}/change_state', request).success

    def true_state(self) -> int:
        answer = self.graph.call(GetState, f'{self.name}/get_state', GetState.Request())
        return answer.current_state.id

    def interfaces(self) -> set[Any]:
        """Return everything that the node has open."""
        node = self.node
        return {
            *node.publishers, *node.subscriptions, *node.services, *node.clients, *node.timers,
            *node.guards, *node.waitables}


def own_threads() -> set[threading.Thread]:
    """Return the threads that are not workers of the graph's executor."""
    return {each for each in threading.enumerate() if 'ThreadPool' not in each.name}


def own_processes() -> set[str]:
    """Return the ids of this process's children."""
    return {
        child for thread in Path('/proc/self/task').iterdir()
        for child in (thread / 'children').read_text().split()}


@pytest.fixture
def manage(make_graph: Callable[..., Graph], checkpoint: Path) -> Callable[[str], Managed]:
    return lambda name: Managed(
        make_graph(checkpoint=str(checkpoint), autostart=False), name)


@pytest.mark.parametrize('name', list(NODES))
def test_a_node_can_be_started_again_and_says_whether_it_is_active(
    manage: Callable[[str], Managed], name: str
) -> None:
    managed = manage(name)
    status = managed.graph.listen(PolicyStatus, f'{name}/status', NEWEST)
    for _ in range(2):
        assert managed.ask(Transition.TRANSITION_CONFIGURE)
        for transition, state in (
                (Transition.TRANSITION_ACTIVATE, PolicyStatus.WAITING),
                (Transition.TRANSITION_DEACTIVATE, PolicyStatus.INACTIVE)):
            assert managed.ask(transition)
            managed.graph.wait_until(
                lambda state=state: status and status[-1].state == state, f'not in state {state}')
        assert managed.ask(Transition.TRANSITION_CLEANUP)


@pytest.mark.parametrize('seed', range(2))
@pytest.mark.parametrize('name', list(NODES))
def test_any_order_of_transitions_follows_the_state_machine_and_leaks_nothing(
    manage: Callable[[str], Managed], name: str, seed: int
) -> None:
    managed = manage(name)
    before = len(managed.interfaces())
    threads, processes = own_threads(), own_processes()
    draw = random.Random(seed)
    # Half of the walk takes a possible transition: only that leads anywhere.
    for _ in range(STEPS):
        possible = [each for state, each in GRAPH if state == managed.state]
        transition = draw.choice(draw.choice([possible, ASKED]))
        expected = GRAPH.get((managed.state, transition))
        assert managed.ask(transition) == (expected is not None)
        managed.state = expected or managed.state
        assert managed.true_state() == managed.state
        if managed.state == UNCONFIGURED:
            assert len(managed.interfaces()) == before
            assert (own_threads(), own_processes()) == (threads, processes)


@pytest.mark.parametrize('state', [UNCONFIGURED, INACTIVE, ACTIVE])
@pytest.mark.parametrize('name', list(NODES))
def test_shutting_down_closes_everything_whatever_the_state(
    manage: Callable[[str], Managed], name: str, state: int
) -> None:
    managed = manage(name)
    before = len(managed.interfaces())
    threads, processes = own_threads(), own_processes()
    ways = {
        UNCONFIGURED: ([], Transition.TRANSITION_UNCONFIGURED_SHUTDOWN),
        INACTIVE: ([Transition.TRANSITION_CONFIGURE], Transition.TRANSITION_INACTIVE_SHUTDOWN),
        ACTIVE: ([Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE],
                 Transition.TRANSITION_ACTIVE_SHUTDOWN)}
    there, shutdown = ways[state]
    assert all(managed.ask(each) for each in there)
    assert managed.ask(shutdown)
    assert managed.true_state() == FINALIZED
    assert len(managed.interfaces()) == before
    assert (own_threads(), own_processes()) == (threads, processes)
    assert not any(managed.ask(each) for each in ASKED)


def test_perception_can_be_configured_once_what_was_wrong_is_mended(
    manage: Callable[[str], Managed], checkpoint: Path
) -> None:
    managed = manage('perception')
    before = len(managed.interfaces())
    config = checkpoint / 'processor_config.json'
    content = config.read_text()
    config.write_text('{"processor_kwargs": 7}')
    assert not managed.ask(Transition.TRANSITION_CONFIGURE)
    assert managed.true_state() == UNCONFIGURED
    assert len(managed.interfaces()) == before
    config.write_text(content)
    assert managed.ask(Transition.TRANSITION_CONFIGURE)
    assert managed.ask(Transition.TRANSITION_ACTIVATE)


def test_an_error_that_nobody_foresaw_is_logged_and_leaves_nothing_behind(
    make_graph: Callable[..., Graph], checkpoint: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    errors: list[Exception] = [RuntimeError('no kernel for this device')]

    def load(folder: Path, *_: Any, **__: Any) -> SmallSystem1:
        if errors:
            raise errors.pop()
        return SmallSystem1(folder)

    graph = make_graph(checkpoint=str(checkpoint), autostart=False)
    managed = Managed(graph, 'planner', lambda: PlannerNode(load=load))
    before = len(managed.interfaces())
    assert not managed.ask(Transition.TRANSITION_CONFIGURE)
    assert 'RuntimeError: no kernel for this device' in capfd.readouterr().err
    assert managed.true_state() == UNCONFIGURED
    assert len(managed.interfaces()) == before
    assert managed.ask(Transition.TRANSITION_CONFIGURE)
