"""Parameters of perception."""

from dataclasses import dataclass

from groot_ros.nodes.checkpoints import ALLOW_UNTRAINED, CHECKPOINT
from groot_ros.nodes.lifecycle import AUTOSTART
from groot_ros.nodes.parameters import param


@dataclass(frozen=True)
class PerceptionParams:
    """Parameters of perception."""

    embodiment: str = param('unitree_g1', 'Tag of the robot, or path of its YAML file.')
    checkpoint: str = param('g1_tabletop', CHECKPOINT)
    allow_untrained: bool = param(False, ALLOW_UNTRAINED)
    observation_hz: float = param(
        0.0, 'Highest rate of observations [Hz]; 0 takes the one of the embodiment.',
        bounds=(0.0, 120.0))
    max_skew_s: float = param(
        0.05, 'How far apart images and joints of one observation may lie [s].',
        bounds=(0.001, 1.0))
    max_input_age_s: float = param(
        0.5, 'Age from which on an input is stale [s].', bounds=(0.01, 10.0))
    step_locked: bool = param(False, 'Observe every image of a simulator that waits.')
    autostart: bool = param(True, AUTOSTART)
