"""The simulated robot as URDF, for RViz and for the check of the embodiment file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import mujoco
import numpy as np

from groot_ros.simulation.robot import load_robot

ROOT_LINK = 'pelvis'


def robot_description() -> str:
    """Return the URDF of the G1 with hands: links, joints, masses, meshes, colours of its MJCF.

    The legs are fixed, as in the simulation.
    """
    spec = load_robot()
    robot = Element('robot', name='unitree_g1')
    for material in spec.materials:
        rgba = [round(float(part), 3) for part in material.rgba]
        SubElement(SubElement(robot, 'material', name=material.name), 'color',
                   rgba=_numbers(rgba))
    _add_body(robot, spec, spec.body(ROOT_LINK))
    ElementTree.indent(robot)
    return ElementTree.tostring(robot, encoding='unicode')


def _add_body(robot: Element, spec: mujoco.MjSpec, body: mujoco.MjsBody) -> None:
    link = SubElement(robot, 'link', name=body.name)
    _add_inertial(link, body)
    for geom in body.geoms:
        if geom.type == mujoco.mjtGeom.mjGEOM_MESH and geom.group == 2:
            visual = SubElement(link, 'visual')
            _add_origin(visual, geom.pos, geom.quat)
            path = Path(spec.meshdir) / spec.mesh(geom.meshname).file
            SubElement(SubElement(visual, 'geometry'), 'mesh', filename=path.resolve().as_uri())
            SubElement(visual, 'material', name=geom.material)
    for child in body.bodies:
        _add_joint(robot, body, child)
        _add_body(robot, spec, child)


def _add_inertial(link: Element, body: mujoco.MjsBody) -> None:
    if not body.mass > 0.0:
        return
    inertial = SubElement(link, 'inertial')
    _add_origin(inertial, body.ipos, body.iquat)
    SubElement(inertial, 'mass', value=f'{body.mass:.6g}')
    moments = dict.fromkeys(('ixy', 'ixz', 'iyz'), '0')
    moments |= {
        axis: f'{moment:.6g}'
        for axis, moment in zip(('ixx', 'iyy', 'izz'), body.inertia, strict=True)}
    SubElement(inertial, 'inertia', moments)


def _add_joint(robot: Element, parent: mujoco.MjsBody, child: mujoco.MjsBody) -> None:
    hinge = child.joints[0] if child.joints else None
    name = hinge.name if hinge else f'{child.name}_fixed_joint'
    joint = SubElement(robot, 'joint', name=name, type='revolute' if hinge else 'fixed')
    _add_origin(joint, child.pos, child.quat)
    SubElement(joint, 'parent', link=parent.name)
    SubElement(joint, 'child', link=child.name)
    if hinge:
        SubElement(joint, 'axis', xyz=_numbers(hinge.axis))
        SubElement(
            joint, 'limit', lower=f'{hinge.range[0]:.6g}', upper=f'{hinge.range[1]:.6g}',
            effort=f'{hinge.actfrcrange[1]:.6g}', velocity='30')


def _add_origin(
    element: Element, position: Sequence[float], quaternion: Sequence[float]
) -> None:
    angles = _roll_pitch_yaw(quaternion)
    SubElement(element, 'origin', xyz=_numbers(position), rpy=_numbers(angles))


def _roll_pitch_yaw(quaternion: Sequence[float]) -> tuple[float, float, float]:
    """Return URDF's fixed-axis angles [rad] of a quaternion w, x, y, z."""
    w, x, y, z = np.asarray(quaternion, float) / np.linalg.norm(quaternion)
    sine = float(np.clip(2 * (w * y - z * x), -1.0, 1.0))
    return (
        float(np.arctan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))),
        float(np.arcsin(sine)),
        float(np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))))


def _numbers(values: Sequence[float]) -> str:
    return ' '.join(f'{value:.9g}' for value in values)
