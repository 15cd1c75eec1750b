"""A view against a graph: a graph that has all of it, and one thing spoiled at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from rviz_files import topics
from rviz_graph import SeenGraph, graph_faults

from groot_ros.diagnosis import Delivery, Endpoint, Topic

FILE = Path(__file__).parents[3] / 'config/rviz/humanoid.rviz'
VIEW: dict[str, Any] = yaml.safe_load(FILE.read_text())
FIXED = VIEW['Visualization Manager']['Global Options']['Fixed Frame']
MARKERS = '/robot1/visualizer/markers'


def offer(kind: str, *, reliable: bool = True, latched: bool = False) -> Topic:
    return Topic((Endpoint('/robot1/sender', kind, Delivery(reliable, latched)),))


SEEN = SeenGraph(
    '/robot1', {
        f'/robot1/{name}': offer(
            kinds[0], reliable=reliability == 'Reliable', latched=durability == 'Transient Local')
        for name, kinds, reliability, durability in topics(VIEW)},
    {FIXED: 'pelvis', 'hand': 'pelvis'}, frozenset({'pelvis', 'hand'}), frozenset({'pelvis'}))


def with_topic(name: str, topic: Topic) -> SeenGraph:
    return replace(SEEN, topics={**SEEN.topics, name: topic})


def test_a_graph_that_has_all_of_it_is_shown_whole() -> None:
    assert graph_faults(VIEW, SEEN) == []


def test_a_publisher_may_offer_more_than_is_wanted() -> None:
    latched = offer('visualization_msgs/msg/MarkerArray', latched=True)
    assert graph_faults(VIEW, with_topic(MARKERS, latched)) == []


@pytest.mark.parametrize(('spoil', 'words'), [
    (lambda: with_topic(MARKERS, Topic()), f'nobody publishes {MARKERS}'),
    (lambda: with_topic(MARKERS, offer('visualization_msgs/msg/Marker')),
     f'{MARKERS} has type visualization_msgs/msg/Marker'),
    (lambda: with_topic('/robot1/robot_description', offer('std_msgs/msg/String')),
     'offered volatile, wanted transient local on /robot1/robot_description'),
    (lambda: with_topic('/robot1/visualizer/overlay_0', offer(
        'sensor_msgs/msg/Image', reliable=False)),
     'offered best effort, wanted reliable on /robot1/visualizer/overlay_0'),
    (lambda: replace(SEEN, parents={'hand': 'pelvis'}), f'the fixed frame {FIXED} is not in tf'),
    (lambda: replace(SEEN, parents={FIXED: 'pelvis'}), f'no transform from hand to {FIXED}'),
    (lambda: replace(SEEN, drawn_in=frozenset({'map'})), f'no transform from map to {FIXED}'),
])
def test_what_would_not_be_shown_is_named(spoil: Callable[[], SeenGraph], words: str) -> None:
    fault, = graph_faults(VIEW, spoil())
    assert words in fault


def test_topics_are_looked_for_in_the_namespace_of_rviz() -> None:
    faults = graph_faults(VIEW, replace(SEEN, namespace='/robot2'))
    assert faults == [f'nobody publishes /robot2/{name}' for name, *_ in topics(VIEW)]
