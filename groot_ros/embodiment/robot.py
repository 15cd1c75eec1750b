"""One robot as a frozen value that checks itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from groot_ros.embodiment.errors import EmbodimentError, did_you_mean
from groot_ros.embodiment.hands import Hand
from groot_ros.embodiment.parts import Camera, CommandOutput, Joint, ModelMapping, Rates


@dataclass(frozen=True)
class Embodiment:
    """A robot: everything that differs from one robot to the next.

    Attributes:
        tag: Name of the YAML file, for example `unitree_g1`.
        base_frame: TF frame that the robot's poses are given in.
        joint_state_topic: Relative topic of sensor_msgs/JointState.
        imu_topic: Relative topic of sensor_msgs/Imu, None without one.
        joints: Every commanded joint; this order is the embodiment's order everywhere.
        groups: Joints by group name, each in the order the checkpoint expects.
        hands: What can be teleoperated.
    """

    tag: str
    base_frame: str
    joint_state_topic: str
    imu_topic: str | None
    joints: tuple[Joint, ...]
    groups: Mapping[str, tuple[str, ...]]
    cameras: tuple[Camera, ...]
    outputs: tuple[CommandOutput, ...]
    rates: Rates
    model: ModelMapping
    hands: tuple[Hand, ...] = ()

    def __post_init__(self) -> None:
        """Check that every name points to something that is there.

        Raises:
            EmbodimentError: Naming the key and what would be right.
        """
        _require_unique('joints', self.joint_names)
        for group, names in self.groups.items():
            self._require_joints(f'groups.{group}', names)
        for field in ('topic', 'video_key'):
            _require_unique(f'cameras.*.{field}', [getattr(c, field) for c in self.cameras])
        self._check_outputs()
        for field in ('state', 'action'):
            self._check_model_groups(f'model.{field}', getattr(self.model, field))
        for hand in self.hands:
            self._check_hand(hand)

    @cached_property
    def joint_names(self) -> tuple[str, ...]:
        """Names in the embodiment's order."""
        return tuple(joint.name for joint in self.joints)

    @cached_property
    def home(self) -> NDArray[np.float64]:
        """Home positions [rad], shape (num_joints,), read-only."""
        return self._array('home')

    @cached_property
    def lower(self) -> NDArray[np.float64]:
        """Lowest positions [rad], shape (num_joints,), read-only."""
        return self._array('lower')

    @cached_property
    def upper(self) -> NDArray[np.float64]:
        """Highest positions [rad], shape (num_joints,), read-only."""
        return self._array('upper')

    @cached_property
    def max_velocity(self) -> NDArray[np.float64]:
        """Highest speeds [rad/s], shape (num_joints,), read-only."""
        return self._array('velocity')

    @cached_property
    def max_acceleration(self) -> NDArray[np.float64]:
        """Highest accelerations [rad/s^2], shape (num_joints,), read-only."""
        return self._array('acceleration')

    @cached_property
    def max_jerk(self) -> NDArray[np.float64]:
        """Highest jerks [rad/s^3], shape (num_joints,), read-only."""
        return self._array('max_jerk')

    def indices(self, names: Iterable[str]) -> NDArray[np.intp]:
        """Return where the named joints stand in the embodiment's order.

        Raises:
            EmbodimentError: If the embodiment has no such joint.
        """
        place = {name: index for index, name in enumerate(self.joint_names)}
        names = tuple(names)
        self._require_joints('joints', names)
        return np.array([place[name] for name in names], dtype=np.intp)

    def group_indices(self, groups: Sequence[str]) -> NDArray[np.intp]:
        """Return where the joints of the groups stand, group after group.

        Raises:
            EmbodimentError: If the embodiment has no such group.
        """
        self._check_model_groups('groups', groups)
        return self.indices(name for group in groups for name in self.groups[group])

    def _array(self, field: str) -> NDArray[np.float64]:
        values = np.array([getattr(joint, field) for joint in self.joints], dtype=np.float64)
        values.flags.writeable = False
        return values

    def _require_joints(self, key: str, names: Sequence[str]) -> None:
        _require_unique(key, names)
        for name in names:
            if name not in self.joint_names:
                raise EmbodimentError(
                    key, f"joint '{name}' is not under joints: "
                    f'{did_you_mean(name, self.joint_names)}')

    def _check_outputs(self) -> None:
        _require_unique('outputs.*.topic', [output.topic for output in self.outputs])
        for output in self.outputs:
            self._require_joints(f'outputs.{output.name}', output.joints)
        commanded = [name for output in self.outputs for name in output.joints]
        _require_unique('outputs', commanded)
        if missing := [name for name in self.joint_names if name not in commanded]:
            raise EmbodimentError(
                'outputs', f"joint '{missing[0]}' goes to no output: add its group to one, "
                'or take the joint out of joints')

    def _check_hand(self, hand: Hand) -> None:
        key = f'hands.{hand.name}'
        self._check_model_groups(f'{key}.groups', hand.groups)
        if hand.fingers is None:
            return
        self._check_model_groups(f'{key}.fingers', [hand.fingers])
        fingers = self.indices(self.groups[hand.fingers])
        for field, pose in (('open', hand.opened), ('closed', hand.closed)):
            if len(pose) != len(fingers):
                raise EmbodimentError(
                    f'{key}.{field}',
                    f'must hold {len(fingers)} positions, one per joint of group '
                    f"'{hand.fingers}', got {len(pose)}")
            for index, value in zip(fingers, pose, strict=True):
                joint = self.joints[index]
                if not joint.lower <= value <= joint.upper:
                    raise EmbodimentError(
                        f'{key}.{field}', f'{value} for {joint.name} must lie within '
                        f'[{joint.lower}, {joint.upper}]')

    def _check_model_groups(self, key: str, groups: Sequence[str]) -> None:
        _require_unique(key, groups)
        for group in groups:
            if group not in self.groups:
                raise EmbodimentError(
                    key,
                    f"group '{group}' is not under groups: {did_you_mean(group, self.groups)}")


def _require_unique(key: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise EmbodimentError(key, f"'{twice[0]}' appears twice: each may appear once")
