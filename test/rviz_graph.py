"""What an RViz that opens a view would miss in a graph: topics, types, delivery, frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rviz_files import topics

from groot_ros.diagnosis import Delivery, Topic, mismatch, resolve

FIXED = '<Fixed Frame>'


@dataclass(frozen=True)
class SeenGraph:
    """A running graph.

    Attributes:
        namespace: That RViz is started in, '' or as `/robot1`.
        topics: Both ends of each topic, by full name.
        parents: Of each frame that tf tells of, by its name.
        links: Of robot_description.
        drawn_in: Frames that markers are given in.
    """

    namespace: str
    topics: Mapping[str, Topic]
    parents: Mapping[str, str]
    links: frozenset[str]
    drawn_in: frozenset[str]

    def root(self, frame: str) -> str:
        """Return the frame from which all lead that are connected with `frame`."""
        while frame in self.parents:
            frame = self.parents[frame]
        return frame

    @property
    def frames(self) -> frozenset[str]:
        """Every frame that tf tells of."""
        return frozenset(self.parents) | frozenset(self.parents.values())


def graph_faults(content: dict[str, Any], graph: SeenGraph) -> list[str]:
    """Return what the view in a .rviz file would not show of a graph, in words."""
    return [*_topic_faults(content, graph), *_frame_faults(content, graph)]


def _topic_faults(content: dict[str, Any], graph: SeenGraph) -> Iterator[str]:
    for name, kinds, reliability, durability in topics(content):
        topic = resolve(graph.namespace, name)
        publishers = graph.topics.get(topic, Topic()).publishers
        wanted = Delivery(
            reliable=reliability == 'Reliable', latched=durability == 'Transient Local')
        if not publishers:
            yield f'nobody publishes {topic}'
        for each in publishers:
            if each.kind not in kinds:
                yield f'{topic} has type {each.kind}, the display takes {", ".join(kinds)}'
            if problem := mismatch(each.delivery, wanted):
                yield f'{problem} on {topic}'


def _frame_faults(content: dict[str, Any], graph: SeenGraph) -> Iterator[str]:
    manager = content['Visualization Manager']
    fixed = manager['Global Options']['Fixed Frame']
    if fixed not in graph.frames:
        yield f'the fixed frame {fixed} is not in tf'
        return
    named = {display.get('Reference Frame', FIXED) for display in manager['Displays']}
    named |= {manager['Views']['Current'].get('Target Frame', FIXED)}
    for frame in sorted((named - {FIXED}) | graph.links | graph.drawn_in):
        if graph.root(frame) != graph.root(fixed):
            yield f'no transform from {frame} to {fixed}'
