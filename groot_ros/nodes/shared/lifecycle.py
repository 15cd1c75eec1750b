"""Interfaces of a lifecycle node, its autostart and its process."""

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.action import ActionClient, ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.executors import Executor
from rclpy.guard_condition import GuardCondition
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher, TransitionCallbackReturn
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile

from groot_ros.nodes.shared.delivery import DeliveryMonitor
from groot_ros.nodes.shared.executors import event_executor
from groot_ros.nodes.shared.processes import callbacks_untorn, called_by, run_process

AUTOSTART = 'Configure and activate at start, without a lifecycle manager.'
WAKE_PERIOD_S = 0.5


class Interfaces:
    """What a node opens when it is configured and closes when it is cleaned up.

    Attributes:
        delivery: Whether its subscriptions get what is offered to them.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._closers: list[Callable[[], object]] = []
        self.delivery = DeliveryMonitor(node)

    @property
    def open(self) -> bool:
        """Whether anything is open."""
        return bool(self._closers)

    def publish(self, kind: type, topic: str, qos: QoSProfile) -> LifecyclePublisher:
        """Open a publisher that is silent while the node is not active."""
        publisher = self._node.create_lifecycle_publisher(kind, topic, qos)
        self._closers.append(lambda: self._node.destroy_lifecycle_publisher(publisher))
        return publisher

    def publish_always(self, kind: type, topic: str, qos: QoSProfile) -> Publisher:
        """Open a publisher that also speaks while the node is not active."""
        publisher = self._node.create_publisher(kind, topic, qos)
        self._closers.append(lambda: self._node.destroy_publisher(publisher))
        return publisher

    def subscribe(
        self, kind: type, topic: str, callback: Callable[[Any], None], qos: QoSProfile,
        group: CallbackGroup | None = None, *, raw: bool = False,
    ) -> None:
        """Open a subscription; a raw one gives the serialized messages."""
        subscription = self._node.create_subscription(
            kind, topic, callback, qos, callback_group=group, raw=raw,
            event_callbacks=self.delivery.watch(topic, qos))
        self._closers.append(lambda: self._node.destroy_subscription(subscription))

    def serve(
        self, kind: type, name: str, answer: Callable[[Any, Any], Any],
        group: CallbackGroup | None = None,
    ) -> None:
        """Open a service."""
        service = self._node.create_service(kind, name, answer, callback_group=group)
        self._closers.append(lambda: self._node.destroy_service(service))

    def serve_goals(
        self, kind: type, name: str, *, check: Callable[[Any], GoalResponse],
        accept: Callable[[ServerGoalHandle], None],
        cancel: Callable[[ServerGoalHandle], CancelResponse],
    ) -> None:
        """Open an action whose goals end when the node says so, not when a callback returns."""
        server = ActionServer(
            self._node, kind, name, goal_callback=check, handle_accepted_callback=accept,
            cancel_callback=cancel)
        self._closers.append(server.destroy)

    def call_action(self, kind: type, name: str) -> ActionClient:
        """Open a client of an action."""
        client = ActionClient(self._node, kind, name)
        self._closers.append(client.destroy)
        return client

    def repeat(
        self, period: float, callback: Callable[[], None], group: CallbackGroup | None = None
    ) -> None:
        """Call back every `period` [s] of real time, also while a simulator stands still."""
        def call() -> None:
            try:
                callback()
            except RuntimeError:  # it used what SIGINT had just ended
                if self._node.context.ok():
                    raise

        timer = self._node.create_timer(
            period, call, callback_group=group,
            clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._closers.append(lambda: self._node.destroy_timer(timer))

    def on_trigger(self, callback: Callable[[], None], group: CallbackGroup) -> GuardCondition:
        """Call back whenever the condition returned is triggered."""
        condition = self._node.create_guard_condition(callback, callback_group=group)
        self._closers.append(lambda: self._node.destroy_guard_condition(condition))
        return condition

    def on_close(self, closer: Callable[[], object]) -> None:
        """Call `closer` when everything is closed."""
        self._closers.append(closer)

    def close(self) -> None:
        """Close everything."""
        while self._closers:
            self._closers.pop()()
        self.delivery.forget()


def run(
    make_node: Callable[[], LifecycleNode],
    args: Sequence[str] | None = None,
    make_executor: Callable[[], Executor] = event_executor,
) -> int:
    """Run one lifecycle node until it is interrupted and return the exit code.

    Args:
        make_node: Builds the node; it must have the boolean parameter `autostart`.
        args: Command line; `sys.argv` by default.
        make_executor: Builds the executor that spins the node; the lightest one by default.

    Returns:
        0 after SIGINT or SIGTERM, 1 if the node cannot start with what it was given.
    """
    return run_process(lambda: _run(make_node(), make_executor()), args)


def _run(node: LifecycleNode, executor: Executor) -> int:
    """Start, spin and destroy the node."""
    with called_by(executor, node):
        # A signal wakes the executor before rclpy ends the context: one that finds the context
        # still in order, and waits for nothing else, would not wake again.
        node.create_timer(
            WAKE_PERIOD_S, lambda: None, clock=Clock(clock_type=ClockType.STEADY_TIME))
        if not autostart(node):
            return 1
        with callbacks_untorn():
            executor.spin()
    return 0


def autostart(node: LifecycleNode) -> bool:
    """Configure and activate `node` if its parameter `autostart` asks for it.

    Returns:
        False if a transition was refused; the node has logged why.
    """
    if not node.get_parameter('autostart').value:
        return True
    for transition in (node.trigger_configure, node.trigger_activate):
        if transition() != TransitionCallbackReturn.SUCCESS:
            return False
    return True
