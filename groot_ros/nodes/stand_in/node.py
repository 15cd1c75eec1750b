"""Stand in for a robot: its joint states, test pictures and commands, without any physics.

The joints go exactly where they are commanded, by the rules of the robot's controllers. So a new
embodiment, its topics and everything behind them can be tried before there is a robot.
"""

from __future__ import annotations

import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import CompressedImage, Image, JointState
from std_msgs.msg import Header, String

from groot_ros.embodiment import Camera, load_embodiment
from groot_ros.nodes.messages.observations import compressed_message, image_message
from groot_ros.nodes.shared.parameters import ParameterError, declare_parameters, param
from groot_ros.nodes.shared.processes import callbacks_untorn, called_by, run_process
from groot_ros.nodes.shared.qos import EVERY, LATCHED
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.nodes.simulator.commands import CommandInputs
from groot_ros.simulation.command_follower import CommandFollower
from groot_ros.simulation.picture import colour_bars

JPEG_QUALITY = 90


@dataclass(frozen=True)
class StandInParams:
    """Parameters of the stand-in."""

    embodiment: str = param('unitree_g1', 'Tag of the robot, or path of its YAML file.')
    urdf: str = param('', 'URDF file to publish on robot_description; empty publishes none.')
    camera_hz: float = param(
        0.0, 'Rate of every camera [Hz]; 0 takes observation_hz of the embodiment.',
        bounds=(0.0, 120.0))
    image_width: int = param(320, 'Width of the pictures [px].', bounds=(16, 4096))
    image_height: int = param(240, 'Height of the pictures [px].', bounds=(16, 4096))


class StandInNode(Node):
    """Reports the joints at the control rate and the pictures at their own.

    Raises:
        EmbodimentError: If the embodiment cannot be used.
        ParameterError: If the URDF cannot be read.
    """

    def __init__(self) -> None:
        super().__init__('stand_in')
        self._params = declare_parameters(self, StandInParams)
        robot = load_embodiment(self._params.embodiment)
        self._joint_names = list(robot.joint_names)
        self._follower = CommandFollower(self._joint_names, robot.home)
        self._commands = CommandInputs(
            self, robot.outputs, self._follower, time=lambda: now(self),
            on_command=lambda: True, may_move=lambda: True)
        self._joints = self.create_publisher(JointState, robot.joint_state_topic, EVERY)
        self._cameras = [(camera, self._open(camera)) for camera in robot.cameras]
        self._publish_description()
        self._pictures = 0
        self.create_timer(1.0 / robot.rates.control_hz, self._report)
        self.create_timer(
            1.0 / (self._params.camera_hz or robot.rates.observation_hz), self._show)
        self.get_logger().info(
            f'{robot.tag}: {len(self._joint_names)} joints at home, '
            f'{len(robot.cameras)} cameras with a test picture')

    def _open(self, camera: Camera) -> Publisher:
        if camera.transport == 'compressed':
            return self.create_publisher(CompressedImage, f'{camera.topic}/compressed', EVERY)
        return self.create_publisher(Image, camera.topic, EVERY)

    def _publish_description(self) -> None:
        if not self._params.urdf:
            return
        try:
            urdf = Path(self._params.urdf).read_text(encoding='utf-8')
        except (OSError, UnicodeDecodeError) as error:
            raise ParameterError(f'urdf: {error}') from None
        self._description = self.create_publisher(String, 'robot_description', LATCHED)
        self._description.publish(String(data=urdf))

    def _report(self) -> None:
        time = now(self)
        self._joints.publish(JointState(
            header=Header(stamp=stamp_at(time)), name=self._joint_names,
            position=array.array('d', self._follower.targets(time).tobytes())))

    def _show(self) -> None:
        picture = colour_bars(
            self._params.image_width, self._params.image_height, self._pictures)
        self._pictures += 1
        for camera, publisher in self._cameras:
            header = Header(stamp=stamp_at(now(self)), frame_id=camera.frame_id)
            publisher.publish(
                compressed_message(picture, header, JPEG_QUALITY)
                if camera.transport == 'compressed' else image_message(picture, header))


def main(args: Sequence[str] | None = None) -> int:
    """Stand in until interrupted; returns the exit code."""
    return run_process(_stand_in, args)


def _stand_in() -> int:
    executor = SingleThreadedExecutor()
    with called_by(executor, StandInNode()), callbacks_untorn():
        executor.spin()
    return 0
