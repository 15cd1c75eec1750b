"""Commands to the simulated robot: what a real controller would refuse is refused."""

from collections.abc import Callable
from functools import partial

import numpy as np
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from groot_ros.control.trajectory import TrajectoryError, check_trajectory
from groot_ros.embodiment import CommandOutput
from groot_ros.nodes.qos import EVERY
from groot_ros.nodes.stamps import seconds
from groot_ros.simulation.command_follower import CommandFollower, Trajectory

SILENCE_S = 5.0


class CommandInputs:
    """Subscriptions to every output of the embodiment, feeding a `CommandFollower`.

    Args:
        node: The simulator.
        outputs: The command outputs of the embodiment.
        follower: What follows the accepted commands.
        time: Returns the present time of the simulated robot [s].
        on_command: Called for every message; returns whether it may be followed now.
    """

    def __init__(
        self,
        node: Node,
        outputs: tuple[CommandOutput, ...],
        follower: CommandFollower,
        *,
        time: Callable[[], float],
        on_command: Callable[[], bool],
    ) -> None:
        self._logger = node.get_logger().get_child('commands')
        self._follower = follower
        self._time = time
        self._on_command = on_command
        interfaces = {
            'joint_trajectory': (JointTrajectory, self._on_trajectory),
            'float64_multi_array': (Float64MultiArray, self._on_stream)}
        for output in outputs:
            kind, callback = interfaces[output.interface]
            node.create_subscription(kind, output.topic, partial(callback, output), EVERY)

    def _on_trajectory(self, output: CommandOutput, message: JointTrajectory) -> None:
        if not self._on_command():
            return
        now = self._time()
        try:
            trajectory = _checked(output, message, now)
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


def _checked(output: CommandOutput, message: JointTrajectory, now: float) -> Trajectory:
    """Return the trajectory of a message that joint_trajectory_controller would accept."""
    stamp = seconds(message.header.stamp)
    times = np.array([_duration(point) for point in message.points])
    positions = [np.array(point.positions) for point in message.points]
    velocities = [np.array(point.velocities) for point in message.points]
    check_trajectory(
        output.joints, message.joint_names, stamp, times, positions, velocities, now)
    rates = np.array(velocities) if all(len(row) for row in velocities) else None
    return Trajectory(stamp or now, times, np.array(positions), rates)


def _duration(point: JointTrajectoryPoint) -> float:
    return point.time_from_start.sec + point.time_from_start.nanosec * 1e-9
