"""The commands of one run of a policy, recorded or replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class ComparisonError(ValueError):
    """Two runs that cannot be compared."""


@dataclass(frozen=True, slots=True)
class CommandSeries:
    """The commands to one controller of a robot.

    Attributes:
        joints: Names of the columns.
        stamps: When each command was given [s], ascending, shape (commands,).
        positions: [rad], shape (commands, joints).

    Raises:
        ComparisonError: If the shapes disagree, time runs backwards or a value is not finite.
    """

    joints: tuple[str, ...]
    stamps: FloatArray
    positions: FloatArray

    def __post_init__(self) -> None:
        """Check the fields against each other."""
        wanted = (len(self.stamps), len(self.joints))
        if self.positions.shape != wanted:
            raise ComparisonError(f'positions of {", ".join(self.joints)} must have the shape '
                                  f'(commands, joints) = {wanted}, got {self.positions.shape}')
        if np.any(np.diff(self.stamps) < 0.0):
            at = self.stamps[1:][np.diff(self.stamps) < 0.0][0]
            raise ComparisonError(f'the clock of the commands runs backwards at {at:.3f} s: '
                                  'compare what comes before and after on its own')
        if not np.isfinite(self.positions).all():
            row, column = np.argwhere(~np.isfinite(self.positions))[0]
            raise ComparisonError(f'the command to {self.joints[column]} at '
                                  f'{self.stamps[row]:.3f} s is {self.positions[row, column]}')


class Solve(NamedTuple):
    """One action chunk that came into force.

    Attributes:
        image: Capture of the image behind its goal tokens [s].
        used: When the first command that follows from it went out [s].
    """

    image: float
    used: float


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a policy, as recorded or as replayed.

    Attributes:
        commands: By output of the robot.
        solves: In order of `used`.
    """

    commands: Mapping[str, CommandSeries]
    solves: Sequence[Solve] = ()

    @property
    def latencies(self) -> FloatArray:
        """From the capture of an image to the first command that follows from it [s].

        Chunks that were solved again from the same image count once; shape (images,).
        """
        first: dict[float, float] = {}
        for solve in self.solves:
            first.setdefault(solve.image, solve.used - solve.image)
        return np.array(list(first.values()), np.float64)
