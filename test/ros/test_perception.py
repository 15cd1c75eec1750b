"""Perception over real topics, with sensors that the tests drive."""

from __future__ import annotations

import array
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml
from conftest import SIZE, Graph
from numpy.typing import NDArray
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image, Imu, JointState
from small_system1 import EMBODIMENT
from std_msgs.msg import Header

from groot_ros.embodiment import known_embodiments
from groot_ros.msg import Observation, PolicyStatus
from groot_ros.nodes.messages.observations import image_message, read_images
from groot_ros.nodes.perception.node import PerceptionNode
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at

PERIOD_S = 0.05


def write_robot(folder: Path, **camera: str) -> str:
    """Write a G1 with another camera, and return the file."""
    robot = yaml.safe_load(known_embodiments()['unitree_g1'].read_text())
    robot['cameras']['head'].update(camera)
    file = folder / 'unitree_g1.yaml'
    file.write_text(yaml.safe_dump(robot, sort_keys=False))
    return str(file)


class Sensors:
    """A camera and joints for one perception node."""

    def __init__(self, graph: Graph, image_type: type = Image, topic: str = '') -> None:
        self.graph = graph
        self._send_image = graph.speak(image_type, topic or EMBODIMENT.cameras[0].topic, 5)
        self._send_joints = graph.speak(JointState, 'joint_states', 5)
        self.observations = graph.listen(Observation, 'observation', NEWEST)
        self.status = graph.listen(PolicyStatus, 'perception/status', NEWEST)

    def header(self, age: float = 0.0) -> Header:
        """Return a header stamped `age` [s] ago."""
        return Header(stamp=stamp_at(now(self.graph.peer) - age), frame_id='head_camera')

    def send_image(self, message: Any) -> None:
        """Send a camera message."""
        self._send_image(message)

    def send_joints(
        self, names: tuple[str, ...] = EMBODIMENT.joint_names, age: float = 0.0,
        value: float | None = None,
    ) -> None:
        """Send the place of each joint in the embodiment's order as its position."""
        places = [EMBODIMENT.joint_names.index(name) / 100 for name in names]
        message = JointState(header=self.header(age), name=list(names))
        message.position = places if value is None else [value] * len(names)
        self._send_joints(message)

    def wait_for(self, reason: int, send: Callable[[], object] = lambda: None) -> PolicyStatus:
        """Send, again and again as sensors do, until perception reports a reason."""
        self.send_until(
            send, lambda: bool(self.status) and self.status[-1].reason == reason,
            lambda: f'reason {reason} not reported, newest is {self.status[-1:]}')
        return self.status[-1]

    def wait_for_observation(self, send: Callable[[], object]) -> Observation:
        """Send, again and again as sensors do, until the next observation."""
        before = len(self.observations)
        self.send_until(send, lambda: len(self.observations) > before, 'no observation')
        return self.observations[-1]

    def send_until(
        self, send: Callable[[], object], condition: Callable[[], bool],
        failure: str | Callable[[], str],
    ) -> None:
        """Send at a rate that perception can follow: a full queue would drop what it pleases."""
        due = time.monotonic()

        def holds() -> bool:
            nonlocal due
            if time.monotonic() >= due:
                due = time.monotonic() + PERIOD_S
                send()
            return condition()

        self.graph.wait_until(holds, failure)

    def see(self, image: Any) -> Observation:
        """Return the observation of a camera message that shows the present, with all joints."""
        def send() -> None:
            image.header = self.header()
            self.send_image(image)
            self.send_joints()

        return self.wait_for_observation(send)


@pytest.fixture
def start(make_graph: Callable[..., Graph], checkpoint: Path) -> Callable[..., Graph]:
    """Start perception with the given parameters; unless a test is about it, nothing is late."""
    def start_perception(**parameters: Any) -> Graph:
        patient = {'max_input_age_s': 10.0, 'max_skew_s': 1.0}
        graph = make_graph(checkpoint=str(checkpoint), **patient | parameters)
        graph.start(PerceptionNode())
        return graph
    return start_perception


def picture() -> NDArray[np.uint8]:
    """Return 32 x 24 pixels, red in the upper left quarter, else black."""
    pixels = np.zeros((24, 32, 3), np.uint8)
    pixels[:12, :16] = (255, 0, 0)
    return pixels


