"""The robot's own description (URDF or MJCF), and whether an embodiment agrees with it."""

from __future__ import annotations

import math
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from groot_ros.embodiment.errors import EmbodimentError, did_you_mean
from groot_ros.embodiment.parts import Joint
from groot_ros.embodiment.robot import Embodiment

# Descriptions are written with three to five digits: a limit may differ by its rounding.
ROUNDING = 1e-3
PACKAGE = 'package://'


@dataclass(frozen=True, slots=True)
class DescribedJoint:
    """What a description says of one joint; [rad] reads [m] for a sliding joint.

    Attributes:
        lower: Lowest position [rad], -inf if it has none.
        upper: Highest position [rad], inf if it has none.
        velocity: Highest speed [rad/s], None where the description does not say.
        mimics: The joint it is coupled to, None for a joint with its own motor.
    """

    lower: float = -math.inf
    upper: float = math.inf
    velocity: float | None = None
    mimics: str | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """The movable joints of a robot by name, and where that was read."""

    source: str
    joints: Mapping[str, DescribedJoint]


def read_description(xml: str, source: str = 'robot_description') -> Description:
    """Read the movable joints out of a URDF or MJCF text.

    Raises:
        EmbodimentError: If the text is neither, or a limit in it is no number.
    """
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise EmbodimentError('', f'is not XML: {error}', source) from None
    readers = {'robot': _urdf_joints, 'mujoco': _mjcf_joints}
    if root.tag not in readers:
        raise EmbodimentError(
            '', f'starts with <{root.tag}>: <robot> (URDF) or <mujoco> (MJCF) was expected',
            source)
    try:
        return Description(source, readers[root.tag](root))
    except EmbodimentError as error:
        raise error.in_file(source) from None


def open_description(file: str, folder: Path) -> Description:
    """Read a description named as a path from `folder` or as `package://name/path`.

    Raises:
        EmbodimentError: If there is no such file, or it is neither URDF nor MJCF.
    """
    for path in _places(file, folder):
        if path.is_file():
            text = path.read_text(encoding='utf-8', errors='replace')  # of comments and authors
            return read_description(text, path.name)
    raise EmbodimentError(
        'description', f"no file '{file}': give a path from {folder}, or package://name/path of "
        'a package that is installed and sourced')


def _places(file: str, folder: Path) -> list[Path]:
    """Return where a named description may lie."""
    if not file.startswith(PACKAGE):
        return [folder / file]
    package, _, path = file.removeprefix(PACKAGE).partition('/')
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    return [Path(prefix, 'share', package, path) for prefix in prefixes if prefix]


def check_against_description(embodiment: Embodiment, description: Description) -> None:
    """Check that each joint is in the description, has a motor and stays within its limits.

    Raises:
        EmbodimentError: Listing every joint that does not fit.
    """
    problems = [
        problem for joint in embodiment.joints if (problem := _problem(joint, description))]
    if problems:
        raise EmbodimentError(
            'joints', f'disagrees with {description.source}:\n  ' + '\n  '.join(problems),
            embodiment.tag)


def _problem(joint: Joint, description: Description) -> str | None:
    described = description.joints.get(joint.name)
    if described is None:
        return f"'{joint.name}' is not there: {did_you_mean(joint.name, description.joints)}"
    if described.mimics is not None:
        return f"'{joint.name}' follows '{described.mimics}': command that one"
    allowed = math.inf if described.velocity is None else described.velocity
    for field, excess, limit in (
            ('lower', described.lower - joint.lower, described.lower),
            ('upper', joint.upper - described.upper, described.upper),
            ('velocity', joint.velocity - allowed, allowed)):
        if excess > ROUNDING:
            return (
                f"{joint.name}.{field}: {getattr(joint, field)} is beyond the robot's {limit}")
    return None


def _urdf_joints(root: ElementTree.Element) -> dict[str, DescribedJoint]:
    movable = ('revolute', 'prismatic', 'continuous')
    return {
        joint.get('name', ''): _urdf_joint(joint)
        for joint in root.findall('joint') if joint.get('type') in movable}


def _urdf_joint(joint: ElementTree.Element) -> DescribedJoint:
    limit, mimic = joint.find('limit'), joint.find('mimic')
    mimics = mimic.get('joint') if mimic is not None else None
    if limit is None:
        return DescribedJoint(mimics=mimics)
    key = f'joint {joint.get("name")}'
    lower, upper, velocity = (  # a URDF limit left out is 0 (urdf specification)
        _number(f'{key}, limit {field}', limit.get(field, '0'))
        for field in ('lower', 'upper', 'velocity'))
    # Velocity 0 stands for "not known" in published hand descriptions.
    known = velocity or None
    if joint.get('type') == 'continuous':
        return DescribedJoint(velocity=known, mimics=mimics)
    return DescribedJoint(lower, upper, known, mimics)


def _mjcf_joints(root: ElementTree.Element) -> dict[str, DescribedJoint]:
    compiler = root.find('compiler')
    # MJCF angles are in degrees unless the compiler says otherwise (MuJoCo XML reference).
    in_degrees = compiler is None or compiler.get('angle', 'degree') == 'degree'
    default = root.find('default')
    ranges: dict[str, str] = {}
    if default is not None:
        _collect_default_ranges(default, '', ranges)
        ranges[''] = ranges[default.get('class', 'main')]
    joints: dict[str, DescribedJoint] = {}
    for body in root.findall('worldbody'):
        _collect_mjcf_joints(body, '', ranges, in_degrees, joints)
    return joints


def _collect_default_ranges(
        default: ElementTree.Element, inherited: str, ranges: dict[str, str]) -> None:
    """Write the joint range of each default class into `ranges`; '' stands for no range."""
    joint = default.find('joint')
    own = joint.get('range', inherited) if joint is not None else inherited
    ranges[default.get('class', 'main')] = own
    for child in default.findall('default'):
        _collect_default_ranges(child, own, ranges)


def _collect_mjcf_joints(
        body: ElementTree.Element, childclass: str, ranges: Mapping[str, str], in_degrees: bool,
        joints: dict[str, DescribedJoint]) -> None:
    childclass = body.get('childclass', childclass)
    for joint in body.findall('joint'):
        if joint.get('type', 'hinge') in ('hinge', 'slide') and 'name' in joint.attrib:
            limits = joint.get('range', ranges.get(joint.get('class', childclass), ''))
            angular = joint.get('type', 'hinge') == 'hinge'
            joints[joint.attrib['name']] = _mjcf_joint(
                f'joint {joint.attrib["name"]}, range', limits, in_degrees and angular)
    for child in body.findall('body'):
        _collect_mjcf_joints(child, childclass, ranges, in_degrees, joints)


def _mjcf_joint(key: str, limits: str, in_degrees: bool) -> DescribedJoint:
    if not limits:
        return DescribedJoint()
    values = [_number(key, value) for value in limits.split()]
    if len(values) != 2:
        raise EmbodimentError(key, f"must be two numbers, got '{limits}'")
    lower, upper = values
    if in_degrees:
        lower, upper = math.radians(lower), math.radians(upper)
    return DescribedJoint(lower, upper)


def _number(key: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise EmbodimentError(key, f"must be a number, got '{text}'")
    return value
