"""Parameters of the operator page."""

from dataclasses import dataclass

from groot_ros.nodes.shared.lifecycle import AUTOSTART
from groot_ros.nodes.shared.parameters import param


@dataclass(frozen=True)
class OperatorPageParams:
    """Parameters of the operator page."""

    embodiment: str = param('unitree_g1', 'Tag of the robot, or path of its YAML file.')
    host: str = param(
        '127.0.0.1', "Address to listen on; any but this machine's own asks for a token.")
    port: int = param(8766, 'TCP port; 0 takes a free one.', bounds=(0, 65535))
    # Not the token itself: everybody in the ROS domain can read parameters.
    token_file: str = param(
        '', 'File with the token to ask for, readable by its owner only; empty makes one and '
        'prints it once, where host asks for one.')
    autostart: bool = param(True, AUTOSTART)