def test_an_observation_has_the_cropped_image_and_the_ordered_joints(
    start: Callable[..., Graph],
) -> None:
    sensors = Sensors(start())
    taken: list[Header] = []

    def send() -> None:
        taken.append(sensors.header())
        sensors.send_image(image_message(picture(), taken[-1]))
        sensors.send_joints(tuple(reversed(EMBODIMENT.joint_names)))

    observation = sensors.wait_for_observation(send)
    expected = np.broadcast_to(np.array([255, 0, 0], np.uint8), (SIZE[1], SIZE[0], 3))
    np.testing.assert_array_equal(read_images(observation)['ego_view'], expected)
    assert observation.images[0].header in taken
    np.testing.assert_allclose(observation.state, np.arange(31) / 100, atol=1e-6)
    assert np.isnan(observation.state_velocity).all()


def test_joints_may_come_in_several_messages(start: Callable[..., Graph]) -> None:
    sensors = Sensors(start())
    first, rest = EMBODIMENT.joint_names[:10], EMBODIMENT.joint_names[10:]

    def send(*parts: tuple[str, ...]) -> None:
        sensors.send_image(image_message(picture(), sensors.header()))
        for names in parts:
            sensors.send_joints(names)

    sensors.send_until(
        lambda: send(first),
        lambda: bool(sensors.status) and f'for {rest[0]}' in sensors.status[-1].text,
        'it is not said which joints are missing')
    assert sensors.status[-1].reason == PolicyStatus.NO_STATE
    observation = sensors.wait_for_observation(lambda: send(rest, first))
    np.testing.assert_allclose(observation.state, np.arange(31) / 100, atol=1e-6)


@pytest.mark.parametrize(('encoding', 'pixels', 'seen'), [
    ('bgr8', picture()[:, :, ::-1], (255, 0, 0)),
    ('mono8', np.full((24, 32), 9, np.uint8), (9, 9, 9)),
])
def test_other_encodings_become_rgb(
    start: Callable[..., Graph], encoding: str, pixels: NDArray[np.uint8],
    seen: tuple[int, int, int],
) -> None:
    sensors = Sensors(start())
    pixels = np.ascontiguousarray(pixels)
    observation = sensors.see(Image(
        header=sensors.header(), height=24, width=32, encoding=encoding, step=pixels[0].nbytes,
        data=array.array('B', pixels.tobytes())))
    image = read_images(observation)['ego_view']
    assert tuple(image[0, 0]) == seen


def test_a_compressed_camera_is_decoded(start: Callable[..., Graph], tmp_path: Path) -> None:
    graph = start(embodiment=write_robot(tmp_path, transport='compressed'))
    sensors = Sensors(graph, CompressedImage, EMBODIMENT.cameras[0].topic + '/compressed')
    _, png = cv2.imencode('.png', picture()[:, :, ::-1])
    observation = sensors.see(CompressedImage(
        header=sensors.header(), format='png', data=array.array('B', png.tobytes())))
    image = read_images(observation)['ego_view']
    assert tuple(image[0, 0]) == (255, 0, 0)


def test_the_newest_inertial_measurement_goes_along(start: Callable[..., Graph]) -> None:
    sensors = Sensors(start())
    imu = Imu(header=sensors.header())
    imu.linear_acceleration.z = 9.81
    measure = sensors.graph.speak(Imu, 'imu', 5)

    def carried() -> bool:
        measure(imu)
        return bool(sensors.see(image_message(picture(), sensors.header())).imu)

    sensors.graph.wait_until(carried, 'no inertial measurement')
    assert sensors.observations[-1].imu[0].linear_acceleration.z == 9.81


def test_an_inertial_sensor_that_is_not_there_is_not_missed(start: Callable[..., Graph]) -> None:
    sensors = Sensors(start())
    sensors.graph.wait_until(lambda: sensors.status, 'no status')
    assert [each.name for each in sensors.status[-1].inputs] == [
        EMBODIMENT.cameras[0].topic, EMBODIMENT.joint_state_topic]


def test_an_unreadable_image_is_refused_with_its_topic(start: Callable[..., Graph]) -> None:
    sensors = Sensors(start())
    message = image_message(picture(), sensors.header())
    message.encoding = 'bayer_rggb8'
    status = sensors.wait_for(PolicyStatus.BAD_IMAGE, lambda: sensors.send_image(message))
    assert EMBODIMENT.cameras[0].topic in status.text
    assert 'bayer_rggb8' in status.text
    assert not sensors.observations


