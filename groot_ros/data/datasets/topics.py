"""Which topics of a bag are the robot's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from groot_ros.data.datasets.errors import DatasetError
from groot_ros.embodiment import CommandOutput, Embodiment

JOINT_STATE = 'sensor_msgs/msg/JointState'
IMAGE = 'sensor_msgs/msg/Image'
COMPRESSED = 'sensor_msgs/msg/CompressedImage'
INSTRUCTION = 'groot_ros/msg/Instruction'
INSTRUCTION_TOPIC = 'current_instruction'
TASK_STATE = 'groot_ros/msg/TaskState'
TASK_STATE_TOPIC = 'task_state'
COMMANDS = {'joint_trajectory': 'trajectory_msgs/msg/JointTrajectory',
            'float64_multi_array': 'std_msgs/msg/Float64MultiArray'}


@dataclass(frozen=True, slots=True)
class BagTopics:
    """Absolute names of the topics that a dataset is made of.

    Attributes:
        joint_states: sensor_msgs/JointState.
        cameras: Image or CompressedImage topic of each video key.
        outputs: Command topic of each output that moves a joint of the action.
        instruction: groot_ros/Instruction, None where there is none.
        task_state: groot_ros/TaskState of a simulator, None where there is none.
    """

    joint_states: str
    cameras: Mapping[str, str]
    outputs: Mapping[CommandOutput, str]
    instruction: str | None
    task_state: str | None


def find_topics(
        bag: Path, types: Mapping[str, str], embodiment: Embodiment, namespace: str | None
) -> BagTopics:
    """Return where the robot's topics are in a bag.

    Args:
        bag: For messages to the user.
        types: Message type of each topic of the bag.
        embodiment: The robot; its topics are relative.
        namespace: Where they are in the bag, such as '/robot_1'; None finds out.

    Raises:
        DatasetError: If one is missing or of another type, or there are several robots.
    """
    if namespace is None:
        namespace = _namespace(bag, types, embodiment)
    prefix = f'/{namespace.strip("/")}'.rstrip('/')
    joint_states = f'{prefix}/{embodiment.joint_state_topic}'
    _require(bag, types, joint_states, (JOINT_STATE,))
    said, scenes = f'{prefix}/{INSTRUCTION_TOPIC}', f'{prefix}/{TASK_STATE_TOPIC}'
    return BagTopics(
        joint_states,
        {camera.video_key: _camera_topic(bag, types, f'{prefix}/{camera.topic}')
         for camera in embodiment.cameras},
        {output: _require(bag, types, f'{prefix}/{output.topic}', (COMMANDS[output.interface],))
         for output in _outputs(embodiment)},
        said if types.get(said) == INSTRUCTION else None,
        scenes if types.get(scenes) == TASK_STATE else None)


def _namespace(bag: Path, types: Mapping[str, str], embodiment: Embodiment) -> str:
    ending = f'/{embodiment.joint_state_topic}'
    found = sorted(topic.removesuffix(ending) for topic in types if topic.endswith(ending))
    if len(found) > 1:
        raise DatasetError(
            f'{bag} holds {len(found)} robots, under {", ".join(each or "/" for each in found)}: '
            'say which one with --namespace')
    return found[0] if found else ''


def _outputs(embodiment: Embodiment) -> Iterator[CommandOutput]:
    """Yield the outputs that move a joint of the action.

    Raises:
        DatasetError: If one of them is an action, which leaves nothing in a bag.
    """
    moved = {name for group in embodiment.model.action for name in embodiment.groups[group]}
    for output in embodiment.outputs:
        if moved.isdisjoint(output.joints):
            continue
        if output.interface not in COMMANDS:
            raise DatasetError(
                f"output '{output.name}' of {embodiment.tag} is a {output.interface}: goals of "
                'an action are not in a bag; record with a topic as its interface')
        yield output


def _camera_topic(bag: Path, types: Mapping[str, str], topic: str) -> str:
    """Return the topic of a camera: raw where there is one, otherwise compressed."""
    if topic not in types and f'{topic}/compressed' in types:
        topic = f'{topic}/compressed'
    return _require(bag, types, topic, (IMAGE, COMPRESSED))


def _require(bag: Path, types: Mapping[str, str], topic: str, kinds: tuple[str, ...]) -> str:
    if topic not in types:
        raise DatasetError(f'{bag} has no {topic} ({kinds[0]}); it has '
                           f'{", ".join(sorted(types)) or "no topic at all"}')
    if types[topic] not in kinds:
        raise DatasetError(
            f'{bag}: {topic} must be {" or ".join(kinds)}, it is {types[topic]}')
    return topic
