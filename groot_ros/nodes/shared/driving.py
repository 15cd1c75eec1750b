"""Parameters of every node that drives a robot."""

from dataclasses import dataclass

from groot_ros.nodes.shared.parameters import param


@dataclass(frozen=True)
class DrivingParams:
    """When commands are made, and how they go out."""

    trajectory_lead_s: float = param(
        0.02, 'When a trajectory reaches the command [s]; covers the jitter of its way.',
        bounds=(0.001, 0.5))
    stamped_trajectories: bool = param(
        False, 'Let trajectories begin at the time of their command, not when they arrive: even '
        "motion whatever the jitter; the robot's controllers must have the same clock.")
    goal_hz: float = param(
        20.0, 'Rate of goals of outputs with interface follow_joint_trajectory [Hz].',
        bounds=(5.0, 120.0))
    realtime_priority: int = param(
        50, 'SCHED_FIFO priority of the ticks where permitted; 0 for none.', bounds=(0, 99))
