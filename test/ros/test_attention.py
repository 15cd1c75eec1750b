"""Attention goes from planner to picture for those who ask, and moves nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Graph
from numpy.typing import NDArray
from sensor_msgs.msg import Image
from small_system1 import make_processor

from groot_ros.embodiment import load_embodiment
from groot_ros.model.fingerprint import fingerprint
from groot_ros.model.policy import AttentionError
from groot_ros.model.policy import GoalTokens as Tokens
from groot_ros.msg import GoalTokens, Observation, PolicyStatus
from groot_ros.nodes.messages.observations import image_message
from groot_ros.nodes.planner.node import PlannerNode
from groot_ros.nodes.shared.qos import EVERY, NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.nodes.visualizer.node import VisualizerNode

TOPIC = 'planner/attention_0'
OVERLAY = 'visualizer/overlay_0'
CAMERA = load_embodiment('unitree_g1').cameras[0]
CELLS = np.zeros((6, 8), np.float32)
CELLS[5, 7] = 1.0
GREY = np.full((240, 320, 3), 200, np.uint8)


class LookingSystem2:
    """Looks at the last cell; a fault keeps it from looking, not from planning."""

    fingerprint = 'small'

    def __init__(self) -> None:
        self.processor = make_processor()
        self.looks = 0
        self.fault = ''

    def encode(self, images: dict[str, NDArray[np.uint8]], instruction: str) -> Tokens:
        return Tokens(np.ones((1, 2), np.float32), np.ones(1, bool), np.zeros(1, bool))

    def attention(
        self, images: dict[str, NDArray[np.uint8]], instruction: str
    ) -> dict[str, NDArray[np.float32]]:
        self.looks += 1
        if self.fault:
            raise AttentionError(self.fault)
        return {'ego_view': CELLS}


@pytest.fixture
def system2() -> LookingSystem2:
    return LookingSystem2()


class Planning:
    """A planner that gets one observation after the other."""

    def __init__(self, graph: Graph, system2: LookingSystem2) -> None:
        graph.start(PlannerNode(load=lambda *_, **__: system2))
        self._graph = graph
        self._speak = graph.speak(Observation, 'observation', NEWEST)
        self.tokens = graph.listen(GoalTokens, 'goal_tokens', NEWEST)

    def observe(self) -> None:
        """Send an observation."""
        observation = Observation(embodiment='unitree_g1', image_names=['ego_view'])
        observation.header.stamp = stamp_at(now(self._graph.peer))
        observation.images = [
            image_message(np.zeros((6, 8, 3), np.uint8), observation.header)]
        observation.images[0].header.frame_id = CAMERA.frame_id
        self._speak(observation)

    def send_more(self, number: int) -> None:
        """Observe until `number` more goal tokens came."""
        wanted = len(self.tokens) + number
        self._graph.wait_until(
            lambda: self.observe() or len(self.tokens) >= wanted, 'no goal tokens')


@pytest.fixture
def planning(
    make_graph: Callable[..., Graph], system2: LookingSystem2, small_checkpoint: str
) -> tuple[Graph, Planning]:
    graph = make_graph(
        checkpoint=small_checkpoint, max_observation_age_s=10.0, planner_hz=60.0,
        instruction='go')
    return graph, Planning(graph, system2)


def test_attention_is_computed_only_while_somebody_subscribes(
    planning: tuple[Graph, Planning], system2: LookingSystem2
) -> None:
    graph, planner = planning
    planner.send_more(3)
    assert system2.looks == 0
    maps: list[Image] = []
    subscription = graph.peer.create_subscription(Image, TOPIC, maps.append, NEWEST)

    def belongs() -> bool:
        planner.observe()
        stamps = [message.header.stamp for message in planner.tokens]
        return any(message.header.stamp in stamps for message in maps)

    graph.wait_until(belongs, 'no attention to what goal tokens were made of')
    assert maps[0].header.frame_id == CAMERA.frame_id
    assert (maps[0].encoding, maps[0].height, maps[0].width) == ('32FC1', 6, 8)
    np.testing.assert_array_equal(
        np.frombuffer(bytes(maps[0].data), np.float32).reshape(6, 8), CELLS)
    graph.peer.destroy_subscription(subscription)
    graph.wait_until(lambda: graph.peer.count_subscribers(TOPIC) == 0, 'still subscribed')

    def quiet() -> bool:  # the planner learns of it some time later
        looks = system2.looks
        planner.send_more(3)
        return system2.looks == looks

    graph.wait_until(quiet, 'it still looks')


def test_a_planner_that_cannot_look_goes_on_planning(
    planning: tuple[Graph, Planning], system2: LookingSystem2
) -> None:
    graph, planner = planning
    system2.fault = 'no file'
    maps = graph.listen(Image, TOPIC, NEWEST)
    graph.wait_until(lambda: planner.observe() or system2.looks > 2, 'it was not asked')
    planner.send_more(3)
    assert not maps


class Watched:
    """A visualizer whose overlay somebody looks at, its camera and its planner."""

    def __init__(self, graph: Graph, planned_by: str) -> None:
        graph.start(VisualizerNode())
        self._graph = graph
        self.overlays = graph.listen(Image, OVERLAY, NEWEST)
        self._camera = graph.speak(Image, CAMERA.topic, EVERY)
        self._tokens = graph.speak(GoalTokens, 'goal_tokens', NEWEST)
        self._status = graph.speak(PolicyStatus, 'controller/status', NEWEST)
        self._planned_by = planned_by

    def see(self, second: int) -> None:
        """Let the camera send what it captured then, planner and controller what they have."""
        self._camera(image_message(GREY, at(second)))
        self._tokens(GoalTokens(checkpoint=self._planned_by))
        self._status(PolicyStatus())

    def wait_for(self, condition: Callable[[Image], bool], second: int, failure: str,
                 more: Callable[[], None] = lambda: None) -> Image:
        """Return the first overlay for which a condition holds."""
        def found() -> list[Image]:
            self.see(second)
            more()
            return [message for message in self.overlays if condition(message)]

        self._graph.wait_until(found, failure)
        return found()[0]


def at(second: int) -> Any:
    header = Image().header
    header.stamp = stamp_at(float(second))
    return header


def pixels(message: Image) -> NDArray[np.int64]:
    return np.frombuffer(bytes(message.data), np.uint8).reshape(
        message.height, message.width, 3).astype(int)


def is_hot(message: Image) -> bool:
    """Return whether the place of the last cell is coloured."""
    return int(np.ptp(pixels(message)[230, 310])) > 30


def band(message: Image) -> int:
    """Return how many rows are darkened for words."""
    return int((pixels(message)[:, -1].max(1) < 200).sum())


def test_attention_lies_over_the_part_and_the_picture_that_it_belongs_to(
    make_graph: Callable[..., Graph], checkpoint: Path
) -> None:
    graph = make_graph(embodiment='unitree_g1', checkpoint=str(checkpoint), attention=True)
    watched = Watched(graph, fingerprint(checkpoint))
    send = graph.speak(Image, TOPIC, NEWEST)
    hot = watched.wait_for(
        is_hot, 5, 'no attention is shown', lambda: send(image_message(CELLS, at(5))))
    assert hot.header.stamp.sec == 5
    lower_right = pixels(hot)[242:, 322:]
    assert (lower_right == 200).all(), 'System 2 sees the upper left quarter only'
    graph.wait_until(  # attention of 5 s to pictures of 60 s
        lambda: watched.see(60) or send(image_message(CELLS, at(5))) or [
            message for message in watched.overlays if message.header.stamp.sec == 60],
        'the camera is hidden')
    assert not any(
        is_hot(message) for message in watched.overlays if message.header.stamp.sec == 60)

    assert graph.set_parameter('visualizer', 'attention', False).successful
    graph.wait_until(
        lambda: watched.see(61) or graph.peer.count_subscribers(TOPIC) == 0,
        'it goes on to ask for attention')
    watched.wait_for(lambda message: message.header.stamp.sec == 61, 61, 'no picture')


@pytest.mark.parametrize('planned_by', ['another', ''])
def test_attention_of_another_checkpoint_is_not_shown_and_said(
    make_graph: Callable[..., Graph], checkpoint: Path, planned_by: str
) -> None:
    graph = make_graph(embodiment='unitree_g1', checkpoint=str(checkpoint), attention=True)
    watched = Watched(graph, planned_by)
    send = graph.speak(Image, TOPIC, NEWEST)
    refused = watched.wait_for(
        lambda message: message.header.stamp.sec == 5 and band(message) > 90, 5,
        'no picture with the reason', lambda: send(image_message(CELLS, at(5))))
    assert not is_hot(refused)


def test_a_planner_without_attention_is_said(
    make_graph: Callable[..., Graph], checkpoint: Path
) -> None:
    graph = make_graph(embodiment='unitree_g1', checkpoint=str(checkpoint), attention=True)
    watched = Watched(graph, 'small')
    told = watched.wait_for(lambda message: band(message) > 58, 5, 'no word of it')
    assert not is_hot(told)


def test_nobody_is_asked_for_attention_before_it_is_switched_on(
    make_graph: Callable[..., Graph], checkpoint: Path
) -> None:
    graph = make_graph(embodiment='unitree_g1', checkpoint=str(checkpoint))
    watched = Watched(graph, 'small')
    watched.wait_for(lambda message: band(message) <= 58, 5, 'no picture')
    assert graph.peer.count_subscribers(TOPIC) == 0
    assert graph.set_parameter('visualizer', 'attention', True).successful
    graph.wait_until(
        lambda: watched.see(6) or graph.peer.count_subscribers(TOPIC) == 1, 'it does not ask')
