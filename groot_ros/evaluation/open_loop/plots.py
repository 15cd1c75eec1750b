"""Pictures of an open-loop evaluation. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from groot_ros.evaluation.open_loop.errors import OpenLoopErrors
from groot_ros.evaluation.open_loop.prediction import Predictions, Timing

MOST_EPISODES = 10
"""Episodes that get a picture of their own."""
COLUMNS = 3
POLICY, HOLD, RECORDED = 'tab:blue', '0.6', 'tab:orange'


def draw(errors: OpenLoopErrors, predictions: Sequence[Predictions], timing: Timing,
         folder: Path) -> list[Path]:
    """Draw the errors, and the chunks of the first episodes; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / 'errors.png']
    draw_errors(errors, files[0])
    for index, each in enumerate(predictions[:MOST_EPISODES]):
        if len(each.frames):
            files.append(folder / f'episode_{index:06d}.png')
            draw_episode(each, timing, files[-1])
    return files


def draw_errors(errors: OpenLoopErrors, path: Path) -> None:
    """Draw the error over the horizon and by joint, beside that of holding still."""
    figure = Figure(figsize=(11.0, max(4.0, 0.32 * len(errors.joints))), layout='constrained')
    over_time, by_joint = figure.subplots(1, 2)
    for name, kind, colour in (('policy', errors.policy, POLICY), ('hold', errors.hold, HOLD)):
        over_time.plot(errors.due, kind.rmse(errors.BY_ROW), color=colour, marker='.', label=name)
    over_time.set(title='over the horizon, all joints', xlabel='due after the observation [s]',
                  ylabel='rms error [rad]')
    over_time.set_ylim(bottom=0.0)
    over_time.legend()
    places = np.arange(len(errors.joints))
    for name, kind, colour, shift in (('policy', errors.policy, POLICY, -0.2),
                                      ('hold', errors.hold, HOLD, 0.2)):
        by_joint.barh(places + shift, kind.rmse(errors.BY_JOINT), 0.4, color=colour, label=name)
    by_joint.set_yticks(places, errors.joints, fontsize='small')
    by_joint.invert_yaxis()
    by_joint.set(title='by joint, all rows', xlabel='rms error [rad]')
    figure.suptitle(f'{errors.samples} frames of {errors.episodes} episodes')
    figure.savefig(path, dpi=110)


def draw_episode(predictions: Predictions, timing: Timing, path: Path) -> None:
    """Draw recorded actions, measured positions and every predicted chunk, joint by joint."""
    rows = -(-len(predictions.joints) // COLUMNS)
    figure = Figure(figsize=(5.0 * COLUMNS, 1.9 * rows), layout='constrained')
    axes = figure.subplots(rows, COLUMNS, sharex=True, squeeze=False)
    for index, axis in enumerate(axes.flat):
        if index < len(predictions.joints):
            _draw_joint(axis, predictions, timing, index)
        else:
            axis.set_visible(False)
    axes[0, 0].legend(fontsize='x-small')
    words = predictions.episode.annotation.instruction.replace('$', r'\$')  # no formula
    figure.suptitle(f'"{words}": joints [rad] over time [s]')
    figure.savefig(path, dpi=90)


def _draw_joint(axis: Axes, predictions: Predictions, timing: Timing, index: int) -> None:
    episode, joint = predictions.episode, predictions.joints[index]
    times = np.arange(len(episode)) / episode.layout.fps
    for names, values, colour, width, label in (
            (episode.layout.state_names, episode.state, HOLD, 1.0, 'measured'),
            (episode.layout.action_names, episode.action, RECORDED, 2.0, 'commanded')):
        axis.plot(times, values[:, names.index(joint)], color=colour, linewidth=width, label=label)
    due = predictions.frames[:, None] / episode.layout.fps + timing.due  # (samples, rows)
    chunks = axis.plot(due.T, predictions.predicted[:, :, index].T, color=POLICY, linewidth=0.7)
    chunks[0].set_label('predicted')
    axis.set_title(joint, fontsize='small')
