"""A bag written again with other commands."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import merge
from pathlib import Path

from groot_ros.data.bags import Bag, BagWriter, MessageTypes
from groot_ros.data.datasets.topics import COMMANDS, INSTRUCTION_TOPIC, TASK_STATE_TOPIC
from groot_ros.replay.recording import Recording

LATCHED = (INSTRUCTION_TOPIC, 'robot_description', 'tf_static')


def renew(recording: Recording, target: Path, commands: Iterable[tuple[str, int, bytes]],
          types: MessageTypes, fingerprint: str) -> None:
    """Write sensors and instructions of a recording with other commands to a new bag.

    What came between the two, such as goal tokens, is left out: it belongs to the old commands.

    Args:
        recording: The old bag; it stays as it is.
        target: Folder of the new one.
        commands: Topic, time of the tick [ns] and serialized message, in order of time.
        types: Where message types are defined.
        fingerprint: Of the policy that made the commands.

    Raises:
        BagError: If the old bag is damaged, or `target` exists.
    """
    robot = recording.robot
    kept = {recording.joint_states, *recording.images.values(),
            *map(recording.topic, (*LATCHED, TASK_STATE_TOPIC))}
    if robot.imu_topic is not None:
        kept.add(recording.topic(robot.imu_topic))
    kinds = {recording.topic(each.topic): COMMANDS[each.interface] for each in robot.outputs}
    facts = recording.facts | {'checkpoint_fingerprint': fingerprint}
    with Bag(recording.folder) as old, BagWriter(target, types, facts) as new:
        latched = set(map(recording.topic, LATCHED))
        for topic in sorted(kept & set(old.topics)):
            new.add_topic(topic, old.topics[topic], latched=topic in latched)
        for topic, kind in kinds.items():
            new.add_topic(topic, kind)
        for topic, stamp_ns, cdr in merge(
                old.serialized(kept), commands, key=lambda each: each[1]):
            new.write(topic, stamp_ns, cdr)
