"""What the benchmarks share: variants timed in turn, their statistics, the file of results."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.evaluation.report import format_table

WARM_UPS = 2


class Column(NamedTuple):
    """How one key of a result is shown; `scale` is from its unit to the title's."""

    key: str
    title: str
    form: str
    scale: float = 1.0

    def cell(self, row: Mapping[str, Any]) -> str:
        """Return what stands in the row of a variant, nothing if it has no such key."""
        return format(self.scale * row[self.key], self.form) if self.key in row else ''


COLUMNS = (
    Column('median_s', 'median [ms]', '.3f', 1e3), Column('p95_s', 'p95 [ms]', '.3f', 1e3),
    Column('times_faster', 'x faster than {reference}', '.2f'),
    Column('weights_read', 'read [GB]', '.3f', 1e-9), Column('bandwidth', 'GB/s', '.1f', 1e-9),
    Column('share_of_copy', 'of copy', '.0%'), Column('difference', 'difference', '.1e'))

Timed = Callable[[], float]
"""Does its work once and returns how long that took [s]."""


@dataclass(frozen=True, slots=True)
class Durations:
    """How long each repetition of one variant took.

    Attributes:
        seconds: Shape (repeats,).
    """

    seconds: NDArray[np.float64]

    @property
    def median(self) -> float:
        """Half of the repetitions took no longer [s]."""
        return float(np.median(self.seconds))

    @property
    def p95(self) -> float:
        """95 % of the repetitions took no longer [s]."""
        return float(np.quantile(self.seconds, 0.95))


def stopwatch(work: Callable[[], object], finish: Callable[[], object] | None = None) -> Timed:
    """Return `work` as a timed variant; `finish` waits for what it started on a device."""
    def timed() -> float:
        start = time.perf_counter()
        work()
        if finish:
            finish()
        return time.perf_counter() - start

    return timed


def time_in_turn(variants: Mapping[str, Timed], repeats: int) -> dict[str, Durations]:
    """Repeat all variants one after the other, so that what slows the machine slows them all.

    Each round has another order: on a busy machine a place in the order is worth something.
    """
    for timed in variants.values():
        for _ in range(WARM_UPS):
            timed()
    rng = np.random.default_rng(0)
    names = list(variants)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(repeats):
        for index in rng.permutation(len(names)):
            seconds[names[index]].append(variants[names[index]]())
    return {name: Durations(np.array(values)) for name, values in seconds.items()}


def report(rows: Sequence[Mapping[str, Any]], reference: str) -> str:
    """Return variants as a table with the columns that any of them has."""
    columns = [column for column in COLUMNS if any(column.key in row for row in rows)]
    header = ('variant', *(column.title.format(reference=reference) for column in columns))
    return format_table(header, [
        (row['variant'], *(column.cell(row) for column in columns)) for row in rows])


def describe_load() -> str:
    """Return how busy the machine is; ratios within one run stand that better than times."""
    return f'load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores'


def write_results(path: Path | None, conditions: Mapping[str, Any],
                  results: list[dict[str, Any]]) -> None:
    """Write what was measured, and under which conditions, as JSON; None writes nothing."""
    if path:
        path.write_text(json.dumps({'conditions': dict(conditions), 'results': results},
                                   indent=1) + '\n')
