"""What a bag must be before a message is read from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rosbags.interfaces import Connection, Nodetype
from rosbags.typesys.store import Typestore

from groot_ros.data.bags.errors import BagError

ROS1_MAGIC = b'#ROSBAG V'
MAX_ARRAY = 2**16
"""Elements of an array of fixed length; for each of them the decoder is a line longer."""


def check_folder(folder: Path) -> None:
    """Refuse what is no finished rosbag2 bag.

    Raises:
        BagError: Saying what it is instead.
    """
    if folder.is_file():
        with folder.open('rb') as file:
            if file.read(len(ROS1_MAGIC)) == ROS1_MAGIC:
                raise BagError(
                    f'{folder} is a bag of ROS 1: convert it with `rosbags-convert --src '
                    f'{folder.name} --dst {folder.stem}`')
        raise BagError(f'{folder} is a file: give the folder that holds it and metadata.yaml')
    if not folder.is_dir():
        raise BagError(f'{folder} does not exist')
    if not (folder / 'metadata.yaml').is_file():
        if any(folder.glob('*.mcap')):
            raise BagError(
                f'{folder} has no metadata.yaml, as after a recording that was cut off: run '
                f'`ros2 run groot_ros repair_bag {folder}`')
        raise BagError(f'{folder} is no bag: it holds no metadata.yaml')


def topic_types(folder: Path, connections: Sequence[Connection]) -> dict[str, str]:
    """Return the message type of each topic.

    Raises:
        BagError: If metadata.yaml gives a topic two of them, or what is no name or number.
    """
    types: dict[str, str] = {}
    for each in connections:
        for what, value, wanted in (('name', each.topic, str), ('type', each.msgtype, str),
                                    ('message_count', each.msgcount, int)):
            if not isinstance(value, wanted):
                raise BagError(
                    f'{folder}/metadata.yaml: {what} of {each.topic} is {value!r}: mend it, or '
                    f'run `ros2 run groot_ros repair_bag {folder}`')
        if types.setdefault(each.topic, each.msgtype) != each.msgtype:
            raise BagError(
                f'{folder}: {each.topic} is both {types[each.topic]} and {each.msgtype}: '
                'record again, with one of the two publishers on a topic of its own')
    return types


def check_lengths(folder: Path, store: Typestore) -> None:
    """Refuse message definitions for which no decoder can be made.

    Raises:
        BagError: Naming message type and field.
    """
    for kind, (_, fields) in store.fielddefs.items():
        for name, (node, content) in fields:
            if node == Nodetype.ARRAY and int(content[1]) > MAX_ARRAY:  # type: ignore[arg-type]
                raise BagError(
                    f'{folder}: {kind}.{name} is an array of {content[1]} elements, more than '
                    f'the {MAX_ARRAY} that are read: its message definition must be damaged')
