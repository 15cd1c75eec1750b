"""A page for every node: its topics, services, actions and parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import markup
from meanings import Meanings
from node_facts import Interface, Interfaces, MakeNode, read_interfaces, read_parameters

from groot_ros.nodes.controller.node import ControllerNode
from groot_ros.nodes.operator_page.node import OperatorPageNode
from groot_ros.nodes.perception.node import PerceptionNode
from groot_ros.nodes.planner.node import PlannerNode
from groot_ros.nodes.recorder.node import RecorderNode
from groot_ros.nodes.replayer.node import Replayer
from groot_ros.nodes.simulator.node import SimulatorNode
from groot_ros.nodes.stand_in.node import StandInNode
from groot_ros.nodes.teleoperator.node import TeleoperatorNode
from groot_ros.nodes.viewer.node import ViewerNode
from groot_ros.nodes.visualizer.node import VisualizerNode

PARTS = {
    'publishes': ('Publishes', 'topics'), 'subscribes': ('Subscribes', 'topics'),
    'services': ('Services', 'services'), 'actions': ('Actions', 'actions'),
    'calls': ('Calls', 'services')}
"""Heading and section of meanings.yaml of each part of `Interfaces`."""
SERVER = {'backend': 'zmq://127.0.0.1:1', 'action_period_s': 0.05}
"""A policy server that does not answer."""


@dataclass(frozen=True)
class Documented:
    """One node.

    Attributes:
        make: Builds it.
        purpose: What it is for, in a sentence or two.
        parameters: That it is run with to look at it; its table has the defaults all the same.
        variants: Parameters with which it has other interfaces, by the words for them.
    """

    make: MakeNode
    purpose: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


NODES = {
    'perception': Documented(PerceptionNode, 'Cameras and joints in, observations out.'),
    'planner': Documented(
        PlannerNode, 'System 2: observations and an instruction in, goal tokens out.',
        variants={'`backend`': {'backend': SERVER['backend']}}),
    'controller': Documented(
        ControllerNode, 'System 1: goal tokens and joint states in, joint commands out.',
        variants={'`backend`': SERVER, '`deadman_topic` joy': {'deadman_topic': 'joy'},
                  '`max_observation_age_s`': {'max_observation_age_s': 1.0}}),
    'simulator': Documented(
        SimulatorNode, 'A Unitree G1 at a table, in place of the robot. Not a lifecycle node.'),
    'stand_in': Documented(
        StandInNode, 'Joints, test pictures and commands of a robot that is not there, no '
        'physics. Not a lifecycle node.', variants={'`urdf`': {'urdf': '/dev/null'}}),
    'teleoperator': Documented(
        TeleoperatorNode, 'A person moves the hands, in place of the policy.',
        variants={'`input` joy': {'input': 'joy'}, '`input` pose': {'input': 'pose'}}),
    'recorder': Documented(RecorderNode, 'Episodes as bags.'),
    'replayer': Documented(
        Replayer, 'A bag in place of the robot. What it publishes is what the bag holds. '
        'Not a lifecycle node.'),
    'visualizer': Documented(
        VisualizerNode, 'Plan, ghost, words and camera overlays, for those who look. With '
        '`attention` it also listens to `planner/attention_0`, while somebody looks.'),
    'viewer': Documented(
        ViewerNode, "Forwards the graph to viewers that speak Foxglove's protocol, read-only.",
        parameters={'port': 0}),
    'operator_page': Documented(
        OperatorPageNode, 'A page in the browser for who operates the robot. It also listens to '
        '`visualizer/overlay_0` or the camera, while somebody looks.',
        parameters={'port': 0}),
}


def node_pages() -> dict[str, str]:
    """Return the page of each node by its file name.

    Raises:
        MeaningError: If a topic, service or action has no meaning in meanings.yaml, or one there
            belongs to none.
    """
    meanings = Meanings()
    pages = {f'{name}.md': _page(name, node, meanings) for name, node in NODES.items()}
    meanings.check()
    return pages


def _page(name: str, node: Documented, meanings: Meanings) -> str:
    usual = read_interfaces(node.make, node.parameters)
    variants = {words: read_interfaces(node.make, {**node.parameters, **parameters})
                for words, parameters in node.variants.items()}
    parts = [node.purpose]
    for part, (heading, family) in PARTS.items():
        if rows := _rows(part, usual, variants, partial(meanings.of, family)):
            qos = ['QoS'] if family == 'topics' else []
            parts += [f'## {heading}', markup.table(['name', 'type', *qos, 'what it is'], rows)]
    return markup.page(name, *parts, '## Parameters', _parameter_table(node))


def _rows(
    part: str, usual: Interfaces, variants: Mapping[str, Interfaces],
    meaning: Callable[[str], str],
) -> list[list[str]]:
    """Return a row for each interface, sorted by name; first those that are always there."""
    there: frozenset[Interface] = getattr(usual, part)
    others: dict[str, frozenset[Interface]] = {
        words: getattr(found, part) for words, found in variants.items()}
    rows = []
    for each in sorted(there.union(*others.values()), key=lambda one: (one not in there, one)):
        lacking = [words for words, found in others.items() if each not in found]
        having = [words for words in others if words not in lacking]
        when = f' (not with {" or ".join(lacking)})' if each in there and lacking else \
            f' (with {" or ".join(having)})' if each not in there else ''
        qos = [each.qos] if each.qos else []
        rows.append([markup.literal(each.name), _linked(each.kind), *qos,
                     meaning(each.name) + when])
    return rows


def _linked(kind: str) -> str:
    """Return a type, with a link where it is one of this package."""
    package, _, name = kind.split('/')
    return f'[`{kind}`](messages.md#{name.lower()})' if package == 'groot_ros' else f'`{kind}`'


def _parameter_table(node: Documented) -> str:
    return markup.table(
        ['name', 'type', 'default', 'allowed', 'unit', 'live', 'what it is'],
        [[markup.literal(each.name), each.kind, markup.literal(each.default), each.allowed,
          each.unit, 'yes' if each.live else '', each.description]
         for each in read_parameters(node.make)])
