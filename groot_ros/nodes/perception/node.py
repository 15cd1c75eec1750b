"""Cameras and joints in, observations out."""

from __future__ import annotations

from functools import partial

import numpy as np
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import CompressedImage, Image, JointState
from sensor_msgs.msg import Imu as ImuMessage
from std_msgs.msg import Header

from groot_ros.embodiment import Camera, load_embodiment
from groot_ros.msg import Observation, PolicyStatus
from groot_ros.nodes.messages.observations import observation_message, read_imu, read_pixels
from groot_ros.nodes.perception.parameters import PerceptionParams, wanted_images
from groot_ros.nodes.shared.diagnostics import Diagnostics
from groot_ros.nodes.shared.first_message import FirstMessage
from groot_ros.nodes.shared.inputs import InputMonitor
from groot_ros.nodes.shared.lifecycle import run
from groot_ros.nodes.shared.pacing import Pacer, RateMeter, RecentValues
from groot_ros.nodes.shared.parameters import declare_parameters, follow_parameters
from groot_ros.nodes.shared.policy_node import PolicyNode, logged
from groot_ros.nodes.shared.qos import NEWEST, sensor_qos
from groot_ros.nodes.shared.stamps import now, on_backward_jump, seconds
from groot_ros.nodes.shared.status import STATUS_PERIOD_S, Complaints, make_status, report_inputs
from groot_ros.observation import (
    ImageError,
    Refusal,
    RefusalReason,
    StampedImage,
    Synchronizer,
    prepare_image,
)
from groot_ros.observation.images import Pixels

CAMERA_MESSAGES = {'raw': Image, 'compressed': CompressedImage}


