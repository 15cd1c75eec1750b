"""A picture of a replay beside its recording. Needs matplotlib."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from groot_ros.replay.comparison import Comparison, JointError
from groot_ros.replay.thresholds import Thresholds

WORST = 3
"""Joints whose commands are drawn."""
SMALLEST = 1e-7
"""Errors below are drawn as zero [rad]."""
RECORDED, REPLAYED = 'tab:orange', 'tab:blue'


def draw_comparison(comparison: Comparison, thresholds: Thresholds, path: Path) -> None:
    """Draw the error over time, the commands to the worst joints, and the latencies."""
    worst = _worst(comparison, thresholds)
    figure = Figure(figsize=(9.0, 2.2 * (len(worst) + 2)), layout='constrained')
    axes = figure.subplots(len(worst) + 2)
    start = min((each.stamps[0] for each in comparison.outputs.values() if len(each.stamps)),
                default=0.0)
    _draw_errors(axes[0], comparison, thresholds, start)
    for axis, error in zip(axes[1:-1], worst, strict=True):
        _draw_joint(axis, comparison, error, start)
    _draw_latencies(axes[-1], comparison)
    figure.savefig(path, dpi=110)


def _worst(comparison: Comparison, thresholds: Thresholds) -> list[JointError]:
    """Return the joints that use most of what they are allowed."""
    compared = [each for each in comparison.joint_errors() if np.isfinite(each.max_error)]
    return sorted(compared, key=lambda each: -each.max_error / max(
        thresholds.of(each.joint).max_error, SMALLEST))[:WORST]


def _draw_errors(axis: Axes, comparison: Comparison, thresholds: Thresholds,
                 start: float) -> None:
    highest = thresholds.default.max_error
    for name, output in comparison.outputs.items():
        if len(output.stamps):
            axis.plot(output.stamps - start, output.errors.max(axis=1), linewidth=1.0, label=name)
            highest = max(highest, float(output.errors.max()))
    axis.axhline(thresholds.default.max_error, color='0.4', linestyle='--', linewidth=0.8,
                 label='allowed')
    axis.set_yscale('symlog', linthresh=SMALLEST)
    axis.set_ylim(0.0, 10.0 * highest)
    axis.set(title='largest error of any joint', ylabel='[rad]')
    axis.legend(loc='upper right', fontsize='small')


def _draw_joint(axis: Axes, comparison: Comparison, error: JointError, start: float) -> None:
    output = comparison.outputs[error.output]
    column = output.joints.index(error.joint)
    times = output.stamps - start
    axis.plot(times, output.recorded[:, column], color=RECORDED, linewidth=2.5, label='recorded')
    axis.plot(times, output.replayed[:, column], color=REPLAYED, linewidth=1.0, label='replayed')
    axis.axvline(error.at - start, color='0.7', linewidth=0.8)
    axis.set(title=f'{error.joint}: up to {error.max_error:.2g} rad', ylabel='[rad]',
             xlabel='time since the first command [s]')
    axis.legend(loc='upper right', fontsize='small')


def _draw_latencies(axis: Axes, comparison: Comparison) -> None:
    runs = zip(('recorded', 'replayed'), comparison.latencies, (RECORDED, REPLAYED), strict=True)
    for name, latencies, colour in runs:
        if len(latencies):
            axis.ecdf(1000.0 * latencies, color=colour, label=f'{name}, {len(latencies)} images')
            axis.legend(loc='lower right', fontsize='small')
    axis.set_xlim(left=0.0)
    axis.set(title='from image to command', xlabel='[ms]', ylabel='share of the images')
