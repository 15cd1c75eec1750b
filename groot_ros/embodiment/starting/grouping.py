"""Groups of joints, told from the names that robots' makers give them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from fnmatch import fnmatchcase

from groot_ros.embodiment.errors import EmbodimentError, did_you_mean

# The part further out comes first: a wrist's name may hold "arm", a finger's "hand".
PARTS = {
    'hand': ('hand', 'gripper', 'finger', 'thumb', 'index', 'middle', 'ring', 'little', 'pinky',
             'th', 'ff', 'mf', 'rf', 'lf'),
    'arm': ('arm', 'shoulder', 'elbow', 'wrist'),
    'wheel': ('wheel', 'caster'),
    'leg': ('leg', 'hip', 'knee', 'ankle', 'thigh', 'calf', 'foot', 'toe'),
    'head': ('head', 'neck'),
    'waist': ('waist', 'torso', 'lift', 'spine', 'chest'),
}
SIDED = ('hand', 'arm', 'wheel', 'leg')
SIDES = {'left': 'left_', 'l': 'left_', 'right': 'right_', 'r': 'right_'}
OTHER = str.maketrans('lrLR', 'rlRL')
WORD = re.compile(r'[A-Z](?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+')
GOING = ('leg', 'wheel')
"""Parts that carry the robot: nobody commands them without having said so."""


def group_by_name(
    joints: Iterable[str], patterns: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Return the joints of each group, in the order of `joints`.

    Args:
        joints: Names.
        patterns: Group by shell pattern of joint names; comes before what names tell.

    Raises:
        EmbodimentError: If a pattern fits no joint, or naming the joints that fit no group.
    """
    groups: dict[str, list[str]] = {}
    unknown, names = [], tuple(joints)
    for pattern in patterns:
        require_match(pattern, names)
    for name in names:
        given = [group for pattern, group in patterns.items() if fnmatchcase(name, pattern)]
        group = given[0] if given else told_by_name(name, names)
        if group is None:
            unknown.append(name)
        else:
            groups.setdefault(group, []).append(name)
    if unknown:
        raise EmbodimentError(
            'groups', f'the names do not tell the group of {", ".join(unknown)}: give it, for '
            f"example --group arm='{unknown[0]}'; a pattern with * takes several")
    return {group: tuple(members) for group, members in groups.items()}


def told_by_name(joint: str, all_joints: Container[str]) -> str | None:
    """Return the group that a joint's name tells, such as `left_arm`; None if it tells none."""
    words = [word.lower() for word in WORD.findall(joint)]
    for part, known in PARTS.items():
        if any(_holds(word, each) for word in words for each in known):
            return (_side(joint, all_joints) if part in SIDED else '') + part
    return None


def _side(joint: str, all_joints: Container[str]) -> str:
    """Return the side that a name tells, '' for none: a single letter may also mean roll."""
    for found in WORD.finditer(joint):
        word = found[0].lower()
        if word in ('left', 'right'):
            return SIDES[word]
        mirrored = joint[:found.start()] + found[0].translate(OTHER) + joint[found.end():]
        if word in SIDES and mirrored in all_joints:
            return SIDES[word]
    return ''


def require_match(pattern: str, names: tuple[str, ...]) -> None:
    """Refuse a shell pattern that fits no joint.

    Raises:
        EmbodimentError: Naming what may have been meant.
    """
    if not any(fnmatchcase(name, pattern) for name in names):
        raise EmbodimentError(
            'joints', f"no joint fits '{pattern}': {did_you_mean(pattern, names)}")


def _holds(word: str, known: str) -> bool:
    # Makers write `uthumb` and `forearm`, but `lf` stands for no part of `lift_shelf`.
    return word == known or (len(known) > 3 and known in word) or (
        known == 'arm' and word.endswith('arm'))
