"""Looks at a graph from outside: nodes, ends of topics, answers of services."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import GetParameters
from rclpy.client import Client
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import qos_profile_sensor_data
from rclpy.task import Future
from rclpy.topic_endpoint_info import TopicEndpointInfo

from groot_ros.diagnosis import (
    Endpoint,
    NodeFacts,
    NodeStatus,
    Surroundings,
    Topic,
    domain_of_port,
)
from groot_ros.msg import PolicyStatus
from groot_ros.nodes.shared.delivery import delivery_of
from groot_ros.nodes.shared.status import REASONS

STATES = ('INACTIVE', 'WAITING', 'RUNNING', 'HOLDING', 'PAUSED', 'FAULT')
AGREED = ('embodiment', 'checkpoint', 'use_sim_time')
PARAMETERS = {
    'perception': (*AGREED, 'max_input_age_s'),
    'planner': AGREED,
    'controller': (*AGREED, 'max_state_age_s'),
}
"""What each node of the policy is asked for."""
UDP_SOCKETS = Path('/proc/net/udp')


class NodeProbe:
    """Asks one node of the policy for its state and parameters, and hears its status.

    Args:
        node: The node that asks.
        namespace: Of the policy, '' or as `/robot1`.
        name: perception, planner or controller.
    """

    def __init__(self, node: Node, namespace: str, name: str) -> None:
        self.name = name
        self._node, self._full = node, f'{namespace}/{name}'
        self._state = _Question(
            node.create_client(GetState, f'{self._full}/get_state'), GetState.Request())
        self._parameters = _Question(
            node.create_client(GetParameters, f'{self._full}/get_parameters'),
            GetParameters.Request(names=PARAMETERS[name]))
        self._status: PolicyStatus | None = None
        node.create_subscription(
            PolicyStatus, f'{self._full}/status', self._on_status, qos_profile_sensor_data)

    def ask(self) -> bool:
        """Ask what can be asked already, and return whether all is answered."""
        return all([self._state.ask(), self._parameters.ask()])

    def facts(self) -> NodeFacts:
        """Return what is known of the node."""
        state, parameters = self._state.answer, self._parameters.answer
        given = {} if parameters is None else {
            name: parameter_value_to_python(value)
            for name, value in zip(PARAMETERS[self.name], parameters.values, strict=False)}
        return NodeFacts(
            self.name, instances=node_names(self._node).count(self._full),
            lifecycle=state.current_state.label if state else None, parameters=given,
            status=None if self._status is None else _node_status(self._status))

    def _on_status(self, message: PolicyStatus) -> None:
        self._status = message


class _Question:
    """One call of a service that may not be there."""

    def __init__(self, client: Client, request: Any) -> None:
        self._client, self._request = client, request
        self._future: Future | None = None

    def ask(self) -> bool:
        """Send the request once the service is there; return whether it is answered."""
        if self._future is None and self._client.service_is_ready():
            self._future = self._client.call_async(self._request)
        return self.answer is not None

    @property
    def answer(self) -> Any:
        """The response, None before it came."""
        return self._future.result() if self._future is not None and self._future.done() else None


def node_names(node: Node) -> list[str]:
    """Return the full names of all nodes but the one that looks."""
    names = [f'{namespace.rstrip("/")}/{name}'
             for name, namespace in node.get_node_names_and_namespaces()]
    return sorted(name for name in names if name != node.get_fully_qualified_name())


def topics(node: Node) -> dict[str, Topic]:
    """Return both ends of every topic, without those of the node that looks."""
    def ends(look: Callable[[str], list[TopicEndpointInfo]], name: str) -> tuple[Endpoint, ...]:
        found = (_endpoint(info) for info in look(name))
        return tuple(end for end in found if end.node != node.get_fully_qualified_name())

    return {
        name: Topic(
            ends(node.get_publishers_info_by_topic, name),
            ends(node.get_subscriptions_info_by_topic, name))
        for name, _ in node.get_topic_names_and_types()}


def surroundings(node: Node) -> Surroundings:
    """Return where `node` looks."""
    domain = node.context.get_domain_id()
    return Surroundings(
        domain, rclpy.get_rmw_implementation_identifier(),
        os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET'),
        tuple(sorted(_used_domains() - {domain})))


def _endpoint(info: TopicEndpointInfo) -> Endpoint:
    return Endpoint(
        f'{info.node_namespace.rstrip("/")}/{info.node_name}', info.topic_type,
        delivery_of(info.qos_profile))


def _node_status(message: PolicyStatus) -> NodeStatus:
    return NodeStatus(
        STATES[message.state], REASONS[message.reason], message.text,
        output_rate=message.output_rate, latency=message.latency)


def _used_domains() -> set[int]:
    """Return the domains in which processes of this machine receive discovery."""
    if not UDP_SOCKETS.exists():  # not Linux
        return set()
    rows = (line.split() for line in UDP_SOCKETS.read_text().splitlines()[1:])
    domains = (domain_of_port(int(row[1].rpartition(':')[2], 16)) for row in rows)
    return {domain for domain in domains if domain is not None}
