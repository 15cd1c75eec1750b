"""The report on a replay: a table, JSON, and a plot where matplotlib is installed."""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from groot_ros.evaluation.report import format_table
from groot_ros.replay.commands import FloatArray
from groot_ros.replay.comparison import Comparison, JointError, latency_95
from groot_ros.replay.thresholds import Thresholds
from groot_ros.replay.verdict import broken_thresholds, first_parting

JSON_FILE, PLOT_FILE = 'replay.json', 'replay.png'
NO_PLOT = 'no plot: matplotlib is not installed; `pip install matplotlib` adds it'


@dataclass(frozen=True)
class ReplayReport:
    """What came of a replay.

    Attributes:
        about: What was replayed with what: bag, mode, checkpoint.
        comparison: The replay beside its recording.
        thresholds: What it is held to.
    """

    about: Mapping[str, str]
    comparison: Comparison
    thresholds: Thresholds

    @cached_property
    def broken(self) -> list[str]:
        """What the replay does not keep, one sentence each."""
        return broken_thresholds(self.comparison, self.thresholds)

    @property
    def passed(self) -> bool:
        """Whether it keeps every threshold."""
        return not self.broken

    def text(self) -> str:
        """Return the table of joints, the figures of the whole, and the verdict."""
        return '\n'.join([
            *(f'{key}: {value}' for key, value in self.about.items()), '', self._table(), '',
            *self._figures(), *(f'BROKEN {line}' for line in self.broken),
            'passed' if self.passed else f'failed: {len(self.broken)} thresholds are broken'])

    def as_json(self) -> dict[str, object]:
        """Return everything but the commands themselves as JSON types; None for what is not."""
        comparison, parting = self.comparison, first_parting(self.comparison, self.thresholds)
        return {
            'about': dict(self.about),
            'passed': self.passed,
            'broken': self.broken,
            'identical': comparison.identical,
            'first_parting': parting and {'at_s': parting[0], 'joint': parting[1]},
            'outputs': {
                name: {'compared': each.compared, 'recorded': each.commands[0],
                       'replayed': each.commands[1]}
                for name, each in comparison.outputs.items()},
            'joints': [_finite(each._asdict()) for each in comparison.joint_errors()],
            'latency_s': {
                run: {'images': len(values), '95 %': latency_95(values),
                      'median': float(np.median(values)) if len(values) else None}
                for run, values in zip(('recorded', 'replayed'), comparison.latencies,
                                       strict=True)},
            'solves': {**asdict(comparison.solves), 'missed': comparison.solves.missed},
            'thresholds': asdict(self.thresholds),
        }

    def write(self, folder: Path) -> str:
        """Write JSON and, where it can be drawn, the plot; returns a line that says what."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / JSON_FILE).write_text(json.dumps(self.as_json(), indent=1) + '\n')
        if importlib.util.find_spec('matplotlib') is None:
            return f'{folder / JSON_FILE} written; {NO_PLOT}'
        from groot_ros.replay.plots import draw_comparison
        draw_comparison(self.comparison, self.thresholds, folder / PLOT_FILE)
        return f'{folder / JSON_FILE} and {PLOT_FILE} written'

    def _table(self) -> str:
        header = (
            'output', 'joint', 'max [rad]', 'at [s]', 'allowed', 'rms [rad]', 'allowed', '')
        return format_table(header, map(self._row, self.comparison.joint_errors()))

    def _row(self, error: JointError) -> list[str]:
        allowed = self.thresholds.of(error.joint)
        kept = error.max_error <= allowed.max_error and error.rms_error <= allowed.rms_error
        return [error.output, error.joint, f'{error.max_error:.2e}', f'{error.at:.3f}',
                f'{allowed.max_error:.2e}', f'{error.rms_error:.2e}',
                f'{allowed.rms_error:.2e}', '' if kept else 'x']

    def _figures(self) -> list[str]:
        solves = self.comparison.solves
        lines = [
            f'{name}: {100.0 * each.compared:.2f} % of {max(each.commands)} commands compared '
            f'({each.commands[0]} recorded, {each.commands[1]} replayed)'
            for name, each in self.comparison.outputs.items()]
        lines.append(f'chunks: {solves.expected} expected, {solves.recorded} recorded, '
                     f'{solves.replayed} replayed, {solves.missed} missed')
        lines.append('image to command, median and 95 %: ' + ', '.join(
            f'{run} {_latency(values)}' for run, values in zip(
                ('recorded', 'replayed'), self.comparison.latencies, strict=True)))
        parting = first_parting(self.comparison, self.thresholds)
        if self.comparison.identical:
            lines.append('every command is equal to the last bit')
        elif parting is not None:
            lines.append(f'they part at {parting[0]:.3f} s, {parting[1]} first')
        return lines


def _latency(values: FloatArray) -> str:
    if not len(values):
        return 'unknown'
    return f'{1000.0 * np.median(values):.1f} and {1000.0 * np.quantile(values, 0.95):.1f} ms'


def _finite(values: dict[str, object]) -> dict[str, object]:
    return {key: None if isinstance(value, float) and math.isnan(value) else value
            for key, value in values.items()}
