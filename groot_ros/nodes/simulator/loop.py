"""How simulated time passes with the wall clock."""

import time
from collections.abc import Callable

from rclpy.executors import Executor

from groot_ros.nodes.shared.stepping import Stepped, spin_until

# A loop this far behind its deadlines starts them anew: time then passes more slowly [s].
MAX_DELAY_S = 0.25


def run_in_real_time(
    simulator: Stepped, executor: Executor, period: float, is_up: Callable[[], bool]
) -> None:
    """Simulate one tick every `period` [s] of the wall clock, at absolute deadlines."""
    deadline = time.monotonic()
    while is_up():
        simulator.publish_tick()
        simulator.advance()
        deadline = max(deadline + period, time.monotonic() - MAX_DELAY_S)
        spin_until(executor, lambda: False, deadline, is_up)
