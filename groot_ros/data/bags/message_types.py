"""Definitions of ROS message types, for bags that explain themselves."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from rosbags.interfaces import Nodetype
from rosbags.interfaces.typing import FieldDesc
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from groot_ros.data.bags.errors import BagError

NAME = re.compile(r'\w+/msg/\w+')


class MessageTypes:
    """Message types of ROS 2 Jazzy and of every package on the ament prefix path.

    Args:
        prefixes: Where packages are installed; None takes AMENT_PREFIX_PATH.
    """

    def __init__(self, prefixes: Sequence[Path] | None = None) -> None:
        found = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
        self._prefixes = [Path(p) for p in found if p] if prefixes is None else list(prefixes)
        self.store: Typestore = get_typestore(Stores.ROS2_JAZZY)

    def learn(self, name: str) -> None:
        """Make a type known, such as 'groot_ros/msg/GoalTokens', with all that it holds.

        Raises:
            BagError: If no package on the prefix path defines it, or it is no name of a type.
        """
        if name in self.store.fielddefs:
            return
        types = get_types_from_msg(self._definition(name), name)
        for _, fields in types.values():
            for _, field in fields:
                if held := _message_in(field):
                    self.learn(held)
        self.store.register(types)

    def _definition(self, name: str) -> str:
        if not NAME.fullmatch(name):
            raise BagError(
                f"'{name}' is no name of a message type: expected package/msg/Type")
        package, _, message = name.split('/')
        for prefix in self._prefixes:
            file = prefix / 'share' / package / 'msg' / f'{message}.msg'
            if file.is_file():
                return file.read_text()
        raise BagError(
            f'no definition of message type {name}: no share/{package}/msg/{message}.msg in '
            f'{os.pathsep.join(map(str, self._prefixes)) or "AMENT_PREFIX_PATH, which is empty"}')


def _message_in(field: FieldDesc) -> str | None:
    """Return the message type that a field holds, None for numbers and text."""
    kind, content = field
    if kind == Nodetype.NAME:
        return str(content)
    if kind in (Nodetype.ARRAY, Nodetype.SEQUENCE):
        return _message_in(content[0])  # type: ignore[arg-type,index]
    return None
