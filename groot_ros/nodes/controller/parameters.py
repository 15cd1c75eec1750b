"""Parameters of the controller, and the control cycle they make."""

from dataclasses import dataclass

from groot_ros.control import (
    SEAM_MODES,
    EmergencyStop,
    Playback,
    PlaybackSettings,
    SeamSettings,
    StopSettings,
)
from groot_ros.embodiment import Embodiment
from groot_ros.model.policy import DTYPES, MAX_GOAL_TOKENS, MODES, RUNTIMES
from groot_ros.model.processor import Processor
from groot_ros.nodes.controller.control_cycle import ControlCycle
from groot_ros.nodes.controller.remote_parameters import BACKEND, BACKEND_VERSIONS, TOKEN_FILE
from groot_ros.nodes.controller.replanning import Replanning
from groot_ros.nodes.shared.checkpoints import ALLOW_UNTRAINED, CHECKPOINT, CheckpointMismatchError
from groot_ros.nodes.shared.driving import DrivingParams
from groot_ros.nodes.shared.lifecycle import AUTOSTART
from groot_ros.nodes.shared.parameters import param
from groot_ros.nodes.solver.requests import Solver


@dataclass(frozen=True)
class ControllerParams(DrivingParams):
    """Parameters of the controller."""

    embodiment: str = param('unitree_g1', 'Tag of the robot, or path of its YAML file.')
    checkpoint: str = param('g1_tabletop', CHECKPOINT)
    allow_untrained: bool = param(False, ALLOW_UNTRAINED)
    backend: str = param('', BACKEND)
    backend_version: str = param(
        'n1_7', 'Release of the policy server.', choices=BACKEND_VERSIONS)
    backend_timeout_s: float = param(
        1.0, 'Longest time for one answer of the policy server [s].', bounds=(0.05, 60.0))
    api_token_file: str = param('', TOKEN_FILE)
    action_period_s: float = param(
        0.0, 'Time from one action to the next [s]; 0 takes the one of the checkpoint.',
        bounds=(0.0, 1.0))
    runtime: str = param('auto', 'What computes System 1.', choices=RUNTIMES)
    dtype: str = param(
        'auto', 'Number format of the torch runtime; auto is bfloat16 for a released checkpoint '
        'on a GPU, else float32.', choices=DTYPES)
    mode: str = param(
        'eager', 'How the torch runtime runs the denoising loop; compile and graph get ready '
        'while the node configures.', choices=MODES)
    max_goal_tokens: int = param(
        MAX_GOAL_TOKENS, 'Goal tokens that the modes compile and graph make room for; a message '
        'of more is refused.', bounds=(2, 65536))
    threads: int = param(1, 'CPU threads of System 1.', bounds=(1, 64))
    solve_hz: float = param(
        30.0, 'Rate of new chunks [Hz]; new goal tokens are solved at once besides.',
        bounds=(0.5, 120.0))
    seam_mode: str = param(
        'overlap', 'How a new chunk takes over from the plan; docs/motion.md compares the ways.',
        choices=SEAM_MODES)
    overlap_s: float = param(
        0.25, 'How long it takes to get from the motion under way to a new chunk [s].',
        bounds=(0.01, 1.0))
    aggregation_weight: float = param(
        0.3, 'Weight of the newest chunk with seam_mode aggregate.', bounds=(0.01, 1.0))
    max_delay_s: float = param(
        0.0, 'Chunks are refused that are used later than this after the capture of their joint '
        'state [s]; 0 allows 30 % of a chunk.', bounds=(0.0, 10.0))
    max_state_age_s: float = param(
        0.1, 'The robot rests when joint states are older [s].', bounds=(0.005, 5.0), live=True)
    max_token_age_s: float = param(
        1.0, 'The robot rests when the image behind the goal tokens is older [s].',
        bounds=(0.05, 30.0), live=True)
    max_observation_age_s: float = param(
        0.0, 'The robot rests when the newest observation is older [s]; 0 leaves images to '
        'max_token_age_s and does not subscribe to observations.', bounds=(0.0, 30.0))
    max_tracking_error: float = param(
        0.0, 'The robot rests when a joint is further from its command [rad], for as long as '
        'tracking_patience_s; leave room for speed times lag. 0: not watched.',
        bounds=(0.0, 3.2), live=True)
    tracking_patience_s: float = param(
        0.2, 'How long max_tracking_error may be exceeded [s].', bounds=(0.0, 10.0), live=True)
    max_disagreement: float = param(
        0.0, 'The robot rests when a new chunk lies further from the plan [rad], until two agree. '
        '0: not watched.', bounds=(0.0, 6.3), live=True)
    deadman_topic: str = param(
        '', 'sensor_msgs/Joy with a button that must be held to move; empty for none.')
    deadman_button: int = param(0, 'Index of that button in the message.', bounds=(0, 63))
    deadman_timeout_s: float = param(
        0.5, 'Silence of deadman_topic that counts as a release [s].', bounds=(0.01, 10.0))
    approach_velocity: float = param(
        1.0, 'Highest speed of a joint while it catches up with the plan [rad/s].',
        bounds=(0.01, 10.0))
    seed: int = param(0, 'Seed of the noise that chunks are denoised from.', bounds=(0, 2**31))
    step_locked: bool = param(False, 'Tick with each joint state of a simulator that waits.')
    solve_delay_ticks: int = param(
        2, 'Step-locked: ticks until a chunk is used.', bounds=(1, 60))
    vision_delay_s: float = param(
        0.05, 'Step-locked: age at which goal tokens are used first [s].', bounds=(0.0, 1.0))
    autostart: bool = param(True, AUTOSTART)


