"""Nothing is lost to discovery at the start of a step-locked run."""

from __future__ import annotations

import threading
from collections.abc import Callable

from conftest import Graph
from std_msgs.msg import String

from groot_ros.nodes.shared import first_message
from groot_ros.nodes.shared.first_message import FirstMessage
from groot_ros.nodes.shared.qos import NEWEST


def test_the_first_message_waits_for_a_listener_and_reaches_it(
    make_graph: Callable[..., Graph], monkeypatch
) -> None:
    monkeypatch.setattr(first_message, 'PATIENCE_S', 60.0)
    graph = make_graph()
    publisher = graph.peer.create_publisher(String, 'words', NEWEST)
    first = FirstMessage(publisher)

    def speak() -> None:
        first.wait_for_listener()
        publisher.publish(String(data='first'))

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    speaker.join(timeout=0.2)
    assert speaker.is_alive(), 'it spoke to nobody'
    heard = graph.listen(String, 'words', NEWEST)
    graph.wait_until(lambda: heard, 'the first message was lost')
    assert heard[0].data == 'first'


def test_nobody_is_waited_for_twice(make_graph: Callable[..., Graph], monkeypatch) -> None:
    monkeypatch.setattr(first_message, 'PATIENCE_S', 0.0)
    graph = make_graph()
    first = FirstMessage(graph.peer.create_publisher(String, 'words', NEWEST))
    first.wait_for_listener()
    monkeypatch.setattr(first_message, 'PATIENCE_S', 1e9)
    first.wait_for_listener()
