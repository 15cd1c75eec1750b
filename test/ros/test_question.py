"""A question that is asked again while nobody answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Graph
from rclpy.node import Node
from std_srvs.srv import Trigger

from groot_ros.nodes.shared import question
from groot_ros.nodes.shared.question import Question


def test_a_server_that_is_silent_for_long_is_asked_again_and_its_first_answer_counts(
    make_graph: Callable[..., Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(question, 'ASK_AGAIN_S', 0.1)
    graph, asked = make_graph(), []

    def answer(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        asked.append(None)
        response.message = str(len(asked))
        return response

    server = Node('server')
    server.create_service(Trigger, 'ask', answer)
    client = graph.peer.create_client(Trigger, 'ask')
    graph.wait_until(client.service_is_ready, 'no service')
    asking = Question(client, Trigger.Request())
    assert asking.answer is None
    graph.wait_until(
        lambda: asking.is_answered() or len(asking._futures) > 2, 'it is not asked again')
    graph.add(server)  # spins from now on
    graph.wait_until(asking.is_answered, 'no answer')
    graph.wait_until(lambda: len(asked) > 1, 'it was asked once only')
    assert asking.answer.message == '1'
