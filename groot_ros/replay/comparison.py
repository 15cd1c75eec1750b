"""What a replay commanded beside what was recorded, joint by joint and tick by tick."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.replay.commands import CommandSeries, ComparisonError, FloatArray, Run, Solve

Indices = NDArray[np.intp]
SAME_IMAGE_S = 1e-3
"""Image stamps this close are of one image [s]; seconds as float64 are rounded."""


@dataclass(frozen=True, slots=True)
class OutputComparison:
    """The commands to one output of the robot that belong together in time.

    Attributes:
        joints: Names of the columns.
        stamps: Of the recorded commands that have a replayed one [s], shape (pairs,).
        recorded: [rad], shape (pairs, joints).
        replayed: [rad], shape (pairs, joints).
        commands: How many were recorded, and how many replayed.
    """

    joints: tuple[str, ...]
    stamps: FloatArray
    recorded: FloatArray
    replayed: FloatArray
    commands: tuple[int, int]

    @property
    def compared(self) -> float:
        """Share of the commands, of the run that has more, that have a partner."""
        return len(self.stamps) / max(*self.commands, 1)

    @property
    def errors(self) -> FloatArray:
        """How far apart they are [rad], shape (pairs, joints)."""
        return np.abs(self.replayed - self.recorded)


class JointError(NamedTuple):
    """How far the commands to one joint are apart.

    Attributes:
        max_error: [rad], NaN if nothing could be compared, like all that follow.
        rms_error: [rad].
        at: When it was largest [s].
    """

    output: str
    joint: str
    max_error: float
    rms_error: float
    at: float


@dataclass(frozen=True, slots=True)
class SolveCount:
    """How many chunks came into force.

    Attributes:
        expected: From the first to the last recorded one.
        recorded: Those in the recording.
        replayed: Those of the replay that follow from the same images.
    """

    expected: int
    recorded: int
    replayed: int

    @property
    def missed(self) -> int:
        """Chunks that the replay should have made and did not."""
        return max(0, self.expected - self.replayed)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A recording and its replay.

    Attributes:
        outputs: By name of the robot's output.
        latencies: `Run.latencies` of the recording and of the replay [s].
        solves: How many chunks came into force.
    """

    outputs: Mapping[str, OutputComparison]
    latencies: tuple[FloatArray, FloatArray]
    solves: SolveCount

    @property
    def identical(self) -> bool:
        """Whether every command has a partner that is equal to the last bit."""
        return all(each.compared == 1.0 and not each.errors.any()
                   for each in self.outputs.values())

    def joint_errors(self) -> Iterator[JointError]:
        """Yield the error of every joint, output after output."""
        for name, output in self.outputs.items():
            for column, joint in enumerate(output.joints):
                yield _joint_error(name, joint, output.stamps, output.errors[:, column])


def compare(recorded: Run, replayed: Run, *, match_within_s: float,
            solve_hz: float | None = None) -> Comparison:
    """Lay a replay beside its recording.

    A recorded and a replayed command belong together if each is the other's nearest in time.

    Args:
        recorded: What the bag holds.
        replayed: What the policy did with the bag's sensor values, in the bag's time.
        match_within_s: Commands further apart in time do not belong together [s].
        solve_hz: Rate at which chunks are due [Hz]; None expects as many as were recorded.

    Raises:
        ComparisonError: If the recording holds no command, or an output has other joints.
    """
    if not any(len(series.stamps) for series in recorded.commands.values()):
        raise ComparisonError('the recording holds no command, so there is nothing to compare: '
                              'was the policy active while it was made?')
    names = dict.fromkeys([*recorded.commands, *replayed.commands])
    outputs = {name: _compare_output(name, recorded.commands.get(name),
                                     replayed.commands.get(name), match_within_s)
               for name in names}
    return Comparison(outputs, (recorded.latencies, replayed.latencies),
                      _count_solves(recorded.solves, replayed.solves, solve_hz))


def latency_95(latencies: FloatArray) -> float | None:
    """Return the time within which 95 % of the images were acted on [s], None without any."""
    return float(np.quantile(latencies, 0.95)) if len(latencies) else None


def _compare_output(name: str, recorded: CommandSeries | None, replayed: CommandSeries | None,
                    within: float) -> OutputComparison:
    one = recorded or replayed
    assert one is not None  # the name comes from one of the two
    nothing = CommandSeries(one.joints, np.empty(0), np.empty((0, len(one.joints))))
    recorded, replayed = recorded or nothing, replayed or nothing
    if foreign := set(recorded.joints) ^ set(replayed.joints):
        raise ComparisonError(
            f'output {name}: {sorted(foreign)[0]} is commanded in one run and not in the other; '
            'replay with the embodiment that the bag was recorded with')
    columns = [replayed.joints.index(joint) for joint in recorded.joints]
    here, there = _match(recorded.stamps, replayed.stamps, within)
    return OutputComparison(
        recorded.joints, recorded.stamps[here], recorded.positions[here],
        replayed.positions[there][:, columns], (len(recorded.stamps), len(replayed.stamps)))


def _match(ours: FloatArray, theirs: FloatArray, within: float) -> tuple[Indices, Indices]:
    """Return the places of the stamps that are each other's nearest."""
    here = np.arange(len(ours))
    if not len(ours) or not len(theirs):
        return here[:0], here[:0]
    there, back = _nearest(theirs, ours), _nearest(ours, theirs)
    good = (back[there] == here) & (np.abs(theirs[there] - ours) <= within)
    return here[good], there[good]


def _nearest(stamps: FloatArray, times: FloatArray) -> Indices:
    after = np.clip(np.searchsorted(stamps, times), 0, len(stamps) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(times - stamps[before] < stamps[after] - times, before, after)


def _joint_error(output: str, joint: str, stamps: FloatArray, errors: FloatArray) -> JointError:
    if not len(errors):
        return JointError(output, joint, np.nan, np.nan, np.nan)
    worst = int(np.argmax(errors))
    return JointError(output, joint, float(errors[worst]),
                      float(np.sqrt(np.mean(errors**2))), float(stamps[worst]))


def _count_solves(recorded: Sequence[Solve], replayed: Sequence[Solve],
                  rate: float | None) -> SolveCount:
    if not recorded:
        return SolveCount(0, 0, len(replayed))
    first, last = recorded[0].image - SAME_IMAGE_S, recorded[-1].image + SAME_IMAGE_S
    made = sum(1 for solve in replayed if first <= solve.image <= last)
    span = recorded[-1].used - recorded[0].used
    expected = len(recorded) if rate is None else 1 + round(span * rate)
    return SolveCount(expected, len(recorded), made)
