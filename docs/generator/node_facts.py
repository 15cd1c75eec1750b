"""What a node has, asked of the node itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import rclpy
from rcl_interfaces.msg import ParameterDescriptor
from rclpy.action import ActionServer, get_action_server_names_and_types_by_node
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from groot_ros.nodes.shared.lifecycle import autostart
from groot_ros.nodes.tools.graph_process import Domain

OF_EVERY_NODE = re.compile(
    r'diagnostics|rosout|parameter_events|.*/_action/.*|.*/(transition_event|change_state'
    r'|get_(state|available_states|available_transitions|transition_graph|type_description'
    r'|parameters|parameter_types)|describe_parameters|list_parameters|set_parameters'
    r'|set_parameters_atomically)')
PARAMETERS_OF_EVERY_NODE = re.compile(
    r'use_sim_time|start_type_description_service|diagnostic_updater\..*')
UNIT = re.compile(r' \[([^\]]+)\]')
DISCOVERY_ATTEMPTS = 1000
MakeNode = Callable[[], Node]
"""Builds a node of the context that rclpy was initialised with."""


class Interface(NamedTuple):
    """A topic, service or action; `qos` is empty for services and actions."""

    name: str
    kind: str
    qos: str = ''


class Interfaces(NamedTuple):
    """Everything that one node offers and uses."""

    publishes: frozenset[Interface]
    subscribes: frozenset[Interface]
    services: frozenset[Interface]
    actions: frozenset[Interface]
    calls: frozenset[Interface]


class ParameterFacts(NamedTuple):
    """One parameter, in words."""

    name: str
    kind: str
    default: str
    allowed: str
    unit: str
    live: bool
    description: str


@contextmanager
def built(make: MakeNode, parameters: Mapping[str, Any]) -> Iterator[Node]:
    """Build a node in a domain of its own, with these parameters."""
    given = [word for name, value in parameters.items() for word in ('-p', f'{name}:={value}')]
    claim = Domain()
    rclpy.init(args=['--ros-args', '--log-level', 'error', *given], domain_id=claim.number)
    node = make()
    try:
        yield node
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
        claim.close()


def read_interfaces(make: MakeNode, parameters: Mapping[str, Any]) -> Interfaces:
    """Return what a node has open once it is active.

    Raises:
        RuntimeError: If it does not get there; its log says why.
    """
    with built(make, parameters) as node:
        if isinstance(node, LifecycleNode) and not autostart(node):
            raise RuntimeError(f'{node.get_name()} does not start with {dict(parameters)}')
        return Interfaces(
            _own(Interface(each.topic_name, _type_name(each.msg_type), _words(each.qos_profile))
                 for each in node.publishers),
            _own(Interface(each.topic_name, _type_name(each.msg_type), _words(each.qos_profile))
                 for each in node.subscriptions),
            _own(Interface(each.service_name, _type_name(each.srv_type))
                 for each in node.services),
            _own(_actions(node)),
            _own(Interface(each.service_name, _type_name(each.srv_type))
                 for each in node.clients))


def read_parameters(make: MakeNode) -> list[ParameterFacts]:
    """Return the parameters of a node in the order in which it declares them."""
    with built(make, {}) as node:
        names = [each for each in node.list_parameters([], 0).names
                 if not PARAMETERS_OF_EVERY_NODE.fullmatch(each)]
        return [_parameter(node.get_parameter(name), node.describe_parameter(name))
                for name in names]


def _own(found: Iterable[Interface]) -> frozenset[Interface]:
    """Leave out what ROS gives to every node, and the slash of the root namespace."""
    relative = (each._replace(name=each.name.removeprefix('/')) for each in found)
    return frozenset(each for each in relative if not OF_EVERY_NODE.fullmatch(each.name))


def _actions(node: Node) -> list[Interface]:
    """Return the actions that a node serves, once the graph knows of all of them."""
    expected = sum(isinstance(each, ActionServer) for each in node.waitables)
    for _ in range(DISCOVERY_ATTEMPTS):
        found = get_action_server_names_and_types_by_node(
            node, node.get_name(), node.get_namespace())
        if len(found) == expected:
            return [Interface(name, kinds[0]) for name, kinds in found]
        rclpy.spin_once(node, timeout_sec=0.02)
    raise RuntimeError(f'{node.get_name()} serves {expected} actions, the graph has {found}')


def _type_name(kind: type) -> str:
    package, family, _ = kind.__module__.split('.', 2)
    return f'{package}/{family}/{kind.__name__}'


def _words(qos: QoSProfile) -> str:
    words = ['reliable' if qos.reliability == ReliabilityPolicy.RELIABLE else 'best effort']
    if qos.durability == DurabilityPolicy.TRANSIENT_LOCAL:
        words.append('transient local')
    words.append('all kept' if qos.history == HistoryPolicy.KEEP_ALL else f'depth {qos.depth}')
    return ', '.join(words)


def _parameter(parameter: Parameter, descriptor: ParameterDescriptor) -> ParameterFacts:
    unit = UNIT.search(descriptor.description)
    return ParameterFacts(
        parameter.name, parameter.type_.name.lower(), _value(parameter.value),
        _allowed(descriptor), unit[1] if unit else '', not descriptor.read_only,
        UNIT.sub('', descriptor.description, count=1))


def _value(value: Any) -> str:
    """Write a value as `ros2 param set` takes it."""
    if isinstance(value, str):
        return value or "''"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else str(list(value))


def _allowed(descriptor: ParameterDescriptor) -> str:
    for bounds in [*descriptor.integer_range, *descriptor.floating_point_range]:
        return f'{bounds.from_value:.10g} to {bounds.to_value:.10g}'
    return descriptor.additional_constraints
