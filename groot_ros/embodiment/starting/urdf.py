"""What a first embodiment file needs of a URDF besides its limits: root link, joints in order."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from groot_ros.embodiment.description import Description, read_description
from groot_ros.embodiment.errors import EmbodimentError


@dataclass(frozen=True, slots=True)
class RobotTree:
    """A robot's links and joints.

    Attributes:
        root: The link that no joint carries.
        links: All links.
        order: Movable joints from the root to the tips, branch after branch.
        description: Their limits, and the joints they mimic.
    """

    root: str
    links: tuple[str, ...]
    order: tuple[str, ...]
    description: Description


def read_tree(file: Path) -> RobotTree:
    """Read a URDF file.

    Raises:
        EmbodimentError: If it is no URDF of one robot.
    """
    try:
        xml = file.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise EmbodimentError('', f'cannot be read: {error}', str(file)) from None
    if '<xacro:' in xml:
        raise EmbodimentError(
            '', f'is xacro: make a URDF of it first (xacro {file.name} > robot.urdf)', str(file))
    description = read_description(xml, file.name)
    robot = ElementTree.fromstring(xml)
    if robot.tag != 'robot':
        raise EmbodimentError('', f'is <{robot.tag}>: a URDF is needed here', str(file))
    return _tree(robot, description, str(file))


def _tree(robot: ElementTree.Element, description: Description, file: str) -> RobotTree:
    links = tuple(link.get('name', '') for link in robot.findall('link'))
    below: dict[str, list[tuple[str, str]]] = {link: [] for link in links}
    carried = set()
    for joint in robot.findall('joint'):
        name, parent, child = joint.get('name', ''), _end(joint, 'parent'), _end(joint, 'child')
        if parent not in below or child not in below:
            raise EmbodimentError(
                '', f"joint '{name}' joins '{parent}' and '{child}', which are not both links",
                file)
        below[parent].append((name, child))
        carried.add(child)
    roots = [link for link in links if link not in carried]
    if len(roots) != 1:
        raise EmbodimentError(
            '', f'has {len(roots)} links that no joint carries, a robot has one: '
            f'{", ".join(roots) or "none"}', file)
    order = tuple(name for name in _downwards(roots[0], below) if name in description.joints)
    return RobotTree(roots[0], links, order, description)


def _end(joint: ElementTree.Element, side: str) -> str:
    element = joint.find(side)
    return element.get('link', '') if element is not None else ''


def _downwards(root: str, below: dict[str, list[tuple[str, str]]]) -> list[str]:
    """Return all joints, each before those that it carries."""
    order: list[str] = []
    waiting = [('', root)]
    while waiting:
        name, link = waiting.pop()
        order.append(name)
        waiting += reversed(below.pop(link, []))
    return order[1:]
