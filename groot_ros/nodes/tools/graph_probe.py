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
    Recording,
    Surroundings,
    Topic,
    domain_of_port,
)
from groot_ros.msg import PolicyStatus, RecordingStatus
from groot_ros.nodes.shared.delivery import delivery_of
from groot_ros.nodes.shared.status import REASONS, STATES

AGREED = ('embodiment', 'checkpoint', 'use_sim_time')
POLICY = {
    'perception': (*AGREED, 'max_input_age_s'),
    'planner': AGREED,
    'controller': (*AGREED, 'max_state_age_s', 'deadman_topic', 'deadman_button',
                   'deadman_timeout_s'),
}
"""What each node of the policy is asked for."""
OTHERS = {
    'teleoperator': ('embodiment', 'use_sim_time', 'input', 'clutch_button', 'clutch_timeout_s',
                     'max_target_age_s', 'max_state_age_s'),
    'recorder': ('use_sim_time',),
    'visualizer': ('use_sim_time',),
    'viewer': ('use_sim_time', 'host', 'port'),
    'operator_page': ('use_sim_time', 'host', 'port'),
}
"""What each node that may run besides is asked for."""
STATUSES = {
    'recorder': RecordingStatus, 'visualizer': None, 'viewer': None, 'operator_page': None}
"""What they say of themselves, if not PolicyStatus."""
SHARED_MEMORY, LOCKS = Path('/dev/shm'), Path('/proc/locks')
UDP_SOCKETS = Path('/proc/net/udp')


class NodeProbe:
    """Asks one node of this package for its state and parameters, and hears its status.

    Args:
        node: The node that asks.
        namespace: Of the policy, '' or as `/robot1`.
        name: A key of POLICY or OTHERS.
    """

    def __init__(self, node: Node, namespace: str, name: str) -> None:
        self.name = name
        self._asked_for = (POLICY | OTHERS)[name]
        self._node, self._full = node, f'{namespace}/{name}'
        self._state = OneCall(
            node.create_client(GetState, f'{self._full}/get_state'), GetState.Request())
        self._parameters = OneCall(
            node.create_client(GetParameters, f'{self._full}/get_parameters'),
            GetParameters.Request(names=self._asked_for))
        self._status: PolicyStatus | RecordingStatus | None = None
        kind = STATUSES.get(name, PolicyStatus)
        if kind is not None:
            node.create_subscription(
                kind, f'{self._full}/status', self._on_status, qos_profile_sensor_data)

    def ask(self) -> None:
        """Ask what can be asked already and was not."""
        self._state.ask()
        self._parameters.ask()

    def facts(self) -> NodeFacts:
        """Return what is known of the node."""
        state, parameters = self._state.answer, self._parameters.answer
        given = {} if parameters is None else {
            name: parameter_value_to_python(value)
            for name, value in zip(self._asked_for, parameters.values, strict=False)}
        status = self._status
        return NodeFacts(
            self.name, instances=node_names(self._node).count(self._full),
            lifecycle=state.current_state.label if state else None, parameters=given,
            status=_node_status(status) if isinstance(status, PolicyStatus) else None,
            recording=_recording(status) if isinstance(status, RecordingStatus) else None)

    def _on_status(self, message: PolicyStatus | RecordingStatus) -> None:
        self._status = message


class OneCall:
    """One call of a service that may not be there.

    Args:
        client: Of the service.
        request: Sent once the service is there.
    """

    def __init__(self, client: Client, request: Any) -> None:
        self._client, self._request = client, request
        self._future: Future | None = None

    def ask(self) -> None:
        """Send the request once the service is there."""
        if self._future is None and self._client.service_is_ready():
            self._future = self._client.call_async(self._request)

    @property
    def answer(self) -> Any:
        """The response, None before it came."""
        return self._future.result() if self._future is not None and self._future.done() else None


def node_names(node: Node) -> list[str]:
    """Return the full names of all nodes but the one that looks and hidden ones, as of `ros2`."""
    names = [f'{namespace.rstrip("/")}/{name}'
             for name, namespace in node.get_node_names_and_namespaces()
             if not name.startswith('_')]
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
        tuple(sorted(_used_domains() - {domain})), _orphans())


def _endpoint(info: TopicEndpointInfo) -> Endpoint:
    return Endpoint(
        f'{info.node_namespace.rstrip("/")}/{info.node_name}', info.topic_type,
        delivery_of(info.qos_profile))


def _node_status(message: PolicyStatus) -> NodeStatus:
    return NodeStatus(
        STATES[message.state].upper(), REASONS[message.reason], message.text,
        output_rate=message.output_rate, latency=message.latency)


def _recording(message: RecordingStatus) -> Recording:
    return Recording(
        message.recording, message.bag, message.messages, message.dropped, message.free_bytes,
        message.problem)


def _orphans() -> int:
    """Return how many pieces of Fast DDS's shared memory nobody holds any more.

    A process locks the file NAME_el beside each of its pieces, and the kernel unlocks it when the
    process dies. The locks are only looked at: taking one could keep a process from starting.
    """
    if not LOCKS.exists():  # not Linux
        return 0
    held = {row.split()[5].rpartition(':')[2] for row in LOCKS.read_text().splitlines()
            if ' FLOCK ' in row}
    pieces = [each for each in SHARED_MEMORY.glob('fastrtps_*_el') if 'port' not in each.name]
    return sum(str(each.stat().st_ino) not in held for each in pieces)


def _used_domains() -> set[int]:
    """Return the domains in which processes of this machine receive discovery."""
    if not UDP_SOCKETS.exists():  # not Linux
        return set()
    rows = (line.split() for line in UDP_SOCKETS.read_text().splitlines()[1:])
    domains = (domain_of_port(int(row[1].rpartition(':')[2], 16)) for row in rows)
    return {domain for domain in domains if domain is not None}
