"""Messages of a robot, made of numbers and pictures and serialized for a bag."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from groot_ros.data.bags import MessageTypes
from groot_ros.data.datasets.stamps import SECOND
from groot_ros.data.datasets.topics import COMMANDS, COMPRESSED, INSTRUCTION, JOINT_STATE
from groot_ros.embodiment import CommandOutput

PNG_EFFORT = 1
"""Least of 1 to 9; more effort is much slower and little smaller."""


class BagMessages:
    """Makes messages; times are those of their headers [ns].

    Args:
        types: Where they are defined.
    """

    def __init__(self, types: MessageTypes) -> None:
        for kind in (INSTRUCTION, JOINT_STATE, COMPRESSED, *COMMANDS.values()):
            types.learn(kind)
        self._store = types.store

    def instruction(self, time: int, text: str) -> bytes:
        """Return an accepted instruction, the first of its epoch."""
        return self._serialize(INSTRUCTION, self._header(time), text, 1, 1)

    def joint_state(self, time: int, names: Sequence[str],
                    positions: NDArray[np.float32]) -> bytes:
        """Return measured positions [rad]; velocities and efforts are absent."""
        return self._serialize(JOINT_STATE, self._header(time), list(names),
                               positions.astype(np.float64), np.zeros(0), np.zeros(0))

    def command(self, output: CommandOutput, targets: NDArray[np.float32]) -> bytes:
        """Return targets [rad] in the order of the output's joints, in force at once."""
        positions = targets.astype(np.float64)
        if output.interface == 'float64_multi_array':
            layout = self._make('std_msgs/msg/MultiArrayLayout', [], 0)
            return self._serialize(COMMANDS[output.interface], layout, positions)
        point = self._make(
            'trajectory_msgs/msg/JointTrajectoryPoint', positions, np.zeros(0), np.zeros(0),
            np.zeros(0), self._make('builtin_interfaces/msg/Duration', 0, 0))
        return self._serialize(
            COMMANDS[output.interface], self._header(0), list(output.joints), [point])

    def picture(self, time: int, frame_id: str, image: NDArray[np.uint8]) -> bytes:
        """Return an RGB image of shape (height, width, 3) as PNG, which loses nothing."""
        png = BytesIO()
        PIL.Image.fromarray(image).save(png, 'PNG', compress_level=PNG_EFFORT)
        return self._serialize(COMPRESSED, self._header(time, frame_id), 'png',
                               np.frombuffer(png.getvalue(), np.uint8))

    def _header(self, time: int, frame_id: str = '') -> Any:
        stamp = self._make('builtin_interfaces/msg/Time', *divmod(time, SECOND))
        return self._make('std_msgs/msg/Header', stamp, frame_id)

    def _make(self, kind: str, *fields: Any) -> Any:
        return self._store.types[kind](*fields)

    def _serialize(self, kind: str, *fields: Any) -> bytes:
        return bytes(self._store.serialize_cdr(self._make(kind, *fields), kind))
