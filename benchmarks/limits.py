"""Whether any chunk can make the controller break a limit of the robot.

    scripts/env python benchmarks/limits.py --chunks 1000000 --seed 0 [--workers 2] [--log FILE]

Random and hostile action chunks (not finite, huge, of the wrong shape, stale, from the future,
out of order, denormal, from limit to limit) go through ActionChunk, Playback and LimitFilter as in
the controller, on every shipped robot, in every seam mode, with pauses, resets to poses outside
the limits, missing and unusable joint states and jumps of the clock in between. Finite differences
of all positions that went out are held against the limits of position, velocity, acceleration and
jerk.
The log keeps what is done: the same command goes on from there.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groot_ros.control import (
    SEAM_MODES,
    ActionChunk,
    ChunkError,
    Hold,
    HoldReason,
    Playback,
    PlaybackSettings,
    SeamSettings,
    TokenOrigin,
)
from groot_ros.control.limit_check import Violations, count_violations
from groot_ros.embodiment import Embodiment, known_embodiments, load_embodiment

Array = NDArray[np.float64]

BLOCK = 500
"""Chunks of one playback; what is logged at once."""
CHECKPOINT = 'checkpoint'
HUGE = (1e300, -1e300, 3.4e38, 1e9, -1e6)
TINY = (5e-324, -5e-324, 1e-310, 1e-45, 0.0, -0.0)
NOT_FINITE = (np.nan, np.inf, -np.inf)
STRANGE_PERIODS = (0.0, -0.05, np.nan, np.inf, 5e-324, 1e-12, 1e6)
TICKS = (1, 1, 2, 3, 5, 12)
LONGEST_STOP = 1000
"""Ticks; far more than any robot needs."""
FAILURES = (*Violations._fields, 'endless_stops')


class Rows:
    """Draws the joint targets of a chunk, shape (rows, columns), from good to hostile."""

    def __init__(self, robot: Embodiment, columns: NDArray[np.intp], rng: np.random.Generator):
        self._rng = rng
        self._lower, self._upper = robot.lower[columns], robot.upper[columns]
        self._velocity = robot.max_velocity[columns]
        self._choose()

    def draw(self, position: Array) -> NDArray[Any]:
        """Return targets near a position [rad], shape (columns,), or anything else."""
        rows = int(self._rng.integers(1, 17))
        if self._rng.random() < 0.2:
            self._choose()
        drawn: NDArray[Any] = self._kind(np.tile(position, (rows, 1)))
        return drawn.astype(self._rng.choice((np.float64, np.float32)))

    def _choose(self) -> None:
        """Choose a kind for some chunks, and a way on which some of them go."""
        self._kind = self._rng.choice((
            self._smooth, self._smooth, self._noise, self._poses, self._alternating,
            self._beyond, self._strange, self._misshapen))
        way = self._rng.choice((self._lower, self._upper)) - self._rng.uniform(
            self._lower, self._upper)
        self._speeds = 10.0 ** self._rng.uniform(-2.0, 0.1) * self._velocity * np.sign(way)

    def _smooth(self, rows: Array) -> Array:
        """Return rows on a way that sooner or later leads out of the limits."""
        return rows + 0.05 * self._speeds * np.arange(1, len(rows) + 1)[:, None]

    def _noise(self, rows: Array) -> Array:
        return rows + self._rng.normal(scale=10.0 ** self._rng.uniform(-9, 1), size=rows.shape)

    def _poses(self, rows: Array) -> Array:
        hold = int(self._rng.integers(1, len(rows) + 1))
        poses = self._rng.uniform(self._lower, self._upper, size=rows.shape)
        return poses[np.arange(len(rows)) // hold]

    def _alternating(self, rows: Array) -> Array:
        """Return rows from limit to limit, or at them."""
        low = self._rng.random(rows.shape) < 0.5
        if self._rng.random() < 0.5:
            low[:] = (np.arange(len(rows)) % 2 == 0)[:, None]
        return np.where(low, self._lower, self._upper)

    def _beyond(self, rows: Array) -> Array:
        """Return rows just or far outside the limits."""
        excess = 10.0 ** self._rng.uniform(-15, 3, size=rows.shape)
        return np.where(
            self._rng.random(rows.shape) < 0.5, self._lower - excess, self._upper + excess)

    def _strange(self, rows: Array) -> Array:
        """Return rows of which one or all numbers are huge, denormal or none."""
        numbers = (HUGE, TINY, TINY + NOT_FINITE)[self._rng.integers(3)]
        values = self._rng.choice(numbers, rows.shape)
        one = np.zeros(rows.shape, dtype=bool)
        one.flat[self._rng.integers(one.size)] = True
        return np.where(one | (self._rng.random() < 0.5), values, rows)

    def _misshapen(self, rows: Array) -> Array:
        shapes = (rows[:, :-1], rows[0], rows[:0], rows[None], rows[:, :0], rows.T,
                  np.hstack((rows, rows)))
        return shapes[self._rng.integers(len(shapes))]


class Attack:
    """One playback, what is done to it and what it commands.

    Attributes:
        found: How many chunks were accepted, refused, limited; limits broken; ticks.
    """

    def __init__(self, robot: Embodiment, rng: np.random.Generator) -> None:
        self._robot, self._rng = robot, rng
        self._tick = 1.0 / robot.rates.control_hz
        groups = tuple(robot.groups) if rng.random() < 0.5 else robot.model.action
        columns = robot.group_indices(groups)
        self._columns = columns
        self._rows = Rows(robot, columns, rng)
        self._playback = Playback(robot, groups, CHECKPOINT, PlaybackSettings(
            seams=SeamSettings(
                str(rng.choice(SEAM_MODES)), overlap=float(rng.choice((0.05, 0.25)))),
            approach_velocity=float(rng.choice((0.5, 1.0, 100.0)))))
        self._now, self._epoch = 10.0, 1
        self._is_absent = False
        self.found: Counter[str] = Counter()
        self._start(robot.home)

    def run(self, chunks: int) -> Counter[str]:
        """Send chunks, tick in between, and check every command."""
        for _ in range(chunks):
            self._disturb()
            self._send_tokens()
            before = self._limited()
            self._send_chunk()
            for _ in range(self._rng.choice(TICKS)):
                self._run_tick()
            self.found['limited'] += self._limited() != before
        self._check()
        return self.found

    def _start(self, pose: Array) -> None:
        """Begin a run of commands at a measured pose."""
        self._commands = [pose]
        self._playback.on_state(pose, self._now)

    def _disturb(self) -> None:
        """Do, now and then, what happens besides chunks."""
        chance = self._rng.random()
        if chance < 0.02:
            self._playback.pause(Hold(HoldReason.PAUSED_BY_USER, 'paused'))
        elif chance < 0.17:
            self._playback.resume()
        elif chance < 0.19:
            self._reset()
        elif chance < 0.21:
            self._now -= float(self._rng.choice((self._tick, 1.0)))
        elif chance < 0.27:
            self._is_absent = bool(self._rng.random() < 0.3)
        elif chance < 0.30:
            bad = np.full(len(self._robot.joints), self._rng.choice(NOT_FINITE))
            self._playback.on_state(bad[:self._rng.integers(1, len(bad) + 1)], self._now)
        elif chance < 0.33:
            self._epoch += 1

    def _reset(self) -> None:
        """Start anew from a pose within the limits or outside."""
        self._check()
        self._playback.reset(self._now)
        self._now += self._tick
        beyond = self._rng.choice((0.0, 1e-12, 0.01, 1.0))
        self._start(self._rng.uniform(self._robot.lower - beyond, self._robot.upper + beyond))

    def _send_tokens(self) -> None:
        self._playback.on_tokens(
            TokenOrigin(CHECKPOINT, self._robot.model.embodiment_tag, self._epoch, self._now),
            self._now)

    def _send_chunk(self) -> None:
        late = self._rng.choice((0.0, 0.02, 0.05, 0.3, -0.1, -5.0), p=(.3, .3, .2, .1, .05, .05))
        period = float(self._rng.choice((self._tick, 1 / 30, 0.05)))
        if self._rng.random() < 0.03:
            period = float(self._rng.choice(STRANGE_PERIODS))
        stamp = self._now - late if self._rng.random() < 0.99 else self._rng.choice(NOT_FINITE)
        epoch = self._epoch if self._rng.random() < 0.97 else self._epoch - 1
        try:
            chunk = ActionChunk(
                float(stamp), period, self._rows.draw(self._commands[-1][self._columns]), epoch)
            refusal = self._playback.on_chunk(chunk, self._now)
        except ChunkError:
            self.found['refused'] += 1
            return
        self.found['refused' if refusal else 'accepted'] += 1

    def _run_tick(self) -> None:
        """Run one tick of a robot that follows exactly."""
        self._now += self._tick
        if not self._is_absent:
            self._playback.on_state(self._commands[-1], self._now)
        command = self._playback.tick(self._now)
        if command is not None:
            self._commands.append(command.positions.copy())
            self.found['playing'] += command.hold is None
        self.found['ticks'] += 1

    def _limited(self) -> tuple[int, int, int, int]:
        counters = self._playback.limits.counters
        return counters.positions, counters.velocities, counters.accelerations, counters.jerks

    def _check(self) -> None:
        """Hold the commands since the last start against the limits, with a stop behind them."""
        limits = self._playback.limits
        # What the filter holds is another matter when a reset was not yet followed by a state.
        if np.array_equal(limits.positions, self._commands[-1]):
            for _ in range(LONGEST_STOP):
                self._commands.append(limits.halt().copy())
                if limits.at_rest:
                    break
            self.found['endless_stops'] += not limits.at_rest
        violations = count_violations(np.array(self._commands), self._robot, self._tick)
        self.found.update(violations._asdict())


def run_block(job: tuple[int, int], chunks: int = BLOCK) -> dict[str, Any]:
    """Run one block of a seed."""
    seed, block = job
    rng = np.random.default_rng((seed, block))
    tags = sorted(known_embodiments())
    attack = Attack(load_embodiment(tags[block % len(tags)]), rng)
    with np.errstate(all='ignore'):
        found = attack.run(chunks)
    return {'seed': seed, 'block': block, **found}


def finished(log: Path | None, seed: int) -> dict[int, dict[str, Any]]:
    """Return the logged blocks of a seed by number."""
    if log is None or not log.is_file():
        return {}
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return {line['block']: line for line in lines if line['seed'] == seed}


def measure(chunks: int, seed: int, workers: int, log: Path | None) -> Iterator[dict[str, Any]]:
    """Yield every block, those of the log first."""
    done = finished(log, seed)
    blocks = range(-(-chunks // BLOCK))
    yield from (done[block] for block in blocks if block in done)
    jobs = [(seed, block) for block in blocks if block not in done]
    with multiprocessing.get_context('spawn').Pool(workers) as pool:
        for result in pool.imap_unordered(run_block, jobs):
            if log is not None:
                with log.open('a') as file:
                    file.write(json.dumps(result) + '\n')
            yield result


def main() -> None:
    """Attack, check and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--chunks', type=int, default=20_000)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--workers', type=int, default=os.cpu_count() or 1)
    parser.add_argument('--log', type=Path, help='keeps finished blocks')
    asked = parser.parse_args()
    found: Counter[str] = Counter()
    start = shown = time.monotonic()
    for count, result in enumerate(
            measure(asked.chunks, asked.seed, asked.workers, asked.log), start=1):
        found.update({name: n for name, n in result.items() if name not in ('seed', 'block')})
        if time.monotonic() - shown > 10.0:
            shown = time.monotonic()
            print(f'{count * BLOCK} chunks, {shown - start:.0f} s', flush=True)
    chunks = found['accepted'] + found['refused']
    print(f'seed {asked.seed}: {chunks} chunks, {found["ticks"]} ticks, of these '
          f'{found["playing"]} in motion along a plan; {time.monotonic() - start:.0f} s')
    print(f'accepted {found["accepted"]}, of all chunks {found["limited"]} met a limit, '
          f'refused {found["refused"]}')
    print('violations: ' + ', '.join(f'{name} {found[name]}' for name in FAILURES))
    raise SystemExit(any(found[name] for name in FAILURES))


if __name__ == '__main__':
    main()
