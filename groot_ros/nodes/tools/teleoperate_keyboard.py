"""Lead a robot's hands, and begin and end episodes, by single keys in a terminal."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import rclpy
from geometry_msgs.msg import TwistStamped, Vector3
from numpy.typing import NDArray
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.task import Future
from rclpy.utilities import remove_ros_args
from std_msgs.msg import Bool, Float32
from std_srvs.srv import SetBool, Trigger

from groot_ros.embodiment import EmbodimentError, load_embodiment
from groot_ros.msg import PolicyStatus, RecordingStatus
from groot_ros.nodes.shared.qos import EVERY, NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.nodes.shared.status import REASONS
from groot_ros.teleoperation.errors import TeleoperationError
from groot_ros.teleoperation.keys import HELP, Key, Keyboard
from groot_ros.teleoperation.terminal import Terminal

SEND_PERIOD_S = 0.05
SILENCE_S = 1.0
"""Age of a status from which on its node counts as gone."""


class KeyboardNode(Node):
    """Sends what keys ask for, and tells in one line what became of it.

    Args:
        hands: Names of the hands; the last is led first.
        speed: Of a hand that is pushed [m/s].
        turning: Of a hand that is turned [rad/s].
        say: Takes lines that stay.
    """

    def __init__(
        self, hands: Sequence[str], speed: float, turning: float, say: Callable[[str], None]
    ) -> None:
        super().__init__('teleoperate_keyboard')
        self._hands, self._hand = list(hands), len(hands) - 1
        self._speed, self._turning, self._say = speed, turning, say
        self._engaged = self.done = False
        self._closed = dict.fromkeys(hands, False)
        self.keyboard = Keyboard(self._act)
        self._clutch = self.create_publisher(Bool, 'teleoperator/engaged', EVERY)
        self._jogs = {name: self.create_publisher(
            TwistStamped, f'teleoperator/{name}/jog', qos_profile_sensor_data) for name in hands}
        self._grips = {name: self.create_publisher(
            Float32, f'teleoperator/{name}/grip', EVERY) for name in hands}
        self._robot: tuple[float, PolicyStatus] | None = None
        self._recorder: tuple[float, RecordingStatus] | None = None
        self.create_subscription(
            PolicyStatus, 'teleoperator/status', self._on_robot, NEWEST)
        self.create_subscription(
            RecordingStatus, 'recorder/status', self._on_recorder, NEWEST)
        self._recorder_calls = {
            name: self.create_client(kind, f'recorder/{name}')
            for name, kind in (('start', Trigger), ('stop', Trigger), ('discard', Trigger),
                               ('success', SetBool))}

    def send(self) -> None:
        """Send clutch and velocity as they are now."""
        self._clutch.publish(Bool(data=self._engaged))
        push = self.keyboard.push(time.monotonic())
        if not self._engaged:
            return
        message = TwistStamped()
        message.header.stamp = stamp_at(now(self))
        message.twist.linear = _vector(push.linear * self._speed)
        message.twist.angular = _vector(push.angular * self._turning)
        self._jogs[self._hands[self._hand]].publish(message)

    def line(self) -> str:
        """Return what robot and recorder do, in one line."""
        return f'[{self._hands[self._hand]} hand] {self._robot_line()} | {self._recorder_line()}'

    def _act(self, key: Key) -> None:
        """Do what a key asks for."""
        requests: dict[Key, Callable[[], None]] = {
            Key.ENGAGE: partial(self._engage, True), Key.STOP: partial(self._engage, False),
            Key.NEXT_HAND: self._take_next_hand, Key.GRIP: self._grip, Key.QUIT: self._quit,
            Key.START: partial(self._ask, 'start', Trigger.Request()),
            Key.END: partial(self._ask, 'stop', Trigger.Request()),
            Key.DISCARD: partial(self._ask, 'discard', Trigger.Request()),
            Key.SUCCESS: partial(self._ask, 'success', SetBool.Request(data=True)),
            Key.FAILURE: partial(self._ask, 'success', SetBool.Request(data=False))}
        requests[key]()

    def _engage(self, engaged: bool) -> None:
        self._engaged = engaged
        self.send()

    def _take_next_hand(self) -> None:
        self._hand = (self._hand + 1) % len(self._hands)

    def _grip(self) -> None:
        if not self._engaged:
            self._say('engage first: Enter')
            return
        name = self._hands[self._hand]
        self._closed[name] = not self._closed[name]
        self._grips[name].publish(Float32(data=float(self._closed[name])))

    def _quit(self) -> None:
        self._engage(False)
        self.done = True

    def _ask(self, service: str, request: Any) -> None:
        """Call a service of the recorder; its answer is told when it comes."""
        client = self._recorder_calls[service]
        if not client.service_is_ready():
            self._say('no recorder: launch with record:=true, or record.launch.py begin:=false')
            return
        client.call_async(request).add_done_callback(self._on_answer)

    def _on_answer(self, answer: Future) -> None:
        self._say(answer.result().message)

    def _on_robot(self, message: PolicyStatus) -> None:
        self._robot = time.monotonic(), message

    def _on_recorder(self, message: RecordingStatus) -> None:
        self._recorder = time.monotonic(), message

    def _robot_line(self) -> str:
        if self._robot is None or time.monotonic() - self._robot[0] > SILENCE_S:
            return 'no teleoperator: ros2 launch groot_ros teleoperate.launch.py'
        status = self._robot[1]
        if status.state == PolicyStatus.RUNNING and status.reason == PolicyStatus.NONE:
            return 'follows'
        if status.reason == PolicyStatus.DEADMAN_RELEASED and not self._engaged:
            return 'rests: Enter engages'
        return f'{REASONS[status.reason]}: {status.text}'

    def _recorder_line(self) -> str:
        if self._recorder is None or time.monotonic() - self._recorder[0] > SILENCE_S:
            return 'no recorder'
        status = self._recorder[1]
        if not status.recording:
            return 'not recording: s starts'
        return (f'recording {status.bag.rpartition("/")[2]} {status.elapsed:.1f} s, '
                f'{status.messages} messages, {status.dropped} dropped')


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command line as values."""
    parser = argparse.ArgumentParser(
        prog='teleoperate_keyboard', description=f'{__doc__}\n\n{HELP}',
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--embodiment', default='unitree_g1',
                        help='tag of the robot, or path of its YAML file')
    parser.add_argument('--speed', type=float, default=0.1, help='of a hand [m/s]')
    parser.add_argument('--turning', type=float, default=0.5, help='of a hand [rad/s]')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Send keys until q; returns the exit code."""
    given = list(sys.argv if arguments is None else ['', *arguments])
    asked = parse_arguments(remove_ros_args(given)[1:])
    try:
        hands = [hand.name for hand in load_embodiment(asked.embodiment).hands]
        if not hands:
            raise TeleoperationError(f'embodiment {asked.embodiment} names no hands')
        rclpy.init(args=given)
        with Terminal() as terminal:
            _run(terminal, KeyboardNode(hands, asked.speed, asked.turning, terminal.say))
    except (TeleoperationError, EmbodimentError) as error:
        print(f'teleoperate_keyboard: {error}', file=sys.stderr)
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        return 0
    finally:
        rclpy.try_shutdown()
    return 0


def _run(terminal: Terminal, node: KeyboardNode) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    terminal.say(HELP)
    try:
        while not node.done:
            due = time.monotonic() + SEND_PERIOD_S
            node.keyboard.press(terminal.read(), time.monotonic())
            node.send()
            terminal.show(node.line())
            while (left := due - time.monotonic()) > 0.0:
                executor.spin_once(timeout_sec=left)
    finally:
        executor.shutdown(timeout_sec=1.0)
        node.destroy_node()


def _vector(values: NDArray[Any]) -> Vector3:
    x, y, z = values.tolist()
    return Vector3(x=x, y=y, z=z)