def choose_action_period(params: ControllerParams, processor: Processor) -> float:
    """Return the time from one action to the next [s]: the parameter, else the checkpoint's.

    Raises:
        CheckpointMismatchError: If neither says it, as with most released checkpoints.
    """
    period = params.action_period_s or processor.action_period
    if period is None:
        raise CheckpointMismatchError(
            'the checkpoint does not say how much time passes from one action to the next: set '
            "the controller's parameter action_period_s to one frame of the training data, for "
            'example 0.05 for 20 Hz')
    return period


def check_seam_mode(params: ControllerParams, inpaints: bool) -> None:
    """Refuse real-time chunking with a policy that cannot continue a motion.

    Raises:
        CheckpointMismatchError: If the parameter asks for it.
    """
    if params.seam_mode == 'real_time_chunking' and not inpaints:
        raise CheckpointMismatchError(
            'seam_mode is real_time_chunking, but this policy cannot continue a motion under '
            'way: export the checkpoint again (ros2 run groot_ros export_onnx), or set seam_mode '
            'to overlap or aggregate')


def seam_settings(params: ControllerParams) -> SeamSettings:
    """Return how chunks are joined."""
    return SeamSettings(
        mode=params.seam_mode, overlap=params.overlap_s,
        aggregation_weight=params.aggregation_weight, max_delay=params.max_delay_s)


def stop_settings(params: ControllerParams) -> StopSettings:
    """Return what brings the robot to rest."""
    return StopSettings(
        max_state_age=params.max_state_age_s, max_token_age=params.max_token_age_s,
        max_observation_age=params.max_observation_age_s,
        max_tracking_error=params.max_tracking_error,
        tracking_patience=params.tracking_patience_s, max_disagreement=params.max_disagreement,
        deadman_timeout=params.deadman_timeout_s if params.deadman_topic else 0.0)


def make_cycle(
    params: ControllerParams, embodiment: Embodiment, solver: Solver, *, fingerprint: str,
    solve_hz: float, action_period: float, emergency: EmergencyStop | None = None,
) -> ControlCycle:
    """Return the control cycle of a robot and a policy.

    Args:
        params: Of the controller.
        embodiment: The robot.
        solver: Makes chunks beside the ticks.
        fingerprint: Of the policy.
        solve_hz: Rate of new chunks while nothing new came to plan from [Hz].
        action_period: Time from one row of a chunk to the next [s].
        emergency: The latch of the emergency stop.
    """
    settings = PlaybackSettings(
        seams=seam_settings(params), approach_velocity=params.approach_velocity,
        stops=stop_settings(params))
    locked = params.step_locked
    return ControlCycle(
        embodiment,
        Playback(embodiment, embodiment.model.action, fingerprint, settings, emergency),
        Replanning(solver, solve_hz, params.solve_delay_ticks if locked else None),
        action_period=action_period,
        vision_delay=params.vision_delay_s if locked else None)
