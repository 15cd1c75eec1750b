"""Joint states of a bag, in any order and in several messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.datasets.errors import UnusableMessageError

Indices = NDArray[np.intp]
Columns = tuple[int, ...]
"""Which of the wanted joints the messages of one publisher tell of."""


class JointValues(NamedTuple):
    """The wanted joints of one message.

    Attributes:
        columns: Which of the wanted joints it tells of, shape (told,).
        positions: [rad], shape (told,).
        joints: The columns in growing order: messages of one publisher have the same.
    """

    columns: Indices
    positions: NDArray[np.float64]
    joints: Columns


class JointStateReader:
    """Picks the wanted joints out of joint state messages.

    Args:
        names: Joints wanted; others are passed over.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._place = {name: column for column, name in enumerate(names)}
        # Robots repeat the same list of names with every message.
        self._orders: dict[tuple[str, ...], tuple[Indices, Indices, Columns]] = {}

    def read(self, message: Any) -> JointValues:
        """Return the wanted joints of a sensor_msgs/JointState.

        Raises:
            UnusableMessageError: If it names a joint twice, has not one position per name, or
                one of the wanted positions is not finite.
        """
        names = tuple(message.name)
        if len(message.position) != len(names):
            raise UnusableMessageError(
                f'{len(names)} names and {len(message.position)} positions: there must be one '
                'position per name')
        if names not in self._orders:
            self._orders[names] = self._order(names)
        source, columns, joints = self._orders[names]
        positions = np.asarray(message.position, dtype=np.float64)[source]
        if not np.isfinite(positions).all():
            bad = int(np.flatnonzero(~np.isfinite(positions))[0])
            raise UnusableMessageError(
                f"position of joint '{names[source[bad]]}' is {positions[bad]}")
        return JointValues(columns, positions, joints)

    def _order(self, names: tuple[str, ...]) -> tuple[Indices, Indices, Columns]:
        """Return where the wanted joints stand in a message and among those wanted."""
        twice = [name for name, count in Counter(names).items()
                 if count > 1 and name in self._place]
        if twice:
            raise UnusableMessageError(f"joint '{twice[0]}' is named twice")
        source = [place for place, name in enumerate(names) if name in self._place]
        columns = [self._place[names[place]] for place in source]
        return np.array(source, np.intp), np.array(columns, np.intp), tuple(sorted(columns))
