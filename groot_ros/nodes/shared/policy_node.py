"""What lifecycle nodes share: transitions and an end that leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from groot_ros.nodes.shared.lifecycle import Interfaces

Node = TypeVar('Node', bound=LifecycleNode)
Transition = Callable[[Node, LifecycleState], TransitionCallbackReturn]


class PolicyNode(LifecycleNode):
    """A lifecycle node that survives transitions in any order.

    What it opens with its `_interfaces` is closed with its configuration, or with itself.
    `on_deactivate` and `on_cleanup` of an heir must bear to be called in every state.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._interfaces = Interfaces(self)
        # rclpy raises here for a transition that the state has not, which would end the node.
        change_state = self._service_change_state.callback
        self._service_change_state.callback = lambda request, response: (
            change_state(request, response) if self._has(request) else response)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close every interface."""
        self._interfaces.close()
        return super().on_cleanup(state)

    def destroy_node(self) -> None:
        """Close every interface."""
        self._interfaces.close()
        super().destroy_node()

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Come to rest and close everything, whatever the state."""
        self.on_deactivate(state)
        return self.on_cleanup(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close everything, so that the node can be configured again."""
        return self.on_shutdown(state)

    def _has(self, request: ChangeState.Request) -> bool:
        """Return whether the state has the transition; log it if not."""
        available = {
            label: number for number, label, *_ in self._state_machine.available_transitions}
        asked: Any = request.transition.label or request.transition.id
        if asked in available or asked in available.values():
            return True
        self.get_logger().error(
            f'transition {asked} refused: {self._state_machine.current_state[1]} has only '
            f'{", ".join(available) or "none"}')
        return False


def logged(transition: Transition) -> Transition:
    """Log what a transition raises: rclpy drops it without a word."""
    @wraps(transition)
    def attempt(node: Node, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except Exception as error:
            node.get_logger().fatal(f'{transition.__name__}: {type(error).__name__}: {error}')
            raise
    return attempt
