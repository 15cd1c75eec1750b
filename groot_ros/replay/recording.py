"""What a bag holds for a replay: sensor values, instructions, and the commands of back then."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from groot_ros.data.bags import Bag, BagError
from groot_ros.data.datasets.stamps import SECOND, stamp_of
from groot_ros.data.datasets.topics import (
    COMMANDS,
    INSTRUCTION_TOPIC,
    TASK_STATE,
    TASK_STATE_TOPIC,
)
from groot_ros.embodiment import (
    Camera,
    check_against_description,
    embodiment_file,
    load_embodiment,
    read_description,
)

JOINTS_LOOKED_AT = 200
"""Joint states within which every joint must appear; drivers may share them out."""


class Sensed(NamedTuple):
    """A serialized message of a sensor.

    Attributes:
        topic: Absolute name.
        stamp_ns: When it was captured [ns].
        cdr: The message.
    """

    topic: str
    stamp_ns: int
    cdr: bytes


class Given(NamedTuple):
    """An instruction and when it came into force [ns]."""

    stamp_ns: int
    text: str


class Recording:
    """A bag of one robot, checked for what a replay needs.

    Attributes:
        folder: The bag.
        robot: Whose it is.
        facts: What the recorder noted.
        images: Image topic of each camera: the embodiment's, or its JPEG images.
        outputs: Name of the robot's output by the topic of its commands.

    Args:
        folder: The bag.
        robot: Tag or YAML file of the embodiment; empty takes the one that the bag names.
        namespace: Of the robot while it was recorded.

    Raises:
        BagError: If it cannot be replayed; says what is missing.
        EmbodimentError: If the embodiment cannot be loaded, or is not the recorded one.
    """

    def __init__(self, folder: Path, robot: str = '', namespace: str = '') -> None:
        with Bag(folder) as bag:
            self.folder, self.facts, self._topics = folder, bag.facts, bag.topics
            self._prefix = f'/{namespace.strip("/")}/' if namespace.strip('/') else '/'
            self._file = embodiment_file(robot or self._fact('embodiment'))
            self.robot = load_embodiment(self._file)
            self.images = {each.name: self._image_topic(bag, each) for each in self.robot.cameras}
            self.outputs = self._command_topics(bag)
            self._check_robot(bag)

    @property
    def checkpoint(self) -> str:
        """The policy that moved the robot.

        Raises:
            BagError: If the bag does not say.
        """
        return self._fact('checkpoint')

    def describe_robot(self) -> str:
        """Return the robot, and whether its file is the recorded one, for people."""
        recorded = self.facts.get('embodiment_file')
        changed = recorded is not None and recorded != self._file.read_text(encoding='utf-8')
        return self.robot.tag + ', whose file is not the recorded one' * changed

    def describe_policy(self, fingerprint: str) -> str:
        """Return a policy, and whether it is the recorded one, for people."""
        recorded = self.facts.get('checkpoint_fingerprint', '')
        if not recorded:
            return f'{fingerprint}; the bag does not say with which one it was recorded'
        if recorded == fingerprint:
            return f'{fingerprint}, as recorded'
        return f'{fingerprint}, but the bag was recorded with {recorded}'

    @cached_property
    def instructions(self) -> list[Given]:
        """The instructions in the order in which they came into force."""
        with Bag(self.folder) as bag:
            return [Given(stamp_of(each.message), each.message.text)
                    for each in bag.messages([self.topic(INSTRUCTION_TOPIC)])]

    @cached_property
    def resets(self) -> list[int]:
        """When a simulator put the robot into another scene [ns]; no other robot tells of it."""
        topic = self.topic(TASK_STATE_TOPIC)
        if self._topics.get(topic) != TASK_STATE:
            return []
        with Bag(self.folder) as bag:
            states = [(stamp_of(each.message), each.message.episode)
                      for each in bag.messages([topic])]
        return [stamp for (_, before), (stamp, episode) in pairwise(states) if episode != before]

    def topic(self, name: str) -> str:
        """Return the absolute name of one of the robot's topics."""
        return name if name.startswith('/') else self._prefix + name

    @property
    def joint_states(self) -> str:
        """Absolute name of the topic of joint states."""
        return self.topic(self.robot.joint_state_topic)

    def has(self, name: str) -> bool:
        """Return whether one of the robot's topics was recorded."""
        return self.topic(name) in self._topics

    def kind(self, topic: str) -> str:
        """Return the message type of a topic."""
        return self._topics[topic]

    def sensed(self, topic: str) -> Iterator[Sensed]:
        """Yield the messages of a sensor; their header comes first, as in every one.

        Raises:
            BagError: If one cannot be read, or the sensor's clock ran backwards.
        """
        newest = 0
        with Bag(self.folder) as bag:
            for _, _, cdr in bag.serialized([topic]):
                stamp = header_stamp(cdr)
                if stamp < newest:
                    raise BagError(
                        f'{self.folder}: {topic} goes back from {newest * 1e-9:.3f} s to '
                        f'{stamp * 1e-9:.3f} s: replay what lies before and after on its own')
                newest = stamp
                yield Sensed(topic, stamp, cdr)

    def check_instructions(self) -> None:
        """Refuse a bag in which nobody tells the policy to move.

        Raises:
            BagError: If there is no instruction.
        """
        if not any(each.text for each in self.instructions):
            raise BagError(
                f'{self.folder} holds no instruction ({self.topic(INSTRUCTION_TOPIC)}), so '
                'the policy would not move: record that topic too')

    def check_commands(self) -> None:
        """Refuse a bag with nothing to compare a replay with.

        Raises:
            BagError: If no joint was commanded.
        """
        with Bag(self.folder) as bag:
            if not any(map(bag.count, self.outputs)):
                raise BagError(
                    f'{self.folder} holds no commands ({", ".join(self.outputs) or "none"}): '
                    'was the policy active while it was recorded?')

    def _fact(self, name: str) -> str:
        if not self.facts.get(name):
            raise BagError(
                f'{self.folder} does not say its {name} (facts.yaml of the recorder does): give '
                f'{name}:=...')
        return self.facts[name]

    def _image_topic(self, bag: Bag, camera: Camera) -> str:
        raw = self.topic(camera.topic)
        known = [f'{raw}/compressed'] if camera.transport == 'compressed' else [
            raw, f'{raw}/compressed']
        for topic in known:
            if topic in bag.topics and bag.count(topic):
                return topic
        raise BagError(
            f'{self.folder} holds no image of the camera {camera.name} ({" or ".join(known)}): '
            f'its topics are {", ".join(sorted(bag.topics)) or "none"}')

    def _command_topics(self, bag: Bag) -> dict[str, str]:
        for output in self.robot.outputs:
            if output.interface not in COMMANDS:
                raise BagError(
                    f"output '{output.name}' of {self.robot.tag} is a {output.interface}: goals "
                    'of an action are not in a bag, and in a replay nobody takes them, so that '
                    'the policy would rest; record with a topic as its interface')
        outputs = {self.topic(each.topic): each for each in self.robot.outputs}
        for topic, output in outputs.items():
            kind, wanted = bag.topics.get(topic), COMMANDS[output.interface]
            if kind not in (None, wanted):
                raise BagError(f'{self.folder}: {topic} is {kind}, the embodiment {self.robot.tag}'
                               f' commands {output.name} with {wanted}')
        return {topic: output.name for topic, output in outputs.items()}

    def _check_robot(self, bag: Bag) -> None:
        """Refuse a bag of another robot, as far as it shows."""
        topic = self.joint_states
        if topic not in bag.topics or not bag.count(topic):
            raise BagError(f'{self.folder} holds no joint states ({topic}): its topics are '
                           f'{", ".join(sorted(bag.topics)) or "none"}')
        seen: set[str] = set()
        for looked_at, (_, _, message) in enumerate(bag.messages([topic])):
            seen.update(message.name)
            if seen.issuperset(self.robot.joint_names) or looked_at == JOINTS_LOOKED_AT:
                break
        if missing := [name for name in self.robot.joint_names if name not in seen]:
            raise BagError(
                f'{self.folder} is of another robot than {self.robot.tag}: {topic} never names '
                f'{missing[0]}, it has {", ".join(sorted(seen)[:5])}, ...')
        for _, _, message in bag.messages([self.topic('robot_description')]):
            check_against_description(self.robot, read_description(message.data))


def header_stamp(cdr: bytes) -> int:
    """Return the stamp [ns] of a serialized message that begins with a std_msgs/Header.

    Raises:
        BagError: If it is too short for one.
    """
    if len(cdr) < 12:
        raise BagError(f'a message of {len(cdr)} bytes has no header')
    # Four bytes say how the rest is encoded, the last bit of the second one the byte order.
    seconds, nanoseconds = struct.unpack_from('<iI' if cdr[1] & 1 else '>iI', cdr, 4)
    return int(seconds) * SECOND + int(nanoseconds)
