"""What the limit filter costs, and how far it keeps a robot from demonstrations.

    scripts/env python benchmarks/following.py [--demonstrations FOLDER] [--number 20]

The cost is that of one tick of the G1's 31 joints: following a motion within the limits, making
for poses that jump, and braking. The reference holds each joint's position, velocity and
acceleration within limits by three clips, keeps neither jerk nor path and cannot stop before a
position limit.

Demonstrations are played as a chunk of 20 Hz is played, for several default jerks. They count as
normal where they keep velocity and acceleration themselves.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).resolve().parent))
from measuring import describe_load, stopwatch

from groot_ros.control import ActionChunk, LimitFilter
from groot_ros.control.limit_check import count_violations
from groot_ros.control.seams import curve_of
from groot_ros.data.demonstrations import read_episode
from groot_ros.embodiment import Embodiment, load_embodiment
from groot_ros.evaluation.report import format_table

Array = NDArray[np.float64]
Follow = Callable[[Array], Array]

ROBOT = load_embodiment('unitree_g1')
TICK = 1.0 / ROBOT.rates.control_hz
ROW_S = 0.05
JERKS = (10.0, 20.0, 50.0, 100.0, 200.0)
"""Multiples of the acceleration that are tried [1/s]."""
FOLLOWED = 1e-3
"""A target is followed where the command is as near as this [rad]."""


class Clipped:
    """The reference: three clips."""

    def __init__(self, robot: Embodiment) -> None:
        self._robot = robot
        self._position = robot.home
        self._velocity = np.zeros_like(robot.home)

    def follow(self, target: Array) -> Array:
        """Move one tick."""
        robot, step = self._robot, self._robot.max_acceleration * TICK
        wanted = (np.clip(target, robot.lower, robot.upper) - self._position) / TICK
        wanted = np.clip(wanted, self._velocity - step, self._velocity + step)
        self._velocity = np.clip(wanted, -robot.max_velocity, robot.max_velocity)
        self._position = self._position + self._velocity * TICK
        return self._position


def settled(robot: Embodiment, pose: Array) -> LimitFilter:
    """Return a filter at rest at a pose that may move at full speed."""
    limits = LimitFilter(robot, TICK, approach_velocity=1.0)
    limits.reset(pose)
    limits.follow(pose)
    return limits


def wave(ticks: int) -> Array:
    """Return a motion within the limits, shape (ticks, num_joints)."""
    side = np.where(ROBOT.home + 0.4 > ROBOT.upper, -1.0, 1.0)
    times = TICK * np.arange(1, ticks + 1)
    return ROBOT.home + 0.2 * (1.0 - np.cos(3.0 * times))[:, None] * side


def poses(ticks: int) -> Array:
    """Return a random pose every 20 ticks, shape (ticks, num_joints)."""
    rng = np.random.default_rng(0)
    drawn = rng.uniform(ROBOT.lower, ROBOT.upper, (-(-ticks // 20), len(ROBOT.joints)))
    return np.repeat(drawn, 20, axis=0)[:ticks]


def time_ticks(follow: Follow, targets: Array) -> tuple[str, str]:
    """Return median and 95 % quantile of a tick [us]."""
    timed = np.array([stopwatch(partial(follow, target))() for target in targets])
    return f'{1e6 * np.median(timed):.0f}', f'{1e6 * np.quantile(timed, 0.95):.0f}'


def cost_rows(ticks: int = 3000) -> Iterator[Sequence[str]]:
    """Yield a row for each thing that a tick can be."""
    for name, targets in (('within limits', wave(ticks)), ('poses that jump', poses(ticks))):
        yield name, 'limit filter', *time_ticks(settled(ROBOT, ROBOT.home).follow, targets)
        yield name, 'three clips', *time_ticks(Clipped(ROBOT).follow, targets)
    limits = settled(ROBOT, ROBOT.home)
    yield 'braking and at rest', 'limit filter', *time_ticks(lambda _: limits.halt(), wave(ticks))


def motions(folder: Path, number: int) -> Iterator[Array]:
    """Yield the targets of demonstrations tick by tick, shape (ticks, num_joints)."""
    for path in sorted(folder.glob('*.npz'))[:number]:
        rows = read_episode(path).command.astype(np.float64)
        curve = curve_of(ActionChunk(-ROW_S, ROW_S, rows, epoch=0))
        ticks = TICK * np.arange(1, round(curve.end / TICK))
        yield np.clip(curve.at_times(ticks).positions, ROBOT.lower, ROBOT.upper)


def is_normal(targets: Array) -> bool:
    """Return whether a motion keeps velocity and acceleration."""
    found = count_violations(targets, ROBOT, TICK)
    return found.velocities == found.accelerations == 0


def deviation(follow: Follow, targets: Array) -> tuple[float, float]:
    """Return the largest distance from the targets [rad] and the share of ticks followed."""
    commands = np.array([follow(target) for target in targets])
    distances = np.abs(commands - targets).max(axis=1)
    return float(distances.max()), float(np.mean(distances <= FOLLOWED))


def deviation_rows(demonstrations: Sequence[Array]) -> Iterator[Sequence[str]]:
    """Yield a row for each jerk, of normal demonstrations and of the others."""
    normal = [targets for targets in demonstrations if is_normal(targets)]
    others = [targets for targets in demonstrations if not is_normal(targets)]
    for kind, some in (('normal', normal), ('beyond', others)):
        for jerk in JERKS:
            robot = replace(ROBOT, joints=tuple(
                replace(joint, jerk=jerk * joint.acceleration) for joint in ROBOT.joints))
            found = [deviation(settled(robot, targets[0]).follow, targets) for targets in some]
            if found:
                largest, followed = zip(*found, strict=True)
                yield (kind, str(len(some)), f'{jerk:g}', f'{max(largest):.2g}',
                       f'{np.median(largest):.2g}', f'{100 * np.mean(followed):.1f}')


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--demonstrations', type=Path)
    parser.add_argument('--number', type=int, default=20)
    asked = parser.parse_args()
    print(describe_load())
    print(format_table(('target', 'filter', 'median [us]', 'p95 [us]'), list(cost_rows())))
    if asked.demonstrations:
        header = ('motion', 'number', 'jerk / acceleration [1/s]', 'largest deviation [rad]',
                  'median of largest', 'ticks within 1 mrad [%]')
        print(format_table(header, list(deviation_rows(
            list(motions(asked.demonstrations, asked.number))))))


if __name__ == '__main__':
    main()
