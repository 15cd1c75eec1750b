"""Parameters of the teleoperator."""

from dataclasses import dataclass

from groot_ros.nodes.shared.driving import DrivingParams
from groot_ros.nodes.shared.lifecycle import AUTOSTART
from groot_ros.nodes.shared.parameters import param
from groot_ros.teleoperation.guides import GuideSettings
from groot_ros.teleoperation.joystick import JoystickLayout
from groot_ros.teleoperation.session import SessionSettings

INPUTS = ('keyboard', 'joy', 'pose')


@dataclass(frozen=True)
class TeleoperatorParams(DrivingParams):
    """Parameters of the teleoperator."""

    embodiment: str = param('unitree_g1', 'Tag of the robot, or path of its YAML file.')
    input: str = param('keyboard', 'What leads the hands.', choices=INPUTS)
    instruction: str = param('', 'What the person is about to do; empty for nothing.')
    relative_motion: bool = param(
        True, 'Poses count from where hand and device are when the clutch engages; false: the '
        'hand goes to the poses themselves.')
    motion_scale: float = param(
        1.0, 'Metres of the hand for a metre of the device, with relative_motion.',
        bounds=(0.05, 10.0))
    device_frame: str = param(
        '', 'Frame of poses that no transform leads to, as the origin of a headset: its axes '
        'are taken as those of base_frame. With relative_motion only.')
    max_target_age_s: float = param(
        0.25, 'The robot rests when the pose of a led hand is older [s].', bounds=(0.02, 5.0))
    max_jump_m: float = param(
        0.15, 'Longest way from one pose to the next [m]; more is refused until the clutch is '
        'engaged anew.', bounds=(0.001, 10.0))
    max_jump_rad: float = param(
        1.0, 'Largest turn from one pose to the next [rad].', bounds=(0.01, 3.15))
    clutch_timeout_s: float = param(
        0.5, 'Silence of the clutch that counts as a release [s].', bounds=(0.05, 10.0))
    clutch_button: int = param(
        4, 'Button of joy that is the clutch; with input pose, -1 takes ~/engaged instead.',
        bounds=(-1, 63))
    grip_button: int = param(
        0, 'Button of joy that opens and closes the fingers in turn.', bounds=(-1, 63))
    hand_button: int = param(5, 'Button of joy that takes the next hand.', bounds=(-1, 63))
    linear_axes: tuple[int, ...] = param(
        (1, 0, 4), 'Axes of joy that push the hand forward, left and up; -1 for none.')
    angular_axes: tuple[int, ...] = param(
        (6, 7, 3), 'Axes of joy that turn it about forward, left and up; -1 for none.')
    max_jog_speed: float = param(
        0.15, 'Highest speed of a hand that is pushed [m/s].', bounds=(0.001, 2.0))
    max_jog_turning: float = param(
        0.8, 'Highest angular speed of a hand that is pushed [rad/s].', bounds=(0.01, 6.3))
    max_joint_velocity: float = param(
        1.5, 'Highest speed of a joint that carries a hand [rad/s].', bounds=(0.01, 10.0))
    grip_time_s: float = param(
        0.6, 'Time of the fingers from open to closed [s].', bounds=(0.05, 10.0))
    max_state_age_s: float = param(
        0.1, 'The robot rests when joint states are older [s].', bounds=(0.005, 5.0))
    autostart: bool = param(True, AUTOSTART)


def guide_settings(params: TeleoperatorParams) -> GuideSettings:
    """Return how poses lead a hand."""
    return GuideSettings(
        relative=params.relative_motion, scale=params.motion_scale,
        max_age=params.max_target_age_s, max_jump=params.max_jump_m,
        max_turn=params.max_jump_rad)


def session_settings(params: TeleoperatorParams) -> SessionSettings:
    """Return how the robot follows."""
    return SessionSettings(
        max_velocity=params.max_joint_velocity, grip_time=params.grip_time_s,
        max_state_age=params.max_state_age_s)


def joystick_layout(params: TeleoperatorParams) -> JoystickLayout:
    """Return what the axes and buttons of joy mean."""
    return JoystickLayout(
        linear=tuple(params.linear_axes), angular=tuple(params.angular_axes),
        clutch=params.clutch_button, grip=params.grip_button, next_hand=params.hand_button)
