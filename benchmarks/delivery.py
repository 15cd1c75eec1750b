"""How evenly a robot's joint_trajectory_controller moves with the trajectories of the controller.

    scripts/env python benchmarks/delivery.py [--lead 0.02] [--json FILE]

A joint swings; its command goes out 120 times a second and is on its way for up to the jitter.
The robot's controller works at 500 Hz by its published rules, as in the simulator: stamp 0 begins
a trajectory on arrival, any other at the stamp; it leads in from its own target, or, as
joint_trajectory_controller comes, from where the joint is measured, 50 ms behind. The reference is
the motion itself. No clock is measured, so a run repeats to the last digit.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).resolve().parent))
from measuring import write_results

from groot_ros.control import stopping_trajectory
from groot_ros.evaluation.report import format_table
from groot_ros.simulation.command_follower import Trajectory

Array = NDArray[np.float64]

TICK_S, UPDATE_S, LENGTH_S, BEGUN_S = 1.0 / 120.0, 0.002, 5.0, 0.5
AMPLITUDE, PACE = 0.5, 2.0
"""Of the swing [rad], [rad/s]."""
BRAKING = np.array([12.0])
"""Deceleration of the stop behind each command [rad/s^2]."""
DRIVE = 40.0
"""Natural frequency of the critically damped drive [rad/s]: it follows 2 / DRIVE behind."""
JITTERS_S = (0.0, 0.002, 0.004, 0.008)


class Sent(NamedTuple):
    """A command on its way: when it was made and arrives [s]."""

    made: float
    arrival: float
    trajectory: Trajectory


class Drive:
    """A joint behind its target: position [rad], velocity [rad/s]."""

    def __init__(self) -> None:
        self.position, self.velocity = np.zeros(1), np.zeros(1)

    def follow(self, target: Array) -> None:
        """Move one update towards the target."""
        pull = DRIVE**2 * (target - self.position) - 2.0 * DRIVE * self.velocity
        self.velocity = self.velocity + pull * UPDATE_S
        self.position = self.position + self.velocity * UPDATE_S


def swing(time: float) -> tuple[Array, Array]:
    """Return position [rad] and velocity [rad/s] of the motion."""
    return (AMPLITUDE * np.array([1.0 - np.cos(PACE * time)]),
            AMPLITUDE * PACE * np.array([np.sin(PACE * time)]))


def commands(jitter: float, lead: float) -> list[Sent]:
    """Return the commands in the order of their arrival."""
    rng = np.random.default_rng(0)
    sent = []
    for made in np.arange(TICK_S, LENGTH_S, TICK_S):
        plan = stopping_trajectory(*swing(made), BRAKING, lead)
        sent.append(Sent(made, made + rng.uniform(0.0, jitter) if jitter else made, Trajectory(
            made, np.asarray(plan.times), np.asarray(plan.positions),
            np.asarray(plan.velocities))))
    return sorted(sent, key=lambda each: each.arrival)


def targets(sent: list[Sent], *, stamped: bool, measured: bool) -> Array:
    """Return what the robot's controller tells its drive at each update, shape (updates,)."""
    waiting, running, drive, told = list(reversed(sent)), None, Drive(), []
    target, rate = np.zeros(1), np.zeros(1)
    for now in np.arange(UPDATE_S, LENGTH_S - TICK_S, UPDATE_S):
        newest = None
        while waiting and waiting[-1].arrival <= now:
            newest = waiting.pop().trajectory
        if running is not None:
            target, rate = running.at(now)
        if newest is not None:
            start = (drive.position, drive.velocity) if measured else (target, rate)
            begins = newest if stamped else Trajectory(
                now, newest.times, newest.positions, newest.velocities)
            running = begins.joined_to(now, *start)
            target, rate = running.at(now)
        drive.follow(target)
        told.append(target[0])
    return np.array(told)


def measure(jitter: float, lead: float, *, stamped: bool, measured: bool) -> dict[str, float]:
    """Return how uneven and how far off the targets are."""
    told = targets(commands(jitter, lead), stamped=stamped, measured=measured)
    times = UPDATE_S * np.arange(1, len(told) + 1)
    wanted = np.array([swing(time - lead)[0][0] for time in times])
    begun = times > BEGUN_S
    accelerations = np.diff(told, 2)[begun[2:]] / UPDATE_S**2
    return {'jitter_s': jitter, 'stamped': stamped, 'measured': measured,
            'times_the_motion': float(np.abs(accelerations).max() / (AMPLITUDE * PACE**2)),
            'off_rad': float(np.abs(told - wanted)[begun].max())}


def main() -> None:
    """Measure every way and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').splitlines()[0])
    parser.add_argument('--lead', type=float, default=0.02, help='trajectory_lead_s [s]')
    parser.add_argument('--json', type=Path, help='write the results there')
    asked = parser.parse_args()
    ways = [(False, False), (True, False), (False, True)]
    results = [measure(jitter, asked.lead, stamped=stamped, measured=measured)
               for stamped, measured in ways for jitter in JITTERS_S]
    print(format_table(
        ('begins', 'leads in from', 'jitter [ms]', 'acceleration, times the motion',
         'largest distance [rad]'),
        [('at its stamp' if each['stamped'] else 'on arrival',
          'the measured joint' if each['measured'] else 'its target',
          f'{1e3 * each["jitter_s"]:.0f}', f'{each["times_the_motion"]:.1f}',
          f'{each["off_rad"]:.4f}') for each in results]))
    write_results(asked.json, {'lead_s': asked.lead}, results)


if __name__ == '__main__':
    main()
