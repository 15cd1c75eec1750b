"""What the joints are told where chunks meet, for each way to join them; a picture of it.

    scripts/env --with data python benchmarks/seams.py [--delay 10] [--error 0.05]
        [--picture docs/images/seams.png]

A stand-in policy wants the arm to swing and solves 30 times a second. Each of its chunks lies off
by a random amount that grows along the chunk, comes after the delay, and for a while none comes.
Asked to continue a plan, it keeps the frozen rows and moves the others the more the later they
are due. The picture needs matplotlib; without --picture none is drawn.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.control import (
    SEAM_MODES,
    ActionChunk,
    Playback,
    PlaybackSettings,
    SeamSettings,
    TokenOrigin,
)
from groot_ros.control.intake import Shared
from groot_ros.control.seams import curve_of
from groot_ros.embodiment import load_embodiment
from groot_ros.evaluation.report import format_table

Array = NDArray[np.float64]

GROUP = 'right_arm'
SECONDS = 4.0
SILENCE = (2.0, 2.5)
"""No chunk comes in this time [s]."""
HORIZON, PERIOD = 16, 0.05
SOLVE_S = 1.0 / 30.0
ROBOT = load_embodiment('unitree_g1')
COLUMNS = ROBOT.group_indices([GROUP])
TICK = 1.0 / ROBOT.rates.control_hz


@dataclass(frozen=True, slots=True)
class Run:
    """What was commanded in one mode.

    Attributes:
        times: [s], shape (ticks,).
        positions: [rad], shape (ticks, joints).
        planned: What the newest chunk said for each tick [rad], same shape.
        seams: When chunks joined [s].
        limited: Ticks in which a limit acted.
    """

    times: Array
    positions: Array
    planned: Array
    seams: list[float]
    limited: int

    @property
    def velocities(self) -> Array:
        """From each tick to the next [rad/s], shape (ticks - 1, joints)."""
        return np.diff(self.positions, axis=0) / TICK

    @property
    def jerks(self) -> Array:
        """Shape (ticks - 3, joints) [rad/s^3]."""
        return np.diff(self.velocities, n=2, axis=0) / TICK**2


class Request(NamedTuple):
    """A chunk under way: when it was asked for [s], in which tick it comes, what it continues."""

    stamp: float
    due: int
    shared: Shared | None


def swing(times: Array) -> Array:
    """Return where the policy wants the arm to be [rad], shape (times, joints)."""
    return ROBOT.home[COLUMNS] + 0.3 * (1.0 - np.cos(2.5 * times))[:, None]


def predict(request: Request, error: float, generator: np.random.Generator) -> ActionChunk:
    """Return the chunk of the stand-in policy."""
    rows = np.arange(1, HORIZON + 1)
    off = error * generator.normal(size=len(COLUMNS)) * rows[:, None] / HORIZON
    positions = swing(request.stamp + PERIOD * rows) + off
    if request.shared is not None:
        plan, frozen = request.shared
        overlap = len(plan)
        freedom = np.zeros((overlap, 1))
        freedom[frozen:, 0] = np.linspace(0.0, 1.0, overlap - frozen + 2)[1:-1]
        positions[:overlap] = plan + freedom * (positions[:overlap] - plan)
    return ActionChunk(request.stamp, PERIOD, positions, epoch=1)


def play(mode: str, delay: int, error: float, seed: int) -> Run:
    """Run one mode."""
    generator = np.random.default_rng(seed)
    playback = Playback(
        ROBOT, [GROUP], 'stand-in',
        PlaybackSettings(SeamSettings(mode), approach_velocity=10.0))
    measured, request, next_solve = ROBOT.home, None, 0.0
    newest = curve_of(ActionChunk(0.0, PERIOD, swing(np.zeros(1)), epoch=1))
    times = np.arange(round(SECONDS / TICK)) * TICK
    positions, planned, seams = [], [], []
    for tick, now in enumerate(times):
        playback.on_state(measured, now)
        playback.on_tokens(TokenOrigin('stand-in', ROBOT.tag, 1, now), now)
        if request is not None and tick >= request.due:
            chunk = predict(request, error, generator)
            lost = SILENCE[0] <= now < SILENCE[1]
            if not lost and playback.on_chunk(chunk, now) is None:
                start = now if mode == 'synchronous' else chunk.stamp
                newest = curve_of(ActionChunk(start, PERIOD, chunk.positions, epoch=1))
                seams.append(now)
            request = None
        measured = playback.tick(now).positions
        positions.append(measured[COLUMNS])
        planned.append(newest.at(now).positions)
        if request is None and now >= next_solve and playback.wants_chunk(now):
            request = Request(now, tick + delay, playback.shared(now, PERIOD))
            next_solve = now + SOLVE_S
    counters = playback.limits.counters
    return Run(times, np.array(positions), np.array(planned), seams,
               counters.accelerations + counters.velocities + counters.positions)


def table(runs: dict[str, Run]) -> str:
    """Return the figures of each mode."""
    header = ('mode', 'seams', 'largest step of position [rad]', 'of velocity [rad/s]',
              'rms jerk [rad/s^3]', 'rms distance from the newest chunk [rad]', 'limited ticks')
    rows = [(
        mode, str(len(run.seams)),
        f'{np.abs(np.diff(run.positions, axis=0)).max():.4f}',
        f'{np.abs(np.diff(run.velocities, axis=0)).max():.3f}',
        f'{np.sqrt(np.mean(run.jerks**2)):.0f}',
        f'{np.sqrt(np.mean((run.positions - run.planned) ** 2)):.4f}',
        str(run.limited)) for mode, run in runs.items()]
    return format_table(header, rows)


def draw(runs: dict[str, Run], path: Path) -> None:
    """Write position, velocity and jerk of the first joint, a column for each mode."""
    import matplotlib as mpl
    mpl.use('Agg')
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        3, len(runs), figsize=(4.0 * len(runs), 7.0), sharex=True, sharey='row')
    for column, (mode, run) in zip(axes.T, runs.items(), strict=True):
        curves = (run.positions[:, 0], run.velocities[:, 0], run.jerks[:, 0])
        for axis, values in zip(column, curves, strict=True):
            axis.axvspan(*SILENCE, color='0.9', linewidth=0.0)
            axis.plot(run.times[:len(values)], values, color='tab:blue', linewidth=1.0, zorder=3)
        column[-1].set_yscale('symlog', linthresh=100.0)
        column[0].plot(run.times, run.planned[:, 0], color='tab:orange', linewidth=0.8)
        column[0].plot(
            run.seams, np.interp(run.seams, run.times, run.positions[:, 0]), '|', color='0.3',
            markersize=5, zorder=4)
        column[0].set_title(mode)
        column[-1].set_xlabel('time [s]')
    for axis, label in zip(
            axes[:, 0], ('position [rad]', 'velocity [rad/s]', 'jerk [rad/s³]'), strict=True):
        axis.set_ylabel(label)
    figure.tight_layout()
    figure.savefig(path, dpi=90)


def main() -> None:
    """Measure every mode."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--delay', type=int, default=10, help='of the solver [ticks]')
    parser.add_argument('--error', type=float, default=0.05, help='of a chunk at its end [rad]')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--picture', type=Path)
    arguments = parser.parse_args()
    runs = {mode: play(mode, arguments.delay, arguments.error, arguments.seed)
            for mode in SEAM_MODES}
    print(table(runs))
    if arguments.picture is not None:
        draw(runs, arguments.picture)


if __name__ == '__main__':
    main()
