"""Start and end of a node's process."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import rclpy
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.logging import get_logger
from rclpy.node import Node

from groot_ros.embodiment import EmbodimentError
from groot_ros.nodes.shared.parameters import ParameterError

REFUSALS: tuple[type[Exception], ...] = (
    ParameterError, InvalidParameterTypeException, InvalidParameterValueException,
    EmbodimentError)
"""Errors that the user can mend."""
END_S = 1.0


class _Interrupts:
    """What SIGINT does to the code that runs, besides ending the context, which is rclpy's part.

    KeyboardInterrupt ends what waits, as for a checkpoint. In the middle of a callback it would
    tear what that holds: a queue, a bag, a lock.
    """

    tear = True

    def take(self, *_: object) -> None:
        """Raise KeyboardInterrupt where it may tear."""
        if self.tear:
            raise KeyboardInterrupt


_interrupts = _Interrupts()


@contextmanager
def callbacks_untorn() -> Iterator[None]:
    """Let SIGINT end the context alone, so that each callback comes to its end."""
    _interrupts.tear = False
    try:
        yield
    finally:
        _interrupts.tear = True


def run_process(
    work: Callable[[], int],
    args: Sequence[str] | None = None,
    refusals: tuple[type[Exception], ...] = REFUSALS,
) -> int:
    """Do work in an initialised ROS until it ends or is interrupted; return the exit code.

    Args:
        work: Returns the exit code if it ends by itself.
        args: Command line; `sys.argv` by default.
        refusals: Errors that the user can mend.

    Returns:
        0 after SIGINT or SIGTERM, 1 if it cannot be done with what was given.
    """
    before = signal.signal(signal.SIGINT, _interrupts.take)  # rclpy's own handler calls it
    rclpy.init(args=sys.argv if args is None else list(args))
    try:
        return work()
    except (KeyboardInterrupt, ExternalShutdownException):
        return 0
    except refusals as error:
        get_logger('groot_ros').fatal(str(error))
        return 1
    except RuntimeError:  # of a callback that used what SIGINT had just ended
        if rclpy.ok():
            raise
        return 0
    finally:
        rclpy.try_shutdown()
        signal.signal(signal.SIGINT, before)


@contextmanager
def called_by(executor: Executor, node: Node) -> Iterator[None]:
    """Let an executor call a node's callbacks, and end both: the callbacks before the node."""
    executor.add_node(node)
    try:
        yield
    finally:
        executor.shutdown(timeout_sec=END_S)
        node.destroy_node()
