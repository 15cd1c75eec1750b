"""A draft as the text of an embodiment file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from groot_ros.embodiment.errors import OPEN
from groot_ros.embodiment.starting.draft import Draft, Output

HEADER = """\
# {name}: joints and limits of {source}, rounded inward.
description: {description}
base_frame: {base_frame}
joint_state_topic: joint_states

# [rad], [rad/s], [rad/s^2]; [m] for a sliding joint. This order is the embodiment's order
# everywhere. home: where the joint is held when no policy moves it.
joints:
"""
REST = """
# Commands, images looked at and goal tokens [Hz]: this package's choice, not the robot's.
rates: {{control_hz: 100.0, observation_hz: 10.0, planner_hz: 5.0}}

# What a checkpoint calls this robot, and its groups of state and action.
model:
  embodiment_tag: {name}
  state: [{groups}]
  action: [{groups}]
"""


def embodiment_text(draft: Draft, name: str, description: str) -> str:
    """Return the YAML text of a draft; `errors.OPEN` stands where something has to be filled in.

    Args:
        draft: What is known.
        name: Of the robot; the file is called so.
        description: Where its URDF lies, as seen from the file.
    """
    return ''.join([
        HEADER.format(name=name, source=draft.source, description=description,
                      base_frame=draft.base_frame),
        *_joints(draft), '\ngroups:\n', *_groups(draft),
        '\n# video_key: what the checkpoint calls the picture.\ncameras:\n', *_cameras(draft),
        '\noutputs:\n', *_outputs(draft.outputs),
        REST.format(name=name, groups=', '.join(draft.groups))])


def _joints(draft: Draft) -> Iterator[str]:
    for group, members in draft.groups.items():
        yield f'  # {group}\n'
        for joint in members:
            numbers = ', '.join(f'{key}: {OPEN if value is None else value}'
                                for key, value in draft.joints[joint].items())
            yield f'  {joint}: {{{numbers}}}\n'


def _groups(draft: Draft) -> Iterator[str]:
    for group, members in draft.groups.items():
        yield f'  {group}:\n'
        yield from (f'    - {joint}\n' for joint in members)


def _cameras(draft: Draft) -> Iterator[str]:
    for name, topic, frame in draft.cameras:
        # image_transport's name of a JPEG topic.
        base = topic.removesuffix('/compressed')
        yield from _block(name, {
            'topic': base, 'transport': 'raw' if base == topic else 'compressed',
            'frame_id': frame, 'video_key': name})
    if not draft.cameras:
        yield from _block('camera', dict.fromkeys(
            ('topic', 'transport', 'frame_id', 'video_key'), OPEN))


def _outputs(outputs: Mapping[str, Output]) -> Iterator[str]:
    for name, output in outputs.items():
        yield from _block(name, {
            'interface': output.interface or OPEN, 'topic': output.topic or OPEN,
            'groups': f'[{", ".join(output.groups)}]'})


def _block(name: str, values: Mapping[str, str]) -> Iterator[str]:
    yield f'  {name}:\n'
    yield from (f'    {key}: {value}\n' for key, value in values.items())
