"""Commands to the simulated robot: what a real controller would refuse is refused."""

from collections.abc import Callable
from functools import partial

import numpy as np
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from groot_ros.control.trajectory import TrajectoryError
from groot_ros.embodiment import CommandOutput
from groot_ros.nodes.messages.trajectories import read_trajectory
from groot_ros.nodes.shared.qos import EVERY
from groot_ros.nodes.simulator.goal_server import GoalServer
from groot_ros.simulation.command_follower import CommandFollower

SILENCE_S = 5.0


class CommandInputs:
    """Subscriptions to every output of the embodiment, feeding a `CommandFollower`.

    Attributes:
        goal_servers: Those of the outputs that take goals.

    Args:
        node: The simulator.
        outputs: The command outputs of the embodiment.
        follower: What follows the accepted commands.
        time: Returns the present time of the simulated robot [s].
        on_command: Called for every message; returns whether it may be followed now.
        may_move: Whether goals of actions may be followed now.
    """

    def __init__(
        self,
        node: Node,
        outputs: tuple[CommandOutput, ...],
        follower: CommandFollower,
        *,
        time: Callable[[], float],
        on_command: Callable[[], bool],
        may_move: Callable[[], bool],
    ) -> None:
        self._logger = node.get_logger().get_child('commands')
        self._follower = follower
        self._time = time
        self._on_command = on_command
        self.goal_servers: list[GoalServer] = []
        interfaces = {
            'joint_trajectory': (JointTrajectory, self._on_trajectory),
            'float64_multi_array': (Float64MultiArray, self._on_stream)}
        for output in outputs:
            if output.interface == 'follow_joint_trajectory':
                self.goal_servers.append(
                    GoalServer(node, output, follower, time=time, may_move=may_move))
                continue
            kind, callback = interfaces[output.interface]
            node.create_subscription(kind, output.topic, partial(callback, output), EVERY)

    def _on_trajectory(self, output: CommandOutput, message: JointTrajectory) -> None:
        if not self._on_command():
            return
        now = self._time()
        try:
            trajectory = read_trajectory(output.joints, message, now)
        except TrajectoryError as error:
            self._refuse(output, str(error))
            return
        self._follower.follow(output.name, message.joint_names, trajectory, now)

    def _on_stream(self, output: CommandOutput, message: Float64MultiArray) -> None:
        if not self._on_command():
            return
        positions = np.array(message.data)
        if len(positions) != len(output.joints) or not np.isfinite(positions).all():
            self._refuse(
                output, f'expected {len(output.joints)} finite positions, got {list(positions)}')
            return
        self._follower.hold(output.name, output.joints, positions)

    def _refuse(self, output: CommandOutput, why: str) -> None:
        self._logger.warning(
            f'command on {output.topic} refused: {why}', throttle_duration_sec=SILENCE_S)
