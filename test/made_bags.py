"""Small bags of an SO-101, made message by message, so that a test can spoil any of them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from groot_ros.data.bags import BagWriter, MessageTypes
from groot_ros.embodiment import load_embodiment

ROOT = Path(__file__).resolve().parents[1]
ROBOT = load_embodiment('so101')
START_NS = 1_700_000_000 * 10**9
DELAY_NS = 2_000_000
"""From the stamp of a message to its reception."""
LEAD_NS = 200_000_000
"""From the first joint state and command to the first picture."""
JOINT_HZ, COMMAND_HZ, CAMERA_HZ = 50, 25, 10
SIZE = (48, 32)
"""Width and height of the pictures [px]."""
INSTRUCTION = 'put the red block into the bowl'
JOINTS, TOLD = '/joint_states', '/current_instruction'
ARM, GRIPPER = '/arm_controller/joint_trajectory', '/gripper_controller/commands'
CAMERAS = {each.video_key: f'/{each.topic}/compressed' for each in ROBOT.cameras}
KINDS = {
    JOINTS: 'sensor_msgs/msg/JointState', ARM: 'trajectory_msgs/msg/JointTrajectory',
    GRIPPER: 'std_msgs/msg/Float64MultiArray', TOLD: 'groot_ros/msg/Instruction',
    **dict.fromkeys(CAMERAS.values(), 'sensor_msgs/msg/CompressedImage')}


@dataclass(frozen=True)
class Entry:
    """One message of a bag to be.

    Attributes:
        topic: Absolute name.
        stamp_ns: When it was received [ns].
        message: Of the type of its topic, or bytes that stand for one.
        kind: Message type.
    """

    topic: str
    stamp_ns: int
    message: Any
    kind: str

    def at(self, stamp_ns: int) -> Entry:
        """Return the message as if received at another time [ns]."""
        return replace(self, stamp_ns=stamp_ns)

    def changed(self, **fields: Any) -> Entry:
        """Return the message with other values of some fields."""
        return replace(self, message=replace(self.message, **fields))

    def stamped(self, stamp_ns: int) -> Entry:
        """Return the message with another time in its header [ns]."""
        time = type(self.message.header.stamp)(*divmod(stamp_ns, 10**9))
        return self.changed(header=replace(self.message.header, stamp=time))


class Maker:
    """Makes messages of the types that a bag of this robot holds.

    Attributes:
        prefix: For AMENT_PREFIX_PATH, so that commands find the definitions too.
        types: Of Jazzy and of this package.

    Args:
        folder: An empty one, in which the definitions of this package can be found.
    """

    def __init__(self, folder: Path) -> None:
        (folder / 'share').mkdir(parents=True)
        (folder / 'share/groot_ros').symlink_to(ROOT)
        self.prefix = folder
        self.types = MessageTypes([folder])
        self.types.learn('groot_ros/msg/Instruction')

    def make(self, kind: str, *fields: Any) -> Any:
        """Return a message; its fields in order."""
        return self.types.store.types[kind](*fields)

    def header(self, stamp_ns: int) -> Any:
        """Return a header of a time [ns]."""
        time = self.make('builtin_interfaces/msg/Time', *divmod(stamp_ns, 10**9))
        return self.make('std_msgs/msg/Header', time, 'base_link')

    def joint_state(self, stamp_ns: int, positions: Iterable[float]) -> Entry:
        """Return measured positions [rad]; velocities and efforts are absent."""
        return self._entry(JOINTS, stamp_ns, self.header(stamp_ns), list(ROBOT.joint_names),
                           np.array(list(positions)), np.zeros(0), np.zeros(0))

    def commands(self, stamp_ns: int, positions: Iterable[float]) -> list[Entry]:
        """Return what the controller sends to arm and gripper, as it sends it."""
        *arm, gripper = positions
        point = self.make(
            'trajectory_msgs/msg/JointTrajectoryPoint', np.array(arm), np.zeros(0), np.zeros(0),
            np.zeros(0), self.make('builtin_interfaces/msg/Duration', 0, 10_000_000))
        layout = self.make('std_msgs/msg/MultiArrayLayout', [], 0)
        return [
            self._entry(ARM, stamp_ns, self.header(0), list(ROBOT.groups['single_arm']), [point]),
            self._entry(GRIPPER, stamp_ns, layout, np.array([gripper]))]

    def picture(self, camera: str, stamp_ns: int, level: int,
                size: tuple[int, int] = SIZE) -> Entry:
        """Return a JPEG of one grey (0 to 255)."""
        jpeg = io.BytesIO()
        Image.new('RGB', size, (level,) * 3).save(jpeg, 'JPEG', quality=95)
        return self._entry(CAMERAS[camera], stamp_ns, self.header(stamp_ns), 'jpeg',
                           np.frombuffer(jpeg.getvalue(), np.uint8))

    def instruction(self, stamp_ns: int, text: str = INSTRUCTION, epoch: int = 1) -> Entry:
        """Return an accepted instruction."""
        return self._entry(TOLD, stamp_ns, self.header(stamp_ns), text, epoch, epoch)

    def recording(self, seconds: float = 1.0) -> list[Entry]:
        """Return a whole recording in order of reception; no two values in it are alike.

        Args:
            seconds: From the first picture to the last.
        """
        entries = [self.instruction(START_NS)]
        moving = seconds + LEAD_NS * 1e-9
        for index in range(round(moving * JOINT_HZ) + 1):
            entries.append(self.joint_state(
                START_NS + index * 10**9 // JOINT_HZ, measured(index)))
        for index in range(round(moving * COMMAND_HZ) + 1):
            entries += self.commands(START_NS + index * 10**9 // COMMAND_HZ, commanded(index))
        for index in range(round(seconds * CAMERA_HZ) + 1):
            for camera, lighter in zip(CAMERAS, (0, 8), strict=True):
                entries.append(self.picture(
                    camera, START_NS + LEAD_NS + index * 10**9 // CAMERA_HZ,
                    16 * (index % 15) + lighter))
        return sorted(entries, key=lambda each: each.stamp_ns)

    def write(self, folder: Path, entries: Iterable[Entry],
              facts: Mapping[str, str] | None = None) -> Path:
        """Write a bag, each topic with the type of its first message; returns the folder."""
        told = {'embodiment': ROBOT.tag, 'licence': 'CC-BY-4.0'} if facts is None else facts
        with BagWriter(folder, self.types, told) as bag:
            for each in entries:
                if each.topic not in bag.messages:
                    bag.add_topic(each.topic, each.kind)
                bag.write(each.topic, each.stamp_ns, self.serialize(each))
        return folder

    def serialize(self, entry: Entry) -> bytes:
        """Return the bytes of a message."""
        if isinstance(entry.message, bytes):
            return entry.message
        return self.types.store.serialize_cdr(entry.message, entry.kind).tobytes()

    def _entry(self, topic: str, stamp_ns: int, *fields: Any) -> Entry:
        return Entry(topic, stamp_ns + DELAY_NS, self.make(KINDS[topic], *fields), KINDS[topic])


def measured(index: int) -> list[float]:
    """Return the positions of the joint state of a number [rad]."""
    return [0.001 * index + 0.1 * joint for joint in range(len(ROBOT.joints))]


def commanded(index: int) -> list[float]:
    """Return the targets of the command of a number [rad]."""
    return [0.5 + 0.001 * index + 0.1 * joint for joint in range(len(ROBOT.joints))]
