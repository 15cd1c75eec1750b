"""What a first embodiment file says: what the URDF knows, what somebody said, and what is open."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from groot_ros.embodiment.description import DescribedJoint
from groot_ros.embodiment.errors import EmbodimentError, did_you_mean
from groot_ros.embodiment.starting.grouping import GOING, group_by_name, require_match
from groot_ros.embodiment.starting.urdf import RobotTree

INTERFACES = {
    'joint_trajectory': 'joint_trajectory', 'follow_joint_trajectory': 'follow_joint_trajectory',
    'commands': 'float64_multi_array'}
"""What a controller of ros2_controllers takes, by the last word of its topic or action."""
Values = Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Wishes:
    """What the URDF does not say and somebody does.

    Attributes:
        only: Groups to command; empty takes all there are.
        groups: Group by shell pattern of joint names.
        cameras: Name, topic and optical frame of each camera.
        controllers: Groups that go to a topic, by topic.
        accelerations: Shell patterns of joints and their limit [rad/s^2]; the last that fits
            counts.
        velocities: The same [rad/s].
        homes: The same [rad].
    """

    only: Sequence[str] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    cameras: Sequence[tuple[str, str, str]] = ()
    controllers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    accelerations: Values = ()
    velocities: Values = ()
    homes: Values = ()


@dataclass(frozen=True, slots=True)
class Output:
    """A controller and the groups it takes; interface and topic are None while nobody knows."""

    groups: tuple[str, ...]
    topic: str | None = None
    interface: str | None = None


@dataclass(frozen=True)
class Draft:
    """A first embodiment; what is None has to be filled in.

    Attributes:
        source: Name of the URDF.
        base_frame: Its root link.
        groups: Commanded joints by group.
        joints: The numbers of each.
        cameras: Name, topic and optical frame.
        outputs: By name.
        left_out: Joints of the robot that are in no group, by the reason.
    """

    source: str
    base_frame: str
    groups: Mapping[str, tuple[str, ...]]
    joints: Mapping[str, Mapping[str, float | None]]
    cameras: Sequence[tuple[str, str, str]]
    outputs: Mapping[str, Output]
    left_out: Mapping[str, Sequence[str]]

    @property
    def open(self) -> list[str]:
        """Keys that somebody has to fill in."""
        joints = [f'joints.{joint}.{key}' for joint, values in self.joints.items()
                  for key, value in values.items() if value is None]
        cameras = [] if self.cameras else ['cameras']
        return joints + cameras + [
            f'outputs.{name}' for name, output in self.outputs.items() if output.topic is None]


def draft(tree: RobotTree, wishes: Wishes) -> Draft:
    """Put together what is known of a robot.

    Raises:
        EmbodimentError: If a wish does not fit the robot, or its names do not tell the groups.
    """
    groups, left_out = _chosen(tree, wishes)
    names = tuple(joint for members in groups.values() for joint in members)
    for pattern, _ in (*wishes.accelerations, *wishes.velocities, *wishes.homes):
        require_match(pattern, names)
    return Draft(
        tree.description.source, tree.root, groups,
        {name: _numbers(name, tree.description.joints[name], wishes) for name in names},
        wishes.cameras, _outputs(groups, wishes.controllers), left_out)


def _chosen(
    tree: RobotTree, wishes: Wishes
) -> tuple[dict[str, tuple[str, ...]], dict[str, list[str]]]:
    """Return the groups to command, and by reason the joints that are in none."""
    mimics: dict[str, list[str]] = {}
    free: list[str] = []
    for name in tree.order:
        leader = tree.description.joints[name].mimics
        (free if leader is None else mimics.setdefault(f'follow {leader}', [])).append(name)
    if not free:
        raise EmbodimentError('joints', f'{tree.description.source} has none that moves by itself')
    groups = group_by_name(free, wishes.groups)
    _check_choice(groups, wishes.only)
    chosen = {group: members for group, members in groups.items()
              if not wishes.only or group in wishes.only}
    unasked = {f'not commanded, {group}': list(members) for group, members in groups.items()
               if group not in chosen}
    return chosen, unasked | mimics


def _check_choice(groups: Mapping[str, Sequence[str]], only: Sequence[str]) -> None:
    for group in only:
        if group not in groups:
            raise EmbodimentError('groups', f"no group '{group}': {did_you_mean(group, groups)}")
    going = [group for group in groups if group.endswith(GOING)]
    if going and not only:
        others = ' '.join(group for group in groups if group not in going)
        raise EmbodimentError(
            'groups', f'{", ".join(going)}: carry the robot, and nobody said that the policy '
            f'commands them. Say which groups it does: --only {others or " ".join(going)}')


def _numbers(name: str, described: DescribedJoint, wishes: Wishes) -> dict[str, float | None]:
    """Return what is known of a joint, each number as it stands in the file."""
    velocity = _asked(name, wishes.velocities)
    fastest = math.inf if described.velocity is None else described.velocity
    if velocity is not None and velocity > fastest:
        raise EmbodimentError(
            f'joints.{name}.velocity', f"{velocity:g} is beyond the robot's {fastest:g}")
    home = _asked(name, wishes.homes)
    if home is not None and not described.lower <= home <= described.upper:
        raise EmbodimentError(
            f'joints.{name}.home', f'{home:g} must lie within '
            f"[{described.lower:g}, {described.upper:g}]: give this joint its own, "
            f"--home '{name}=...'")
    return {
        'lower': _inward(described.lower, 1), 'upper': _inward(described.upper, -1),
        'velocity': _inward(fastest, -1) if velocity is None else velocity,
        'acceleration': _asked(name, wishes.accelerations), 'home': home}


def _asked(name: str, values: Values) -> float | None:
    fitting = [value for pattern, value in values if fnmatchcase(name, pattern)]
    return fitting[-1] if fitting else None


def _inward(limit: float, direction: int) -> float | None:
    """Return a limit with at most four digits, never beyond it; None for none."""
    if not math.isfinite(limit):
        return None
    rounded = round(limit, 4)
    is_beyond = direction * (limit - rounded) > 1e-9
    return round(rounded + direction * 1e-4, 4) if is_beyond else rounded


def _outputs(
    groups: Mapping[str, tuple[str, ...]], controllers: Mapping[str, Sequence[str]]
) -> dict[str, Output]:
    """Return the outputs by name: those of known controllers, then one per group left."""
    outputs: dict[str, Output] = {}
    for topic, members in controllers.items():
        for group in members:
            if group not in groups:
                raise EmbodimentError(
                    'outputs', f"{topic}: no group '{group}': {did_you_mean(group, groups)}")
        controller = topic.rpartition('/')[0].rpartition('/')[2].removesuffix('_controller')
        outputs[controller or '_'.join(members)] = Output(
            tuple(members), topic, _interface(topic))
    taken = {group for members in controllers.values() for group in members}
    return outputs | {group: Output((group,)) for group in groups if group not in taken}


def _interface(topic: str) -> str:
    last = topic.rpartition('/')[2]
    if last not in INTERFACES:
        raise EmbodimentError(
            'outputs', f"{topic}: '{last}' does not tell what the controller takes: one of "
            f'{", ".join(INTERFACES)} would; leave it out and fill it in by hand')
    return INTERFACES[last]
