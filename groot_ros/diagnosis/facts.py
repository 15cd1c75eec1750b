"""What somebody saw of a graph, as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from groot_ros.diagnosis.delivery import Delivery

WATCHING = ('recorder', 'visualizer', 'viewer', 'operator_page')
"""Nodes that a robot moves without."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One publisher or subscription.

    Attributes:
        node: Full name of its node.
        kind: Message type, as `sensor_msgs/msg/Image`.
    """

    node: str
    kind: str
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Topic:
    """Both ends of a topic."""

    publishers: tuple[Endpoint, ...] = ()
    subscribers: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """What came on a topic while it was listened to.

    Attributes:
        count: Messages.
        rate: [Hz].
        youngest: Smallest age on arrival [s]; infinite without messages.
        typical: Median age on arrival [s]; negative for stamps of the future.
    """

    count: int = 0
    rate: float = 0.0
    youngest: float = math.inf
    typical: float = math.inf


@dataclass(frozen=True, slots=True)
class HeardCamera(Heard):
    """Images.

    Attributes:
        size: Width and height of the newest image that could be read [px].
        error: Why the newest image could not be read, empty if it could.
        black: Whether every pixel of it is 0.
    """

    size: tuple[int, int] | None = None
    error: str = ''
    black: bool = False


@dataclass(frozen=True, slots=True)
class HeardJoints(Heard):
    """Joint states.

    Attributes:
        names: Joints in any of the messages.
    """

    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HeardJoy(Heard):
    """What a gamepad sent.

    Attributes:
        buttons: How many every message had at least.
    """

    buttons: int = 0


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """The newest PolicyStatus of a node.

    Attributes:
        state: Name of a state constant.
        reason: Name of a reason constant.
        text: The reason for people.
        latency: From the image's stamp to what the node sent for it [s]; 0 if it sent nothing.
    """

    state: str
    reason: str
    text: str
    output_rate: float = 0.0
    latency: float = 0.0


@dataclass(frozen=True, slots=True)
class Recording:
    """The newest RecordingStatus.

    Attributes:
        under_way: Whether an episode is being written.
        bag: The folder of that episode, or of the newest one; empty before the first.
        messages: Written in this episode.
        dropped: Received in this episode and not written.
        free_bytes: Left on the disk of the recordings.
        problem: Why the newest episode ended early; empty if it did not.
    """

    under_way: bool
    bag: str = ''
    messages: int = 0
    dropped: int = 0
    free_bytes: int = 0
    problem: str = ''


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One node of this package.

    Attributes:
        name: As it is started, for example `perception`.
        instances: How many nodes have that name.
        lifecycle: Its state's label, as `active`; None if it did not answer.
        parameters: Those asked for, by name; empty if it did not answer.
        status: None if none came.
        recording: Of the recorder; None if none came.
    """

    name: str
    instances: int = 0
    lifecycle: str | None = None
    parameters: Mapping[str, str | bool | float] = field(default_factory=dict)
    status: NodeStatus | None = None
    recording: Recording | None = None

    @property
    def running(self) -> bool:
        """Whether there is such a node."""
        return self.instances > 0


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """What came of the clock: how many messages, and whether the time in them went on."""

    count: int = 0
    moves: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where it was looked.

    Attributes:
        domain: ROS_DOMAIN_ID.
        middleware: Name of the RMW implementation.
        reach: ROS_AUTOMATIC_DISCOVERY_RANGE.
        other_domains: Domains that processes of this machine use besides.
        orphans: Pieces of Fast DDS's shared memory on this machine whose process was killed.
    """

    domain: int
    middleware: str
    reach: str
    other_domains: tuple[int, ...] = ()
    orphans: int = 0


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """Everything seen.

    Attributes:
        namespace: Where the policy's nodes were looked for, '' or as `/robot1`.
        node_names: Full names of all nodes but the one that looked.
        nodes: Perception, planner and controller, whether they run or not.
        others: Nodes of this package that may run besides: teleoperator and WATCHING.
        topics: By full name.
        heard: What was listened to, by full topic name.
        lead_in: By full name of a robot's controller, whether a trajectory begins at the target
            before it; the others begin where the joints are measured.
        image_sizes: Width and height that the checkpoint asks for [px], by video key.
    """

    surroundings: Surroundings
    namespace: str
    node_names: tuple[str, ...]
    nodes: tuple[NodeFacts, ...]
    topics: Mapping[str, Topic]
    heard: Mapping[str, Heard]
    clock: ClockFacts = ClockFacts()
    image_sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    others: tuple[NodeFacts, ...] = ()
    lead_in: Mapping[str, bool] = field(default_factory=dict)

    def node(self, name: str) -> NodeFacts:
        """Return a node of this package by its name, one that does not run if it is unknown."""
        found = (each for each in (*self.nodes, *self.others) if each.name == name)
        return next(found, NodeFacts(name))

    @property
    def teleoperated(self) -> bool:
        """Whether a person moves the robot, and no policy does."""
        return self.node('teleoperator').running and not self.node('controller').running

    def offered(self, topic: str) -> bool:
        """Return whether anybody publishes a topic."""
        return bool(self.topic(topic).publishers)

    def topic(self, name: str) -> Topic:
        """Return the ends of a topic, none if there is no such topic."""
        return self.topics.get(name, Topic())

    @property
    def clock_topic(self) -> str:
        """Where simulated time comes from: of a simulated robot in a namespace it is its own."""
        own = f'{self.namespace}/clock'
        return own if self.offered(own) else '/clock'

    @property
    def simulated_time(self) -> bool:
        """Whether any node of this package follows simulated time."""
        return any(
            node.parameters.get('use_sim_time') for node in (*self.nodes, *self.others))

    def parameter(self, node: str, name: str, default: float) -> float:
        """Return a number that a node was started with, `default` if it did not say."""
        return float(self.node(node).parameters.get(name, default))
