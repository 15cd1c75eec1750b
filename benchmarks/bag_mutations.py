"""Ways to spoil the messages of a bag; the file that holds them is whole."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from made_bags import ARM, CAMERAS, GRIPPER, JOINTS, START_NS, TOLD, Entry, Maker
from PIL import Image

SECOND = 10**9
TEXTS = ('', '   ', 'x' * 20_000, 'line\nline', 'a\u2028b\x85c', '\u0000', 'stack the cups', '{}')
NUMBERS = (np.nan, np.inf, -np.inf, 1e300, -1e-300, 0.0)
JUMPS_NS = (-(10**8), 10**8, -2 * SECOND, 2 * SECOND, -START_NS + SECOND,
            2**31 * SECOND - START_NS)


@dataclass
class Spoiling:
    """A bag on its way to become a bad one.

    Attributes:
        random: The only source of chance.
        maker: Makes messages.
        entries: Of the bag.
    """

    random: np.random.Generator
    maker: Maker
    entries: list[Entry]

    def some(self, topic: str | None = None) -> int:
        """Return the place of a message."""
        places = [place for place, each in enumerate(self.entries) if topic in (None, each.topic)]
        return int(self.random.choice(places)) if places else 0

    def topic(self) -> str:
        """Return a topic of the bag."""
        return str(self.random.choice(sorted({each.topic for each in self.entries})))

    def change(self, topic: str, how: Callable[[Entry], Entry]) -> None:
        """Change one message of a topic, some, or all from a moment on."""
        places = [place for place, each in enumerate(self.entries)
                  if each.topic == topic and not isinstance(each.message, bytes)]
        self.random.shuffle(places)
        kind = self.random.integers(3)
        first = self.random.integers(len(self.entries))
        chosen = (places[:1], places[:self.random.integers(1, 8)],
                  [place for place in places if place >= first])[kind]
        for place in chosen:
            self.entries[place] = how(self.entries[place])

    def pick(self, values: tuple) -> object:
        """Return one of some values."""
        return values[self.random.integers(len(values))]


def drop(bag: Spoiling) -> None:
    """Lose messages here and there."""
    share = bag.random.uniform(0.01, 0.5)
    bag.entries = [each for each in bag.entries if bag.random.random() > share]


def drop_a_span(bag: Spoiling) -> None:
    """Lose what one topic, or all of them, sent for a while."""
    start = START_NS + int(bag.random.uniform(0, 1.2) * SECOND)
    end = start + int(bag.random.uniform(0.02, 0.6) * SECOND)
    topic = bag.topic() if bag.random.random() < 0.7 else None
    bag.entries = [each for each in bag.entries
                   if not (start <= each.stamp_ns < end and topic in (None, each.topic))]


def drop_a_topic(bag: Spoiling) -> None:
    """Lose a whole topic."""
    topic = bag.topic()
    bag.entries = [each for each in bag.entries if each.topic != topic]


def duplicate(bag: Spoiling) -> None:
    """Repeat messages, at once or later."""
    for _ in range(bag.random.integers(1, 10)):
        each = bag.entries[bag.some()]
        bag.entries.append(each.at(each.stamp_ns + int(bag.random.integers(0, SECOND // 2))))


def reorder(bag: Spoiling) -> None:
    """Let messages of one topic arrive in another order."""
    topic = bag.topic()
    for _ in range(bag.random.integers(1, 6)):
        one, other = bag.some(topic), bag.some(topic)
        first, second = bag.entries[one], bag.entries[other]
        bag.entries[one], bag.entries[other] = (
            first.at(second.stamp_ns), second.at(first.stamp_ns))


def set_the_recorder_clock(bag: Spoiling) -> None:
    """Let the time of reception jump."""
    jump = int(bag.pick((-(10**8), 10**8, -2 * SECOND, 2 * SECOND)))
    first = bag.some()
    bag.entries[first:] = [each.at(each.stamp_ns + jump) for each in bag.entries[first:]]


def set_a_clock(bag: Spoiling) -> None:
    """Let stamps of one topic, or of all, jump from a moment on."""
    jump = int(bag.pick(JUMPS_NS))
    topic = bag.topic() if bag.random.random() < 0.5 else None
    first = bag.some()
    for place, each in enumerate(bag.entries):
        if place >= first and each.topic in (topic or each.topic) and _has_stamp(each):
            bag.entries[place] = each.stamped(_possible(_stamp(each) + jump))


def spoil_stamps(bag: Spoiling) -> None:
    """Give messages a wrong time."""
    topic = str(bag.pick((JOINTS, *CAMERAS.values(), TOLD)))
    values = (0, 1, -SECOND, START_NS, 2**31 * SECOND - 1, START_NS + 10**17)
    if bag.random.random() < 0.5:
        bag.change(topic, lambda each: each.stamped(int(bag.pick(values))))
    else:
        bag.change(topic, lambda each: each.stamped(
            _possible(_stamp(each) + int(bag.random.integers(-(10**8), 10**8)))))


def spoil_names(bag: Spoiling) -> None:
    """Rename, permute, lose or double joints."""
    topic = str(bag.pick((JOINTS, ARM)))
    way = bag.random.integers(4)

    def spoil(each: Entry) -> Entry:
        field = 'name' if topic == JOINTS else 'joint_names'
        names = list(getattr(each.message, field))
        if not names:
            return each
        if way == 0:
            other = str(bag.pick(('', 'tail', 'gripper', 'x' * 99)))
            names[bag.random.integers(len(names))] = other
        elif way == 1:
            names = [str(name) for name in bag.random.permutation(names)]
        elif way == 2:
            names.pop()
        else:
            names.append(names[0])
        return each.changed(**{field: names})

    bag.change(topic, spoil)


def spoil_positions(bag: Spoiling) -> None:
    """Measure what is no number, or too few of them."""
    def spoil(each: Entry) -> Entry:
        positions = each.message.position.copy()
        if not len(positions) or bag.random.random() < 0.2:
            return each.changed(position=np.zeros(int(bag.pick((0, 1, 5, 7)))))
        positions[bag.random.integers(len(positions))] = bag.pick(NUMBERS)
        return each.changed(position=positions)

    bag.change(JOINTS, spoil)


def part_the_joints(bag: Spoiling) -> None:
    """Let two publishers tell of the joints, each of some, and not at the same times."""
    at = int(bag.random.integers(1, 6))
    late = int(bag.random.integers(0, 10**7))
    for each in [each for each in bag.entries if each.topic == JOINTS]:
        bag.entries.remove(each)
        message = each.message
        bag.entries += [
            each.changed(name=message.name[:at], position=message.position[:at]),
            each.stamped(_possible(_stamp(each) + late)).changed(
                name=message.name[at:], position=message.position[at:])]
    bag.entries.sort(key=lambda each: each.stamp_ns)


def add_a_robot(bag: Spoiling) -> None:
    """Record a second robot, with other values, in a namespace or on the same topics."""
    prefix = str(bag.pick(('/second', '')))
    late = int(bag.random.integers(0, SECOND // 50))
    topics = {JOINTS} if bag.random.random() < 0.5 else {each.topic for each in bag.entries}
    second = [replace(each, topic=prefix + each.topic, stamp_ns=each.stamp_ns + late)
              for each in bag.entries if each.topic in topics]
    second = [each.changed(position=each.message.position + 0.05)
              if each.topic.endswith(JOINTS) else each for each in second]
    bag.entries = sorted(bag.entries + second, key=lambda each: each.stamp_ns)


def spoil_pictures(bag: Spoiling) -> None:
    """Send images of another size or format, cut off, hollow, or none."""
    camera = str(bag.pick(tuple(CAMERAS)))
    way = int(bag.random.integers(7))

    def spoil(each: Entry) -> Entry:
        jpeg = each.message.data
        if way == 0:
            jpeg = jpeg[:bag.random.integers(0, len(jpeg))]
        elif way == 1:
            jpeg = bag.random.integers(0, 256, len(jpeg), np.uint8)
        elif way == 2:
            jpeg = jpeg.copy()
            jpeg[bag.random.integers(len(jpeg))] ^= 1 << bag.random.integers(8)
        elif way == 3:
            header = jpeg[:jpeg.tobytes().index(b'\xff\xda')]
            jpeg = np.append(header, np.frombuffer(b'\xff\xd9', np.uint8))
        else:
            size = [(48, 32), (32, 48), (47, 31), (2, 2), (640, 480)][bag.random.integers(5)]
            mode, form = bag.pick((('L', 'JPEG'), ('CMYK', 'JPEG'), ('RGB', 'PNG'),
                                   ('RGBA', 'PNG'), ('RGB', 'GIF'), ('RGB', 'BMP')))
            file = io.BytesIO()
            Image.new(mode, size, 100 if mode == 'L' else (100,) * len(mode)).save(file, form)
            jpeg = np.frombuffer(file.getvalue(), np.uint8)
        return each.changed(data=jpeg)

    bag.change(CAMERAS[camera], spoil)


def spoil_commands(bag: Spoiling) -> None:
    """Command what is no number, nothing, too much, too early or too late."""
    if bag.random.random() < 0.3:
        values = (np.array([]), np.array([np.nan]), np.array([0.1, 0.2]), np.array([1e9]))
        bag.change(GRIPPER, lambda each: each.changed(data=bag.pick(values)))
        return

    def spoil(each: Entry) -> Entry:
        points = list(each.message.points)
        way = bag.random.integers(4)
        if way == 0 or not points:
            return each.changed(points=points * int(bag.pick((0, 2))))
        if way == 1:
            return each.stamped(START_NS + int(bag.random.integers(-2 * SECOND, 2 * SECOND)))
        if way == 2:
            time = replace(points[0].time_from_start, sec=int(bag.pick((-1, 0, 1, 2**31 - 1))))
            return each.changed(points=[replace(points[0], time_from_start=time)])
        positions = points[0].positions.copy()
        positions[:1] = bag.pick(NUMBERS)
        return each.changed(points=[replace(points[0], positions=positions)])

    bag.change(ARM, spoil)


def spoil_the_instruction(bag: Spoiling) -> None:
    """Tell something else, nothing, or something late."""
    for _ in range(bag.random.integers(1, 4)):
        stamp = START_NS + int(bag.random.uniform(-1, 1.2) * SECOND)
        bag.entries.append(bag.maker.instruction(stamp, str(bag.pick(TEXTS))))
    if bag.random.random() < 0.3:
        bag.change(TOLD, lambda each: each.changed(text=str(bag.pick(TEXTS))))


def swap_types(bag: Spoiling) -> None:
    """Let a topic be of another type."""
    topic, other = bag.topic(), bag.topic()
    said = bag.maker.make('std_msgs/msg/String', 'hello')
    kind, message = bag.pick((
        ('std_msgs/msg/String', said), (bag.entries[bag.some(other)].kind, None)))
    for place, each in enumerate(bag.entries):
        if each.topic == topic:
            sent = bag.entries[bag.some(other)].message if message is None else message
            bag.entries[place] = replace(each, kind=str(kind), message=sent)
    bag.entries = [each for each in bag.entries
                   if each.topic != topic or each.kind == str(kind)]


def spoil_bytes(bag: Spoiling) -> None:
    """Change bytes of serialized messages: lengths, strings, numbers."""
    for _ in range(bag.random.integers(1, 4)):
        place = bag.some()
        content = bytearray(bag.maker.serialize(bag.entries[place]))
        at = int(bag.random.integers(len(content)))
        way = bag.random.integers(4)
        if way == 0:
            content[at] = int(bag.random.integers(256))
        elif way == 1:
            content[at:at + 4] = struct.pack('<I', int(bag.pick((0, 1, 2**16, 2**31, 2**32 - 1))))
        elif way == 2:
            del content[at:]
        else:
            content += bytes(int(bag.random.integers(1, 100)))
        bag.entries[place] = replace(bag.entries[place], message=bytes(content))


MESSAGES = (drop, drop_a_span, drop_a_topic, duplicate, reorder, set_the_recorder_clock,
            set_a_clock, spoil_stamps, spoil_names, spoil_positions, part_the_joints, add_a_robot,
            spoil_pictures, spoil_commands, spoil_the_instruction, swap_types, spoil_bytes)


def _possible(stamp_ns: int) -> int:
    """Return the nearest time that a header can hold [ns]."""
    return min(max(stamp_ns, -2**31 * SECOND), 2**31 * SECOND - 1)


def _has_stamp(entry: Entry) -> bool:
    return hasattr(entry.message, 'header') and entry.topic != ARM


def _stamp(entry: Entry) -> int:
    stamp = entry.message.header.stamp
    return int(stamp.sec) * SECOND + int(stamp.nanosec)
