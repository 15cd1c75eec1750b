"""Parameters of the recorder."""

from dataclasses import dataclass

from groot_ros.nodes.shared.lifecycle import AUTOSTART
from groot_ros.nodes.shared.parameters import param


@dataclass(frozen=True)
class RecorderParams:
    """Parameters of the recorder."""

    embodiment: str = param('unitree_g1', 'Tag of the robot, or path of its YAML file.')
    checkpoint: str = param(
        '', 'Policy that moves the robot; empty when it is teleoperated.')
    teleoperation_device: str = param(
        '', 'What a person moves the robot with; empty when a policy does.')
    folder: str = param('recordings', 'Where the episodes go, each a bag of its own.')
    camera_format: str = param(
        'jpeg', 'Raw camera images are written as JPEG, or as they come.',
        choices=('jpeg', 'raw'))
    jpeg_quality: int = param(90, 'Quality of JPEG images.', bounds=(10, 100))
    begin: bool = param(False, 'Begin an episode at once; it ends with the recorder.')
    operator: str = param('', 'Who recorded; goes into the facts of each episode.')
    licence: str = param('', 'Licence of the recording; goes into the facts.')
    task: str = param('', 'Name of the task; empty takes the instruction in force.')
    autostart: bool = param(True, AUTOSTART)
