"""Physics steps and control ticks stay together."""

import numpy as np

from groot_ros.simulation.timing import steps_until


def test_physics_steps_of_120_ticks_are_a_second() -> None:
    assert steps_until(120) == 500
    steps = np.diff([steps_until(tick) for tick in range(1201)])
    assert set(steps) == {4, 5}
