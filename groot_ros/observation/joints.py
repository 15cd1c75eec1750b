"""Joint states in any order and in any number of messages, as one ordered vector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.observation.refusal import Refusal, RefusalReason

Array = NDArray[np.float64]

# A stamp this much older than the newest one means that the clock was set back [s].
JUMP_BACK = 1.0


class JointSnapshot(NamedTuple):
    """Every joint, each as of its own newest message.

    Attributes:
        positions: [rad], shape (num_joints,).
        velocities: [rad/s], shape (num_joints,), NaN where the robot does not report it.
        stamps: Capture time of each joint [s], shape (num_joints,).
    """

    positions: Array
    velocities: Array
    stamps: Array

    @property
    def stamp(self) -> float:
        """Capture time of the oldest joint [s]."""
        return float(self.stamps.min())

    def ages(self, now: float) -> Array:
        """Return the age of each joint at `now` [s], shape (num_joints,)."""
        return now - self.stamps


class JointAssembler:
    """Collects joint states; joints that the embodiment does not name are passed over.

    Args:
        names: Joints wanted, in the embodiment's order.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._place = {name: index for index, name in enumerate(self._names)}
        # Robots repeat the same list of names with every message.
        self._known_orders: dict[tuple[str, ...], tuple[NDArray[np.intp], NDArray[np.intp]]] = {}
        self.forget()

    @property
    def missing(self) -> tuple[str, ...]:
        """Joints that were never reported."""
        return tuple(
            name for name, stamp in zip(self._names, self._stamps, strict=True)
            if np.isneginf(stamp))

    def name_of(self, index: int) -> str:
        """Return the name of the joint at a place of the embodiment's order."""
        return self._names[index]

    def forget(self) -> None:
        """Drop everything received."""
        size = len(self._names)
        self._positions, self._velocities = np.zeros(size), np.full(size, np.nan)
        self._stamps = np.full(size, -np.inf)

    def update(
            self, names: Sequence[str], positions: Sequence[float], velocities: Sequence[float],
            stamp: float) -> Refusal | None:
        """Take one joint state message captured at `stamp` [s].

        Args:
            names: Joints of the message.
            positions: [rad], one per name.
            velocities: [rad/s], one per name, or empty.
            stamp: Capture time [s]; values older than those at hand are passed over.

        Returns:
            Why nothing of it was taken, or that the clock jumped back and everything older was
            dropped; None if all is well.
        """
        if problem := _length_problem(names, positions, velocities):
            return problem
        try:
            source, place = self._order(tuple(names))
        except ValueError as error:
            return Refusal(RefusalReason.BAD_STATE, str(error))
        new = np.asarray(positions, dtype=np.float64)[source]
        if not np.isfinite(new).all():
            return self._not_finite(place, new)
        if not len(place):
            return None
        jumped = self._jump(place, stamp)
        self._take(place, new, np.asarray(velocities, dtype=np.float64), source, stamp)
        return jumped

    def snapshot(self) -> JointSnapshot | Refusal:
        """Return all joints, or which of them were never reported."""
        if missing := self.missing:
            return Refusal(
                RefusalReason.NO_STATE,
                f'no joint state yet for {", ".join(missing[:5])}'
                f'{" ..." if len(missing) > 5 else ""}: is the robot\'s driver running, and does '
                'it use these names?')
        return JointSnapshot(
            self._positions.copy(), self._velocities.copy(), self._stamps.copy())

    def _order(self, names: tuple[str, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return where wanted joints stand in the message and in the embodiment."""
        if names not in self._known_orders:
            twice = [n for n, count in Counter(names).items() if count > 1 and n in self._place]
            if twice:
                raise ValueError(
                    f"joint '{twice[0]}' is named twice in one joint state: name it once")
            source = [index for index, name in enumerate(names) if name in self._place]
            place = [self._place[names[index]] for index in source]
            self._known_orders[names] = np.array(source, np.intp), np.array(place, np.intp)
        return self._known_orders[names]

    def _not_finite(self, place: NDArray[np.intp], values: Array) -> Refusal:
        bad = int(np.flatnonzero(~np.isfinite(values))[0])
        return Refusal(
            RefusalReason.BAD_STATE,
            f"position of joint '{self._names[place[bad]]}' is {values[bad]}: the message is "
            'dropped; check the encoder and its driver')

    def _jump(self, place: NDArray[np.intp], stamp: float) -> Refusal | None:
        newest = float(self._stamps[place].max())
        if stamp >= newest - JUMP_BACK:
            return None
        self.forget()
        return Refusal(
            RefusalReason.CLOCK_JUMPED,
            f'joint states went from {newest:.2f} s back to {stamp:.2f} s: older ones are dropped')

    def _take(
            self, place: NDArray[np.intp], positions: Array, velocities: Array,
            source: NDArray[np.intp], stamp: float) -> None:
        fresh = stamp >= self._stamps[place]
        self._positions[place[fresh]] = positions[fresh]
        self._velocities[place[fresh]] = velocities[source][fresh] if len(velocities) else np.nan
        self._stamps[place[fresh]] = stamp


def _length_problem(
        names: Sequence[str], positions: Sequence[float], velocities: Sequence[float]
) -> Refusal | None:
    if len(positions) == len(names) and len(velocities) in (0, len(names)):
        return None
    return Refusal(
        RefusalReason.BAD_STATE,
        f'joint state has {len(names)} names, {len(positions)} positions and {len(velocities)} '
        'velocities: there must be one position per name, and no or as many velocities')
