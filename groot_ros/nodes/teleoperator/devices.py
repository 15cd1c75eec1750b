"""What the person holds, as subscriptions that hand on what they can read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from geometry_msgs.msg import PoseStamped, TwistStamped, Vector3
from numpy.typing import NDArray
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Joy
from std_msgs.msg import Bool, Float32

from groot_ros.embodiment import Embodiment
from groot_ros.nodes.shared.inputs import InputMonitor
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.qos import EVERY
from groot_ros.nodes.shared.stamps import now, seconds
from groot_ros.nodes.teleoperator.frames import Frames
from groot_ros.nodes.teleoperator.parameters import (
    TeleoperatorParams,
    guide_settings,
    joystick_layout,
)
from groot_ros.teleoperation.errors import TeleoperationError
from groot_ros.teleoperation.guides import Guide, JogGuide, PoseGuide
from groot_ros.teleoperation.joystick import Joystick
from groot_ros.teleoperation.session import Session

Array = NDArray[np.float64]


class Devices:
    """Opens what the parameter `input` asks for, and nothing else: two devices would quarrel.

    Attributes:
        guides: What leads each hand, by its name.
        monitors: Rate and age of what comes.

    Args:
        node: The teleoperator.
        robot: The embodiment.
        params: Of the node.
    """

    def __init__(
        self, node: LifecycleNode, robot: Embodiment, params: TeleoperatorParams
    ) -> None:
        self._node, self._robot, self._params = node, robot, params
        self._hands = [hand.name for hand in robot.hands]
        self.guides: dict[str, Guide] = {name: self._make_guide(name) for name in self._hands}
        self.monitors: list[InputMonitor] = []

    @property
    def clutch_source(self) -> str:
        """Who reports the clutch."""
        if self._params.input == 'keyboard':
            return 'teleoperate_keyboard'
        return 'joy' if self._joy_is_clutch else "the device's bridge"

    def open(self, opened: Interfaces, session: Session) -> None:
        """Subscribe; what comes goes to `session`."""
        self._session = session
        if self._joy_is_clutch:
            self._joystick = Joystick(self._hands, joystick_layout(self._params))
            opened.subscribe(Joy, 'joy', self._on_joy, qos_profile_sensor_data)
        else:
            opened.subscribe(Bool, '~/engaged', self._on_engaged, EVERY)
        for name in self._hands:
            opened.subscribe(Float32, f'~/{name}/grip', partial(self._on_grip, name), EVERY)
        if self._params.input == 'keyboard':
            self._open_each(opened, TwistStamped, 'jog', self._on_jog)
        elif self._params.input == 'pose':
            self._frames = Frames(
                self._node, self._robot.base_frame,
                self._params.device_frame if self._params.relative_motion else '')
            opened.on_close(self._frames.close)
            self._open_each(opened, PoseStamped, 'target_pose', self._on_pose)

    @property
    def _joy_is_clutch(self) -> bool:
        return self._params.input == 'joy' or (
            self._params.input == 'pose' and self._params.clutch_button >= 0)

    def _make_guide(self, name: str) -> Guide:
        if self._params.input == 'pose':
            topic = self._node.resolve_topic_name(f'~/{name}/target_pose')
            return PoseGuide(topic, guide_settings(self._params))
        return JogGuide(
            self._params.max_jog_speed, self._params.max_jog_turning,
            1.0 / self._robot.rates.control_hz)

    def _open_each(
        self, opened: Interfaces, kind: type, topic: str, take: Callable[..., None]
    ) -> None:
        for name in self._hands:
            monitor = InputMonitor(f'{name}/{topic}')
            self.monitors.append(monitor)
            opened.subscribe(
                kind, f'~/{name}/{topic}', partial(take, name, monitor), qos_profile_sensor_data)

    def _on_engaged(self, message: Bool) -> None:
        self._session.on_clutch(message.data, now(self._node))

    def _on_grip(self, hand: str, message: Float32) -> None:
        self._session.on_grip(hand, message.data)

    def _on_pose(self, hand: str, monitor: InputMonitor, message: PoseStamped) -> None:
        stamp = seconds(message.header.stamp)
        monitor.count(stamp, now(self._node))
        guide = self.guides[hand]
        assert isinstance(guide, PoseGuide)
        try:
            pose = self._frames.read(message)
        except TeleoperationError as error:
            self._session.on_refused_target(hand, str(error))
            return
        self._session.guide(hand, lambda: guide.update(pose, stamp))

    def _on_jog(self, hand: str, monitor: InputMonitor, message: TwistStamped) -> None:
        monitor.count(seconds(message.header.stamp), now(self._node))
        if message.header.frame_id not in ('', self._robot.base_frame):
            self._session.on_refused_target(
                hand, f"velocities must be in {self._robot.base_frame}, got "
                f"'{message.header.frame_id}'")
            return
        self._push(hand, _array(message.twist.linear), _array(message.twist.angular))

    def _on_joy(self, message: Joy) -> None:
        gesture = self._joystick.read(message.axes, message.buttons)
        self._session.on_clutch(gesture.engaged, now(self._node))
        if gesture.grip:
            self._session.on_grip(gesture.hand, None)
        if self._params.input == 'joy':
            self._push(
                gesture.hand, gesture.linear * self._params.max_jog_speed,
                gesture.angular * self._params.max_jog_turning)

    def _push(self, hand: str, linear: Array, angular: Array) -> None:
        guide = self.guides[hand]
        assert isinstance(guide, JogGuide)
        self._session.guide(hand, lambda: guide.update(linear, angular, now(self._node)))


def _array(vector: Vector3) -> Array:
    return np.array([vector.x, vector.y, vector.z])
