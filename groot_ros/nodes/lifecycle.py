"""Start, autostart and end of a lifecycle node's process."""

import sys
from collections.abc import Callable, Sequence

import rclpy
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.logging import get_logger

from groot_ros.nodes.parameters import ParameterError

AUTOSTART = 'Configure and activate at start, without a lifecycle manager.'
PARAMETER_ERRORS = (
    ParameterError, InvalidParameterTypeException, InvalidParameterValueException)


def run(
    make_node: Callable[[], LifecycleNode],
    args: Sequence[str] | None = None,
    make_executor: Callable[[], Executor] = SingleThreadedExecutor,
) -> int:
    """Run one lifecycle node until it is interrupted and return the exit code.

    Args:
        make_node: Builds the node; it must have the boolean parameter `autostart`.
        args: Command line; `sys.argv` by default.
        make_executor: Builds the executor that spins the node.

    Returns:
        0 after SIGINT or SIGTERM, 1 if the node cannot start with what it was given.
    """
    rclpy.init(args=sys.argv if args is None else list(args))
    try:
        return _run_initialised(make_node, make_executor)
    except (KeyboardInterrupt, ExternalShutdownException):
        return 0
    finally:
        rclpy.try_shutdown()


def _run_initialised(
    make_node: Callable[[], LifecycleNode], make_executor: Callable[[], Executor]
) -> int:
    """Build, start, spin and destroy the node."""
    try:
        node = make_node()
    except PARAMETER_ERRORS as error:
        get_logger('groot_ros').fatal(str(error))
        return 1
    executor = make_executor()
    executor.add_node(node)
    try:
        if not autostart(node):
            return 1
        executor.spin()
    finally:
        executor.shutdown(timeout_sec=1.0)
        node.destroy_node()
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
