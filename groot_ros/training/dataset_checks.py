"""Is a dataset of the robot that a policy is trained for?"""

from __future__ import annotations

from collections.abc import Mapping

from groot_ros.data.datasets.episode import Layout
from groot_ros.embodiment import Embodiment
from groot_ros.training.errors import TrainingError

Groups = Mapping[str, tuple[str, ...]]


def check_layout(layout: Layout, embodiment: Embodiment) -> None:
    """Check robot, joint groups and cameras of a dataset.

    Raises:
        TrainingError: Naming the first thing that differs from the embodiment.
    """
    if layout.robot != embodiment.tag:
        raise TrainingError(f'it is of the robot {layout.robot!r}, the policy is for '
                            f'{embodiment.tag!r}: give --embodiment {layout.robot}, or a '
                            'dataset of this robot')
    for field, groups in (('state', layout.state), ('action', layout.action)):
        names = getattr(embodiment.model, field)
        _check_groups(field, groups, {name: embodiment.groups[name] for name in names})
    for camera in embodiment.cameras:
        if camera.video_key not in layout.cameras:
            raise TrainingError(
                f'it has no video {camera.video_key!r} (camera {camera.name}), only '
                f'{", ".join(layout.cameras) or "none"}: record that camera, or take it out of '
                'cameras in the embodiment file')


def _check_groups(field: str, found: Groups, wanted: Groups) -> None:
    remedy = 'convert the bags again with this embodiment file'
    if list(found) != list(wanted):
        raise TrainingError(f'its {field} has the groups {", ".join(found)}, model.{field} of the '
                            f'embodiment has {", ".join(wanted)}: {remedy}')
    for group, joints in wanted.items():
        if tuple(found[group]) != joints:
            raise TrainingError(f'its {field} group {group} is {", ".join(found[group])}, that '
                                f'of the embodiment is {", ".join(joints)}: {remedy}')