class PerceptionNode(PolicyNode):
    """Publishes an observation for each new image, as soon as joints cover it."""

    def __init__(self) -> None:
        super().__init__('perception')
        self._params = declare_parameters(self, PerceptionParams)
        self._complaints = Complaints(self)
        self._diagnostics = Diagnostics(self, self._interfaces.delivery)
        self._active = False
        follow_parameters(self, self._params, self._on_parameters)

    @logged
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Read what the robot has and what the checkpoint asks for; open every interface."""
        try:
            self._embodiment = load_embodiment(self._params.embodiment)
            self._images = wanted_images(self._params, self._embodiment)
        except (OSError, ValueError) as error:
            self.get_logger().fatal(str(error))
            return TransitionCallbackReturn.FAILURE
        cameras = self._embodiment.cameras
        self._synchronizer = Synchronizer(
            [camera.video_key for camera in cameras], self._embodiment.joint_names,
            max_skew=self._params.max_skew_s, max_age=self._params.max_input_age_s)
        self._set_rate()
        self._headers: dict[str, Header] = {}
        self._bad: dict[str, Refusal] = {}
        self._sent, self._latencies = RateMeter(), RecentValues(100)
        self._sequence = self._refused = 0
        self._fresh_image = False
        self._monitors = {name: InputMonitor(name, self._rate) for name in self._open()}
        self._interfaces.on_close(on_backward_jump(self, self._forget).unregister)
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start to send observations."""
        self._active = True
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop to send observations."""
        self._active = False
        return super().on_deactivate(state)

    def _set_rate(self) -> None:
        """Take the rate from the parameters."""
        self._rate = self._params.observation_hz or self._embodiment.rates.observation_hz
        self._pacer = Pacer(self._rate)

    def _on_parameters(self, params: PerceptionParams, _: frozenset[str]) -> None:
        """Follow the live parameters."""
        self._params = params
        if self._interfaces.open:
            self._synchronizer.tune(params.max_skew_s, params.max_input_age_s)
            self._set_rate()
            for monitor in self._monitors.values():
                monitor.wanted = self._rate

    def _open(self) -> list[str]:
        """Create publishers, subscriptions and the status timer; return the inputs' names."""
        robot, qos = self._embodiment, sensor_qos(self._params.step_locked)
        self._observations = self._interfaces.publish(Observation, 'observation', NEWEST)
        self._first = FirstMessage(self._observations)
        self._status = self._interfaces.publish_always(PolicyStatus, '~/status', NEWEST)
        for camera in robot.cameras:
            topic = camera.topic + '/compressed' * (camera.transport == 'compressed')
            self._interfaces.subscribe(
                CAMERA_MESSAGES[camera.transport], topic, partial(self._on_image, camera), qos)
        self._interfaces.subscribe(JointState, robot.joint_state_topic, self._on_joints, qos)
        if robot.imu_topic:
            self._interfaces.subscribe(ImuMessage, robot.imu_topic, self._on_imu, qos)
        self._interfaces.repeat(STATUS_PERIOD_S, self._report)
        imu = [robot.imu_topic] if robot.imu_topic else []
        return [*(camera.topic for camera in robot.cameras), robot.joint_state_topic, *imu]

    def _on_image(self, camera: Camera, message: Image | CompressedImage) -> None:
        """Take a camera image, cut as the policy asks."""
        key, stamp = camera.video_key, seconds(message.header.stamp)
        self._monitors[camera.topic].count(stamp, now(self))
        if self._synchronizer.is_late(key, stamp):
            return
        try:
            pixels = self._cut(key, read_pixels(message))
        except ImageError as error:
            self._refuse(key, Refusal(RefusalReason.BAD_IMAGE, f'{camera.topic}: {error}'))
            return
        self._bad.pop(key, None)
        self._headers[key] = message.header
        jumped = self._synchronizer.on_image(key, StampedImage(pixels, stamp))
        if jumped is not None:
            self._refuse(key, jumped)
        self._fresh_image = True
        self._observe()

    def _cut(self, key: str, pixels: Pixels) -> Pixels:
        """Return the part of an image that the policy asks for; what it does not ask for whole.

        Raises:
            ImageError: If the checkpoint asks for colours and the camera sends depth.
        """
        spec = self._images.get(key)
        is_depth = pixels.dtype != np.uint8
        if is_depth and spec is not None and not self._params.backend:
            raise ImageError(
                f'the camera sends depth, the policy looks at {key} in colour: set its topic in '
                'the embodiment file to that of the colour images')
        if is_depth or spec is None:
            return pixels
        return prepare_image(pixels.astype(np.uint8, copy=False), spec)

    def _on_joints(self, message: JointState) -> None:
        """Take joint states; they may be those that an image was waiting for."""
        topic, stamp = self._embodiment.joint_state_topic, seconds(message.header.stamp)
        self._monitors[topic].count(stamp, now(self))
        refusal = self._synchronizer.on_joints(
            message.name, message.position, message.velocity, stamp)
        if refusal is not None:
            self._refuse(topic, refusal)
            return
        self._bad.pop(topic, None)
        if self._fresh_image:
            self._observe()

    def _on_imu(self, message: ImuMessage) -> None:
        """Take an inertial measurement."""
        imu = read_imu(message)
        self._monitors[self._embodiment.imu_topic or ''].count(imu.stamp, now(self))
        self._synchronizer.on_imu(imu)

    def _observe(self) -> None:
        """Publish an observation if there is a new image, joints cover it and it is due."""
        if not self._active or not self._synchronizer.joints_cover_images:
            return
        time = now(self)
        observed = self._synchronizer.observe(time)
        if isinstance(observed, Refusal):
            return
        self._fresh_image = False
        if not self._params.step_locked and not self._pacer.allows(time):
            return
        self._sequence += 1
        message = observation_message(observed, self._headers, time)
        message.embodiment, message.sequence = self._embodiment.tag, self._sequence
        if self._params.step_locked:
            self._first.wait_for_listener()
        self._observations.publish(message)
        self._sent.count(time)
        self._latencies.add(time - observed.stamp)

    def _refuse(self, source: str, refusal: Refusal) -> None:
        """Remember why an input cannot be used, until it can."""
        self._bad[source] = refusal
        self._refused += 1

    def _forget(self) -> None:
        """Drop what was captured before the clock went back."""
        self._synchronizer.forget()
        self._bad.clear()
        self._sent = RateMeter()
        for monitor in self._monitors.values():
            monitor.forget()

    def _problem(self, time: float) -> Refusal | None:
        """Return why no observation can be made, None if one can or just was."""
        if self._bad:
            return next(iter(self._bad.values()))
        observed = self._synchronizer.observe(time)
        just_sent = self._sent.age(time) < self._params.max_input_age_s
        return observed if isinstance(observed, Refusal) and not just_sent else None

    def _reported_inputs(self) -> list[InputMonitor]:
        """Return the inputs to tell of; inertia, which no policy waits for, once it came."""
        return [monitor for topic, monitor in self._monitors.items()
                if topic != self._embodiment.imu_topic or monitor.stamp is not None]

    def _report(self) -> None:
        """Publish the status."""
        time = now(self)
        problem = self._problem(time)
        reason, text = (problem.reason.name, problem.text) if problem else ('NONE', '')
        state = PolicyStatus.WAITING if problem else PolicyStatus.RUNNING
        message = make_status(self, state if self._active else PolicyStatus.INACTIVE, reason, text)
        report_inputs(message, self._reported_inputs(), time)
        message.output_rate = self._sent.rate(time)
        message.wanted_output_rate = self._rate
        message.latency = self._latencies.quantile(0.5)
        message.refused = self._refused
        self._status.publish(message)
        self._diagnostics.publish(message)
        if self._active:
            self._complaints.tell(message)


def main() -> int:
    """Run perception until it is interrupted."""
    return run(PerceptionNode)
