"""What the demo keeps of an episode to film it when the robot needs the CPU no more."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Pose
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image, JointState

from groot_ros.msg import TaskState
from groot_ros.simulation.film import Moment
from groot_ros.simulation.robot import JOINTS

FILM_HZ = 20.0
"""Rate of task states, and so of the film [Hz]."""


class EpisodeTape:
    """Collects one moment with every task state.

    Args:
        node: Subscribes to joint states and the head camera.
        image_topic: Topic of the head camera.
    """

    def __init__(self, node: Node, image_topic: str) -> None:
        self._image: NDArray[np.uint8] | None = None
        self._joints: NDArray[np.float64] | None = None
        self._moments: list[tuple[int, Moment]] = []
        node.create_subscription(
            JointState, 'joint_states', self._on_joints, qos_profile_sensor_data)
        node.create_subscription(Image, image_topic, self._on_image, qos_profile_sensor_data)

    def take(self, seed: int) -> list[Moment]:
        """Return what was collected of the scene of `seed` and forget everything."""
        taken = [moment for scene, moment in self._moments if scene == seed]
        self._moments.clear()
        return taken

    def add(self, state: TaskState) -> None:
        """Collect a moment."""
        if self._joints is None:
            return
        blocks = {
            name: _arrays(pose)
            for name, pose in zip(state.block_names, state.block_poses, strict=True)}
        caption = f'{state.elapsed:4.1f} s  {"done" if state.succeeded else ""}'
        self._moments.append(
            (state.seed, Moment(self._joints, blocks, self._image, caption)))

    def _on_joints(self, message: JointState) -> None:
        positions = dict(zip(message.name, message.position, strict=True))
        self._joints = np.array([positions[name] for name in JOINTS])

    def _on_image(self, message: Image) -> None:
        pixels = np.frombuffer(message.data, np.uint8)
        self._image = pixels.reshape(message.height, message.width, 3)


def _arrays(pose: Pose) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return position (3,) and quaternion w, x, y, z (4,)."""
    point, turn = pose.position, pose.orientation
    return np.array([point.x, point.y, point.z]), np.array([turn.w, turn.x, turn.y, turn.z])
