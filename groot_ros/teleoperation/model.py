"""The kinematics of a robot, from the URDF that it describes itself with."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import mujoco

from groot_ros.embodiment import Embodiment, EmbodimentError, Hand
from groot_ros.embodiment.skeleton import read_urdf, strip_to_skeleton
from groot_ros.teleoperation.errors import TeleoperationError


def read_model(urdf: str, robot: Embodiment) -> mujoco.MjModel:
    """Return the joints that carry the hands, with a site named after each hand.

    Meshes and masses play no part. Every other joint is fixed at its zero. The limits are those
    of the embodiment.

    Args:
        urdf: Text of robot_description.
        robot: Whose hands.

    Raises:
        TeleoperationError: If the embodiment names no hands, or the text is not a URDF that has
            their links and joints.
    """
    if not robot.hands:
        raise TeleoperationError(
            f'embodiment {robot.tag} names no hands: add the section hands to its file '
            '(docs/teleoperation.md)')
    try:
        root = read_urdf(urdf)
    except EmbodimentError as error:
        raise TeleoperationError(str(error)) from None
    _require_links(root, robot)
    moving = carrying_joints(robot)
    for joint in root.findall('joint'):
        if joint.get('name') not in moving:
            joint.set('type', 'fixed')
    try:
        spec = mujoco.MjSpec.from_string(strip_to_skeleton(root))
        for hand in robot.hands:
            spec.body(hand.frame).add_site(name=hand.name, pos=list(hand.grasp_point))
        model = spec.compile()
    except ValueError as error:
        raise TeleoperationError(f'robot_description cannot be used: {error}') from None
    _set_limits(model, robot, moving)
    return model


def carrying_joints(robot: Embodiment) -> tuple[str, ...]:
    """Return the joints that carry a hand, in the embodiment's order."""
    groups = {group for hand in robot.hands for group in hand.groups}
    carrying = {name for group in groups for name in robot.groups[group]}
    return tuple(name for name in robot.joint_names if name in carrying)


def _require_links(root: ElementTree.Element, robot: Embodiment) -> None:
    links = {link.get('name') for link in root.findall('link')}
    joints = {joint.get('name') for joint in root.findall('joint')}
    for hand in robot.hands:
        if hand.frame not in links:
            raise TeleoperationError(
                f"{_key(robot, hand)}: link '{hand.frame}' is not in robot_description")
    for name in carrying_joints(robot):
        if name not in joints:
            raise TeleoperationError(f"joint '{name}' is not in robot_description")
    carried = {child.get('link') for child in root.findall('joint/child')}
    if robot.base_frame in carried or robot.base_frame not in links:
        raise TeleoperationError(
            f"base_frame '{robot.base_frame}' must be the root link of robot_description")


def _key(robot: Embodiment, hand: Hand) -> str:
    return f'{robot.tag}: hands.{hand.name}.frame'


def _set_limits(model: mujoco.MjModel, robot: Embodiment, moving: tuple[str, ...]) -> None:
    joints = {joint.name: joint for joint in robot.joints}
    for name in moving:
        described = model.joint(name)
        described.limited = 1
        described.range = joints[name].lower, joints[name].upper
