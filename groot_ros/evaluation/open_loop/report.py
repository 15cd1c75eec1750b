"""Tables and JSON of an open-loop evaluation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from groot_ros.evaluation.open_loop.errors import Errors, OpenLoopErrors
from groot_ros.evaluation.open_loop.prediction import Predictions
from groot_ros.evaluation.report import format_table

FIGURES = ('mae', 'rmse', 'hold mae', 'hold rmse')


def text(errors: OpenLoopErrors) -> str:
    """Return the errors by joint and by row of the chunk, and what they are of."""
    by_joint = _columns(errors, errors.BY_JOINT)
    by_row = _columns(errors, errors.BY_ROW)
    units = [f'{name} [rad]' for name in FIGURES]
    joints = format_table(['joint', *units], [
        [joint, *row] for joint, row in zip([*errors.joints, 'all'], [
            *by_joint, *_columns(errors, None)], strict=True)])
    rows = format_table(['row', 'due [s]', *units], [
        [str(number), f'{due:.3f}', *row]
        for number, (due, row) in enumerate(zip(errors.due, by_row, strict=True))])
    return f'{joints}\n\n{rows}\n\n{counts(errors)}'


def counts(errors: OpenLoopErrors) -> str:
    """Return one sentence on the frames behind the figures."""
    return (f'{errors.samples} frames of {errors.episodes} episodes; left out: {errors.left_out} '
            f'frames whose chunk runs past the end, with them {errors.too_short} episodes that '
            'are shorter than a chunk')


def as_json(errors: OpenLoopErrors, predictions: Sequence[Predictions],
            provenance: Mapping[str, object]) -> dict[str, object]:
    """Return all figures, what was evaluated on what, and the figures of each episode.

    Args:
        errors: Of all episodes.
        predictions: Of each episode.
        provenance: Checkpoint, data and settings.
    """
    return {
        'provenance': dict(provenance),
        'samples': errors.samples, 'episodes': errors.episodes,
        'left_out_frames': errors.left_out, 'too_short_episodes': errors.too_short,
        'all': _figures(errors, None, 0),
        'joints': {joint: _figures(errors, errors.BY_JOINT, index)
                   for index, joint in enumerate(errors.joints)},
        'rows': [{'due_s': float(due), **_figures(errors, errors.BY_ROW, index)}
                 for index, due in enumerate(errors.due)],
        'each_episode': [_episode(each) for each in predictions],
    }


def write_json(path: Path, values: Mapping[str, object]) -> None:
    """Write a JSON file and the folders it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=1) + '\n')


def _columns(errors: OpenLoopErrors, axis: tuple[int, ...] | None) -> list[list[str]]:
    values = [each.reshape(-1) for each in (
        errors.policy.mae(axis), errors.policy.rmse(axis),
        errors.hold.mae(axis), errors.hold.rmse(axis))]
    return [[f'{value:.4f}' for value in row] for row in zip(*values, strict=True)]


def _figures(errors: OpenLoopErrors, axis: tuple[int, ...] | None,
             index: int) -> dict[str, float]:
    return {f'{prefix}{name}_rad': float(getattr(kind, name)(axis).reshape(-1)[index])
            for prefix, kind in (('', errors.policy), ('hold_', errors.hold))
            for name in ('mae', 'rmse')}


def _episode(predictions: Predictions) -> dict[str, object]:
    differences = Errors(predictions.predicted.astype(float) - predictions.recorded)
    return {
        'instruction': predictions.episode.annotation.instruction,
        'provenance': dict(predictions.episode.provenance),
        'frames': len(predictions.frames), 'left_out_frames': predictions.left_out,
        'rmse_rad': float(differences.rmse()) if len(predictions.frames) else None}
