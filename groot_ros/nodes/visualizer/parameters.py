"""Parameters of the visualizer."""

from dataclasses import dataclass

from groot_ros.nodes.shared.lifecycle import AUTOSTART
from groot_ros.nodes.shared.parameters import param


@dataclass(frozen=True)
class VisualizerParams:
    """Parameters of the visualizer."""

    embodiment: str = param('unitree_g1', 'Tag of the robot, or path of its YAML file.')
    rate_hz: float = param(
        10.0, 'Highest rate of markers and overlays [Hz].', bounds=(0.1, 60.0))
    ghost: bool = param(
        True, 'Show the robot where the newest chunk ends, translucent.', live=True)
    attention: bool = param(
        False, 'Show where System 2 looks in each picture; the planner computes it only then.',
        live=True)
    checkpoint: str = param(
        'g1_tabletop', 'The one of the planner: it says which part of a picture System 2 sees.')
    text_height_m: float = param(
        0.045, 'Height of the letters above the robot [m].', bounds=(0.001, 1.0), live=True)
    autostart: bool = param(True, AUTOSTART)
