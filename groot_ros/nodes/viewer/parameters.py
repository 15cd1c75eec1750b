"""Parameters of the viewer."""

from dataclasses import dataclass

from groot_ros.nodes.shared.lifecycle import AUTOSTART
from groot_ros.nodes.shared.parameters import param


@dataclass(frozen=True)
class ViewerParams:
    """Parameters of the viewer."""

    embodiment: str = param('unitree_g1', 'Tag of the robot, or path of its YAML file.')
    host: str = param(
        '127.0.0.1', 'Address to listen on; 0.0.0.0 lets everyone on the network look.')
    port: int = param(8765, 'TCP port; 0 takes a free one.', bounds=(0, 65535))
    autostart: bool = param(True, AUTOSTART)
