"""What a robot is made of, as frozen values that check themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass

from groot_ros.embodiment.errors import EmbodimentError, did_you_mean

TRANSPORTS = ('raw', 'compressed')
JERK_PER_ACCELERATION = 100.0
"""Jerk limit of a joint whose file gives none: its full acceleration within 10 ms [1/s]."""
INTERFACES = ('joint_trajectory', 'float64_multi_array', 'follow_joint_trajectory')


@dataclass(frozen=True, slots=True)
class Joint:
    """One commanded joint; [rad] reads [m] for a sliding joint.

    Attributes:
        name: As in joint_states and in the robot's description.
        lower: Lowest position that may be commanded [rad].
        upper: Highest position that may be commanded [rad].
        velocity: Highest speed that may be commanded [rad/s].
        acceleration: Highest acceleration that may be commanded [rad/s^2].
        home: Where the joint is held when no policy moves it [rad].
        jerk: Highest jerk that may be commanded [rad/s^3]; None stands for
            `JERK_PER_ACCELERATION` times the acceleration.
    """

    name: str
    lower: float
    upper: float
    velocity: float
    acceleration: float
    home: float
    jerk: float | None = None

    @property
    def max_jerk(self) -> float:
        """Highest jerk that may be commanded, given or by default [rad/s^3]."""
        return JERK_PER_ACCELERATION * self.acceleration if self.jerk is None else self.jerk

    def __post_init__(self) -> None:
        """Refuse numbers that no joint can have."""
        key = f'joints.{self.name}'
        rates = ('velocity', 'acceleration') if self.jerk is None else (
            'velocity', 'acceleration', 'jerk')
        for field in ('lower', 'upper', 'home', *rates):
            if not math.isfinite(getattr(self, field)):
                raise EmbodimentError(f'{key}.{field}', 'must be a finite number')
        if self.lower >= self.upper:
            raise EmbodimentError(
                f'{key}.lower', f'{self.lower} must lie below upper {self.upper}: swap them')
        if not self.lower <= self.home <= self.upper:
            raise EmbodimentError(
                f'{key}.home', f'{self.home} must lie within [{self.lower}, {self.upper}]')
        for field in rates:
            if getattr(self, field) <= 0.0:
                raise EmbodimentError(
                    f'{key}.{field}', f'{getattr(self, field)} must be greater than 0')


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera of the robot and what the policy calls its picture.

    Attributes:
        name: Key in the YAML file.
        topic: Relative image topic; the base topic when compressed.
        transport: 'raw' (sensor_msgs/Image) or 'compressed' (sensor_msgs/CompressedImage).
        frame_id: Optical frame of the camera (REP 103).
        video_key: Name of the picture in the checkpoint's modality keys.
    """

    name: str
    topic: str
    transport: str
    frame_id: str
    video_key: str

    def __post_init__(self) -> None:
        """Refuse a transport that no subscription knows."""
        if self.transport not in TRANSPORTS:
            raise EmbodimentError(
                f'cameras.{self.name}.transport',
                f"'{self.transport}' is unknown; {did_you_mean(self.transport, TRANSPORTS)}")


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """One controller of the robot and the joints it takes, in its order.

    Attributes:
        interface: 'joint_trajectory' (trajectory_msgs/JointTrajectory),
            'float64_multi_array' (std_msgs/Float64MultiArray, positions only) or
            'follow_joint_trajectory' (control_msgs/action/FollowJointTrajectory).
        topic: Relative topic, or action, of the controller.
        joints: Names, in the order in which the controller takes them.
    """

    name: str
    interface: str
    topic: str
    joints: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse an interface that the controller node does not speak."""
        if self.interface not in INTERFACES:
            raise EmbodimentError(
                f'outputs.{self.name}.interface',
                f"'{self.interface}' is unknown; {did_you_mean(self.interface, INTERFACES)}")


@dataclass(frozen=True, slots=True)
class Rates:
    """How often commands, observations and goal tokens are made [Hz]."""

    control_hz: float
    observation_hz: float
    planner_hz: float

    def __post_init__(self) -> None:
        """Refuse rates that are not positive."""
        for field in ('control_hz', 'observation_hz', 'planner_hz'):
            value = getattr(self, field)
            if not (math.isfinite(value) and value > 0.0):
                raise EmbodimentError(f'rates.{field}', f'{value} must be greater than 0 [Hz]')


@dataclass(frozen=True, slots=True)
class ModelMapping:
    """How the checkpoint sees this robot.

    Attributes:
        embodiment_tag: Name in the checkpoint's embodiment_id.json.
        state: Groups of the proprioception, in the checkpoint's order.
        action: Groups of the action, in the checkpoint's order.
    """

    embodiment_tag: str
    state: tuple[str, ...]
    action: tuple[str, ...]
