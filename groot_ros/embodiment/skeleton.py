"""A URDF cut down to its links and joints, as MuJoCo can take it for kinematics."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from groot_ros.embodiment.errors import EmbodimentError


def read_urdf(xml: str) -> ElementTree.Element:
    """Return the root element of the text of robot_description.

    Raises:
        EmbodimentError: If the text is no URDF.
    """
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise EmbodimentError('', f'is not XML: {error}', 'robot_description') from None
    if root.tag != 'robot':
        raise EmbodimentError(
            '', f'starts with <{root.tag}>: a URDF (<robot>) was expected', 'robot_description')
    return root


def strip_to_skeleton(root: ElementTree.Element) -> str:
    """Take everything but links and joints out of a URDF and return its text.

    Meshes need not be found then. Links on fixed joints keep their names, and every link gets
    a mass, which MuJoCo wants of what moves: kinematics does not ask how much.

    Args:
        root: Of the URDF; it is changed.
    """
    for link in root.findall('link'):
        for part in list(link):
            link.remove(part)
    for extension in root.findall('mujoco'):
        root.remove(extension)
    options = ElementTree.SubElement(root, 'mujoco')
    ElementTree.SubElement(
        options, 'compiler', fusestatic='false', boundmass='1', boundinertia='1')
    return ElementTree.tostring(root, encoding='unicode')
