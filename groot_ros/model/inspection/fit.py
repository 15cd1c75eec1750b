"""Does a checkpoint fit a robot, key by key of its embodiment file."""

from __future__ import annotations

from dataclasses import dataclass

from groot_ros.embodiment import Embodiment
from groot_ros.model.processor import Group, Processor


@dataclass(frozen=True, slots=True)
class FitRow:
    """One key of the embodiment file against the checkpoint.

    Attributes:
        fits: None where only the user can tell.
        remedy: What to do if it does not fit, else empty.
    """

    key: str
    checkpoint: str
    robot: str
    fits: bool | None
    remedy: str = ''


def compare(processor: Processor, trained: bool | None, robot: Embodiment) -> tuple[FitRow, ...]:
    """Compare everything that must agree before a robot may be moved."""
    return (*_slot(processor, trained, robot), *_groups('state', processor.state, robot),
            *_groups('action', processor.action, robot), *_cameras(processor, robot),
            *_time(processor))


def _slot(processor: Processor, trained: bool | None, robot: Embodiment) -> list[FitRow]:
    slot = f'slot {processor.embodiment_id}'
    states = {True: 'trained', False: 'never trained', None: 'no weights here to tell'}
    return [FitRow('model.embodiment_tag', f'{processor.embodiment_tag} ({slot}, '
                   f'{states[trained]})', robot.model.embodiment_tag, trained,
                   'fine-tune it or choose another embodiment' if trained is False else '')]


def _groups(field: str, groups: tuple[Group, ...], robot: Embodiment) -> list[FitRow]:
    names = getattr(robot.model, field)
    rows = []
    for place in range(max(len(groups), len(names))):
        wanted = groups[place] if place < len(groups) else None
        name = names[place] if place < len(names) else None
        given = f'{name} ({len(robot.groups[name])})' if name else 'nothing'
        asked = f'{wanted.name} ({wanted.dim})' if wanted else 'nothing'
        fits = given == asked
        rows.append(FitRow(f'model.{field}[{place}]', asked, given, fits,
                           '' if fits else _group_remedy(wanted, field, robot)))
    return rows


def _group_remedy(wanted: Group | None, field: str, robot: Embodiment) -> str:
    if wanted is None:
        return f'take it out of model.{field}'
    if wanted.name not in robot.groups:
        return f'define groups.{wanted.name} with {wanted.dim} joints, if the robot has them'
    if len(robot.groups[wanted.name]) != wanted.dim:
        return f'groups.{wanted.name} needs {wanted.dim} joints'
    return f'put {wanted.name} here: the order is that of the checkpoint'


def _cameras(processor: Processor, robot: Embodiment) -> list[FitRow]:
    cameras = {camera.video_key: camera.name for camera in robot.cameras}
    return [FitRow('cameras.*.video_key', key, cameras.get(key, 'none'), key in cameras,
                   '' if key in cameras else f'set video_key of one of '
                   f'{", ".join(cameras.values())} to {key}')
            for key in processor.images]


def _time(processor: Processor) -> list[FitRow]:
    rows = [
        FitRow(f'{name}.delta_indices', str(list(deltas)), '[0]', deltas == (0,),
               '' if deltas == (0,) else 'the perception node gives the newest one only')
        for name, deltas in (('video', processor.video_deltas), ('state', processor.state_deltas))]
    period = processor.action_period
    rows.append(FitRow('action_period_s', 'not said' if period is None else f'{period:g} s', '',
                       None if period is None else True,
                       'give the frame time of the training data' if period is None else ''))
    return rows
