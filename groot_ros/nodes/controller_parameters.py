"""Parameters of the controller, and the control cycle they make."""

from dataclasses import dataclass

from groot_ros.control import Playback, PlaybackSettings
from groot_ros.embodiment import Embodiment
from groot_ros.model.policy import DTYPES, RUNTIMES, System1
from groot_ros.model.processor import Processor
from groot_ros.nodes.checkpoints import ALLOW_UNTRAINED, CHECKPOINT, CheckpointMismatchError
from groot_ros.nodes.control_cycle import ControlCycle
from groot_ros.nodes.lifecycle import AUTOSTART
from groot_ros.nodes.parameters import param
from groot_ros.nodes.replanning import Replanning
from groot_ros.nodes.solver import ChunkSolver


@dataclass(frozen=True)
class ControllerParams:
    """Parameters of the controller."""

    embodiment: str = param('unitree_g1', 'Tag of the robot, or path of its YAML file.')
    checkpoint: str = param('g1_tabletop', CHECKPOINT)
    allow_untrained: bool = param(False, ALLOW_UNTRAINED)
    action_period_s: float = param(
        0.0, 'Time from one action to the next [s]; 0 takes the one of the checkpoint.',
        bounds=(0.0, 1.0))
    runtime: str = param('auto', 'What computes System 1.', choices=RUNTIMES)
    dtype: str = param(
        'auto', 'Number format of the torch runtime; auto is bfloat16 for a released checkpoint '
        'on a GPU, else float32.', choices=DTYPES)
    threads: int = param(1, 'CPU threads of System 1.', bounds=(1, 64))
    solve_hz: float = param(
        30.0, 'Rate of new chunks [Hz]; new goal tokens are solved at once besides.',
        bounds=(0.5, 120.0))
    overlap_s: float = param(
        0.25, 'How long it takes to get from the motion under way to a new chunk [s].',
        bounds=(0.01, 1.0))
    max_state_age_s: float = param(
        0.1, 'The robot rests when joint states are older [s].', bounds=(0.005, 5.0))
    max_token_age_s: float = param(
        1.0, 'The robot rests when the image behind the goal tokens is older [s].',
        bounds=(0.05, 30.0))
    approach_velocity: float = param(
        1.0, 'Highest speed of a joint while it catches up with the plan [rad/s].',
        bounds=(0.01, 10.0))
    trajectory_lead_s: float = param(
        0.02, 'When a trajectory reaches the command [s]; covers the jitter of its way.',
        bounds=(0.001, 0.5))
    realtime_priority: int = param(
        50, 'SCHED_FIFO priority of the ticks where permitted; 0 for none.', bounds=(0, 99))
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


def make_cycle(
    params: ControllerParams, embodiment: Embodiment, system1: System1, solver: ChunkSolver,
    *, action_period: float,
) -> ControlCycle:
    """Return the control cycle of a robot and a model with actions every `action_period` [s]."""
    settings = PlaybackSettings(
        overlap=params.overlap_s, max_state_age=params.max_state_age_s,
        max_token_age=params.max_token_age_s, approach_velocity=params.approach_velocity)
    locked = params.step_locked
    return ControlCycle(
        embodiment,
        Playback(embodiment, embodiment.model.action, system1.fingerprint, settings),
        Replanning(solver, params.solve_hz, params.solve_delay_ticks if locked else None),
        action_period=action_period,
        vision_delay=params.vision_delay_s if locked else None)
