"""From an episode of a dataset back to a bag, with the topics of its robot."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.bags import BagWriter, MessageTypes
from groot_ros.data.datasets.annotation_table import write_table
from groot_ros.data.datasets.bag_messages import BagMessages
from groot_ros.data.datasets.episode import Episode
from groot_ros.data.datasets.errors import DatasetError
from groot_ros.data.datasets.frame_times import times_of
from groot_ros.data.datasets.provenance import UNKNOWN
from groot_ros.data.datasets.stamps import SECOND
from groot_ros.data.datasets.topics import (
    COMMANDS,
    COMPRESSED,
    INSTRUCTION,
    INSTRUCTION_TOPIC,
    JOINT_STATE,
)
from groot_ros.embodiment import Camera, CommandOutput, Embodiment

ANNOTATIONS_FILE = 'annotations.csv'
"""Beside the messages: sub-goals and tags, as `bag_to_dataset --annotations` takes them."""
SAME_NAME = ('checkpoint', 'operator', 'licence', 'success', 'machine', 'software')


def write_bag(folder: Path, episode: Episode, embodiment: Embodiment, types: MessageTypes,
              facts: Mapping[str, str],
              watch: Callable[[Sequence[int]], Iterable[int]] = iter) -> int:
    """Write an episode as a rosbag2 bag; read again at its rate, it is the same episode.

    At the time of each frame there are a joint state, the targets (in force at once), and the
    picture of each camera as PNG. The instruction comes first.

    Args:
        folder: The new bag; after an error there is none.
        episode: What is written.
        embodiment: The robot; its topics are written under '/'.
        types: Where message types are defined.
        facts: Kept in the bag, beside those that the provenance tells.
        watch: Goes through the times of the frames, for example behind a progress bar.

    Returns:
        The number of messages.

    Raises:
        BagError: If the folder exists.
        DatasetError: If the robot lacks a joint or camera of the episode, or a picture is gone.
    """
    writer = _EpisodeWriter(episode, embodiment, types)
    bag = BagWriter(folder, types, facts_of(episode, embodiment) | dict(facts))
    try:
        with bag:
            writer.write(bag, watch)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return sum(bag.messages.values())


def facts_of(episode: Episode, embodiment: Embodiment) -> dict[str, str]:
    """Return what the recorder would have noted; what nobody knows is empty."""
    told = {name: '' if value == UNKNOWN else value
            for name, value in episode.provenance.items()}
    device, _, fingerprint = told.get('source', '').partition('checkpoint ')
    return {
        'embodiment': embodiment.tag, 'task': episode.annotation.instruction,
        **{name: told.get(name, '') for name in SAME_NAME},
        'checkpoint_fingerprint': fingerprint, 'teleoperation_device': device,
        'recorder_started': told.get('recorded', ''),
        'origin_bag': told.get('bag', ''), 'origin_bag_sha256': told.get('bag_sha256', '')}


class _EpisodeWriter:
    def __init__(self, episode: Episode, embodiment: Embodiment, types: MessageTypes) -> None:
        self._episode, self._messages = episode, BagMessages(types)
        layout = episode.layout
        _require_joints(embodiment, (*layout.state_names, *layout.action_names))
        self._times = times_of(episode)
        if self._times[0] <= 0:  # nobody noted it; drivers' messages are never stamped 0
            self._times += SECOND - self._times[0]
        self._joint_states = f'/{embodiment.joint_state_topic}'
        self._outputs = dict(_outputs(episode, embodiment))
        self._cameras = {_camera(embodiment, key): key for key in layout.cameras}

    def write(self, bag: BagWriter, watch: Callable[[Sequence[int]], Iterable[int]]) -> None:
        episode, messages = self._episode, self._messages
        self._add_topics(bag)
        start = int(self._times[0])
        bag.write(f'/{INSTRUCTION_TOPIC}', start,
                  messages.instruction(start, episode.annotation.instruction))
        pictures = {camera: episode.images[key]() for camera, key in self._cameras.items()}
        for row, time in enumerate(watch(self._times.tolist())):
            bag.write(self._joint_states, time, messages.joint_state(
                time, episode.layout.state_names, episode.state[row]))
            for output, columns in self._outputs.items():
                bag.write(f'/{output.topic}', time, messages.command(
                    output, episode.action[row, columns]))
            for camera, images in pictures.items():
                image = next(images, None)
                if image is None:
                    raise DatasetError(f"'{camera.video_key}' has {row} pictures for "
                                       f'{len(episode)} frames')
                bag.write(_picture_topic(camera), time, messages.picture(
                    time, camera.frame_id, image))
        self._annotate(bag.folder)

    def _add_topics(self, bag: BagWriter) -> None:
        bag.add_topic(f'/{INSTRUCTION_TOPIC}', INSTRUCTION, latched=True)
        bag.add_topic(self._joint_states, JOINT_STATE, reliable=False)
        for output in self._outputs:
            bag.add_topic(f'/{output.topic}', COMMANDS[output.interface])
        for camera in self._cameras:
            bag.add_topic(_picture_topic(camera), COMPRESSED, reliable=False)

    def _annotate(self, folder: Path) -> None:
        annotation = self._episode.annotation
        if annotation.sub_goals or annotation.tags:
            write_table(folder / ANNOTATIONS_FILE, folder.name, annotation)


def _outputs(episode: Episode, embodiment: Embodiment
             ) -> Iterator[tuple[CommandOutput, NDArray[np.intp]]]:
    """Yield the outputs that the action moves, each with its columns of the action.

    Raises:
        DatasetError: If the action tells of a part of an output only, or it is an action server.
    """
    place = {name: column for column, name in enumerate(episode.layout.action_names)}
    for output in embodiment.outputs:
        missing = [name for name in output.joints if name not in place]
        if len(missing) == len(output.joints):
            continue
        if output.interface not in COMMANDS:
            raise DatasetError(f"output '{output.name}' of {embodiment.tag} is a "
                               f'{output.interface}, whose goals no bag can hold')
        if missing:
            raise DatasetError(
                f"output '{output.name}' of {embodiment.tag} also moves {missing[0]}"
                f'{f" and {len(missing) - 1} more joints" * (len(missing) > 1)}, which the action '
                'of the dataset leaves out: no controller would take the rest alone, so this '
                'dataset cannot become a bag of this robot')
        yield output, np.array([place[name] for name in output.joints], np.intp)


def _require_joints(embodiment: Embodiment, names: tuple[str, ...]) -> None:
    unknown = [name for name in names if name not in embodiment.joint_names]
    if unknown:
        raise DatasetError(f"{embodiment.tag} has no joint '{unknown[0]}', the dataset has: "
                           'name the robot with --embodiment')


def _camera(embodiment: Embodiment, video_key: str) -> Camera:
    for camera in embodiment.cameras:
        if camera.video_key == video_key:
            return camera
    raise DatasetError(f"{embodiment.tag} has no camera with video_key '{video_key}', it has "
                       f'{", ".join(camera.video_key for camera in embodiment.cameras)}')


def _picture_topic(camera: Camera) -> str:
    return f'/{camera.topic}/compressed'