def test_depth_is_refused_where_the_policy_looks_at_colours(start: Callable[..., Graph]) -> None:
    sensors = Sensors(start())
    message = image_message(np.full((24, 32), 900, np.uint16), sensors.header())
    text = sensors.wait_for(PolicyStatus.BAD_IMAGE, lambda: sensors.send_image(message)).text
    assert EMBODIMENT.cameras[0].topic in text
    assert 'sends depth' in text
    assert not sensors.observations


def test_an_image_that_comes_late_changes_nothing(start: Callable[..., Graph]) -> None:
    sensors = Sensors(start())
    taken: list[Header] = []

    def send() -> None:
        taken.append(sensors.header())
        sensors.send_image(image_message(picture(), taken[-1]))
        sensors.send_image(image_message(picture(), sensors.header(age=0.5)))
        sensors.send_joints()

    sensors.send_until(send, lambda: len(sensors.observations) >= 3, 'no observations')
    assert all(observation.images[0].header in taken for observation in sensors.observations)


def test_a_camera_whose_clock_goes_back_is_reported(start: Callable[..., Graph]) -> None:
    sensors = Sensors(start())

    def send() -> None:
        for age in (0.0, 5.0):
            sensors.send_image(image_message(picture(), sensors.header(age)))

    assert 'ego_view went from' in sensors.wait_for(PolicyStatus.CLOCK_JUMPED, send).text


def test_after_a_backward_jump_of_the_clock_nothing_is_left_of_before(
    start: Callable[..., Graph],
) -> None:
    graph = start(use_sim_time=True)
    assert graph.peer.set_parameters([Parameter('use_sim_time', value=True)])[0].successful
    sensors, tick = Sensors(graph), graph.speak(Clock, '/clock', 1)

    def send() -> None:
        tick(Clock(clock=stamp_at(100.0)))
        sensors.send_image(image_message(picture(), sensors.header()))
        sensors.send_joints()

    sensors.wait_for_observation(send)
    reported = len(sensors.status)
    graph.wait_until(  # so that no image is still on its way
        lambda: len(sensors.status) > reported + 10, 'no status')

    def waits() -> bool:
        newest = sensors.status[-1]
        return newest.header.stamp.sec == 5 and newest.reason == PolicyStatus.NO_IMAGE

    sensors.send_until(
        lambda: tick(Clock(clock=stamp_at(5.0))), waits, 'it goes by what it saw before')
    assert sensors.status[-1].state == PolicyStatus.WAITING
    assert sensors.status[-1].output_rate == 0.0


def test_a_position_that_is_no_number_is_refused(start: Callable[..., Graph]) -> None:
    sensors = Sensors(start())
    status = sensors.wait_for(
        PolicyStatus.BAD_STATE, lambda: sensors.send_joints(value=float('nan')))
    assert EMBODIMENT.joint_names[0] in status.text


def test_inputs_of_different_times_make_no_observation(start: Callable[..., Graph]) -> None:
    sensors = Sensors(start(max_skew_s=0.05))
    image = image_message(picture(), sensors.header(age=0.5))
    sensors.wait_for(
        PolicyStatus.SKEWED_INPUTS, lambda: (sensors.send_image(image), sensors.send_joints()))
    assert not sensors.observations


def test_a_camera_that_stops_is_reported_and_may_come_back(start: Callable[..., Graph]) -> None:
    sensors = Sensors(start(max_input_age_s=2.0))
    sensors.see(image_message(picture(), sensors.header()))
    sensors.wait_for(PolicyStatus.STALE_IMAGE)
    sensors.see(image_message(picture(), sensors.header()))


def test_images_faster_than_the_rate_are_skipped(start: Callable[..., Graph]) -> None:
    sensors = Sensors(start(observation_hz=2.0))

    def send() -> bool:
        sensors.send_image(image_message(picture(), sensors.header()))
        sensors.send_joints()
        return len(sensors.observations) >= 3

    sensors.graph.wait_until(send, 'no observations')
    stamps = [o.header.stamp.sec + 1e-9 * o.header.stamp.nanosec for o in sensors.observations]
    assert stamps[2] - stamps[0] > 0.7
