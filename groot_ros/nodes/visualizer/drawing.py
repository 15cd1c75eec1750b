"""What there is to draw: computed when a chunk comes, not when it is drawn."""

from __future__ import annotations

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import TransformStamped
from numpy.typing import NDArray
from sensor_msgs.msg import JointState
from visualization_msgs.msg import Marker

from groot_ros.embodiment import Embodiment
from groot_ros.msg import ActionChunk
from groot_ros.nodes.shared.stamps import seconds
from groot_ros.nodes.visualizer.markers import Scene
from groot_ros.visualization import LinkPoses, VisualizationError, read_shapes, split_plan

Array = NDArray[np.float64]

FLOOR_FRAME = 'visualizer_floor'
"""Of every view, for every robot: tf may lead from its root link to nothing else that all have."""
WORDS_ABOVE_M = 0.4
"""Of the frame of the highest link [m]."""
MOVED_M = 0.01
"""Links that move less have no ghost: it would only flicker on their own surface [m]."""


class Drawing:
    """The newest plan of a robot, and the one before.

    Args:
        urdf: Text of robot_description.
        robot: Its embodiment; lines are drawn for its hands.

    Raises:
        VisualizationError: If the description does not have the embodiment's joints and links.
    """

    def __init__(self, urdf: str, robot: Embodiment) -> None:
        self._robot = robot
        self._links = LinkPoses(urdf, robot.joint_names)
        for hand in robot.hands:
            self._links.pose(hand.frame)
        self._shapes = read_shapes(urdf)
        self._links.set_joints(robot.home)
        self._lowest, self._highest = self._links.heights()
        self._joints = robot.home.copy()
        self._chunk: ActionChunk | None = None
        self._paths: dict[str, Array] = {}
        self._previous: dict[str, Array] = {}
        self._end = self._joints

    def floor(self, stamp: Time) -> TransformStamped:
        """Return where FLOOR_FRAME is: under the root link, as low as any link is at home."""
        transform = TransformStamped(child_frame_id=FLOOR_FRAME)
        transform.header.stamp, transform.header.frame_id = stamp, self._links.root
        transform.transform.translation.z = self._lowest
        return transform

    def take_joints(self, message: JointState) -> None:
        """Take measured positions; other joints of the message are left aside."""
        columns = {name: column for column, name in enumerate(self._robot.joint_names)}
        for name, position in zip(message.name, message.position, strict=False):
            if name in columns and np.isfinite(position):
                self._joints[columns[name]] = position

    def take_chunk(self, chunk: ActionChunk) -> None:
        """Compute where the hands will be for each row of a chunk.

        Raises:
            VisualizationError: If its joints are not the embodiment's, or its numbers are none
                that a robot can follow.
        """
        rows = self._rows(chunk)
        self._chunk, self._previous = chunk, self._paths
        self._paths = {
            hand.name: self._links.path(rows, hand.frame, hand.grasp_point)
            for hand in self._robot.hands}
        self._end = rows[-1]

    def markers(
        self, now: float, words: str, *, height: float, ghost: bool, lifetime: float
    ) -> list[Marker]:
        """Return everything to be seen at a time [s].

        Args:
            now: Time [s].
            words: What to write above the robot.
            height: Of the letters [m].
            ghost: Whether to draw the robot where the newest chunk ends.
            lifetime: After which it vanishes if nothing new comes [s].
        """
        scene = Scene(self._links.root, lifetime)
        scene.add_words(words, (0.0, 0.0, self._highest + WORDS_ABOVE_M), height)
        if self._chunk is None:
            return scene.markers
        parts = split_plan(
            self._chunk.horizon, self._chunk.frozen_steps, seconds(self._chunk.header.stamp),
            self._chunk.period, now)
        for hand, path in self._paths.items():
            scene.add_plan(hand, path, parts)
        for hand, path in self._previous.items():
            scene.add_previous(hand, path)
        if ghost:
            moved = self._links.moved(self._joints, self._end, MOVED_M)
            scene.add_ghost(self._shapes, self._links, moved)
        return scene.markers

    def _rows(self, chunk: ActionChunk) -> Array:
        """Return positions of all joints for each row: measured where the chunk says nothing."""
        known = set(self._robot.joint_names)
        if foreign := [name for name in chunk.joint_names if name not in known]:
            raise VisualizationError(
                f"action_chunk: joint '{foreign[0]}' is not in embodiment {self._robot.tag}")
        shape = chunk.horizon, len(chunk.joint_names)
        positions = np.array(chunk.positions, float)
        if not chunk.horizon or positions.size != shape[0] * shape[1]:
            raise VisualizationError(
                f'action_chunk: {positions.size} positions for {shape[0]} rows of {shape[1]}')
        if not (0.0 < chunk.period < np.inf and np.isfinite(positions).all()):
            raise VisualizationError(
                f'action_chunk: finite positions were expected, and a period above 0 s, got '
                f'{chunk.period} s')
        rows = np.tile(self._joints, (chunk.horizon, 1))
        rows[:, self._robot.indices(chunk.joint_names)] = positions.reshape(shape)
        return rows
