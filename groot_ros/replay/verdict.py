"""Whether a replay is as close to its recording as its thresholds ask."""

from __future__ import annotations

import math
from collections.abc import Iterator

from groot_ros.embodiment.errors import did_you_mean
from groot_ros.replay.comparison import Comparison, JointError, latency_95
from groot_ros.replay.thresholds import JointThreshold, ThresholdError, Thresholds


def broken_thresholds(comparison: Comparison, thresholds: Thresholds) -> list[str]:
    """Return what a replay does not keep, one sentence each, none if it passes.

    Raises:
        ThresholdError: If the thresholds name a joint that is not commanded.
    """
    known = [joint for output in comparison.outputs.values() for joint in output.joints]
    for joint in thresholds.joints:
        if joint not in known:
            raise ThresholdError(f'joints.{joint}: the bag commands no such joint; '
                                 f'{did_you_mean(joint, known)}')
    broken = [line for output, compared in comparison.outputs.items()
              if (line := _incomplete(output, compared.compared, thresholds.min_compared))]
    for error in comparison.joint_errors():
        broken.extend(_too_far(error, thresholds.of(error.joint)))
    return [*broken, *_solves(comparison, thresholds), *_latency(comparison, thresholds)]


def first_parting(comparison: Comparison, thresholds: Thresholds) -> tuple[float, str] | None:
    """Return when [s] a joint first goes beyond its `max_error`, and which; None if none does."""
    partings = []
    for output in comparison.outputs.values():
        allowed = [thresholds.of(joint).max_error for joint in output.joints]
        beyond = output.errors > allowed
        if beyond.any():
            row, column = next(iter(zip(*beyond.nonzero(), strict=True)))
            partings.append((float(output.stamps[row]), output.joints[column]))
    return min(partings, default=None)


def _incomplete(output: str, compared: float, least: float) -> str | None:
    if compared >= least and compared > 0.0:
        return None
    return (f'{output}: {100.0 * compared:.2f} % of the commands have a partner in time, '
            f'at least {100.0 * least:.2f} % must')


def _too_far(error: JointError, allowed: JointThreshold) -> Iterator[str]:
    if error.max_error > allowed.max_error:
        yield (f'{error.joint}: {error.max_error:.3g} rad off at {error.at:.3f} s, '
               f'{allowed.max_error:.3g} allowed')
    if error.rms_error > allowed.rms_error:
        yield (f'{error.joint}: {error.rms_error:.3g} rad off in the mean (rms), '
               f'{allowed.rms_error:.3g} allowed')


def _solves(comparison: Comparison, thresholds: Thresholds) -> Iterator[str]:
    solves = comparison.solves
    allowed = thresholds.max_missed_solves * solves.expected
    if solves.missed > allowed:
        yield (f'{solves.missed} of {solves.expected} chunks are missing, {math.floor(allowed)} '
               'may')


def _latency(comparison: Comparison, thresholds: Thresholds) -> Iterator[str]:
    latency, allowed = latency_95(comparison.latencies[1]), thresholds.max_latency_s
    if allowed is not None and latency is not None and latency > allowed:
        yield f'95 % of the images are acted on within {latency:.3f} s, {allowed:.3f} allowed'
