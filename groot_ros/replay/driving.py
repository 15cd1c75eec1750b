"""A bag as a sequence of control ticks: what the policy is given in each. No rclpy."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from heapq import merge
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groot_ros.data.bags import Bag, BagError
from groot_ros.data.datasets.stamps import stamp_of
from groot_ros.observation import JointAssembler, Refusal
from groot_ros.replay.recording import Recording, Sensed, header_stamp

SLACK = 0.45
"""How much too early a joint state may be for its tick, in periods: sensors are not punctual."""

OTHER_CLOCK_S = 10.0
"""Further apart than this are only different clocks [s]."""


class Tick(NamedTuple):
    """One control tick of a replay.

    Attributes:
        stamp_ns: Capture time of the joint states, which is the time of the tick [ns].
        positions: Of every joint in the embodiment's order [rad], shape (num_joints,).
        velocities: [rad/s], shape (num_joints,), NaN where the robot does not report it.
        others: Images and inertial measurements captured since the tick before.
        instruction: What the robot is told before this tick, None if nothing new.
        is_reset: Whether the robot was put into another scene since the tick before; whoever does
            that lets the controller forget, and then tells the robot what to do.
    """

    stamp_ns: int
    positions: NDArray[np.float64]
    velocities: NDArray[np.float64]
    others: tuple[Sensed, ...]
    instruction: str | None
    is_reset: bool


class TickGrid:
    """Picks joint states at the control rate, whatever the rate they were recorded at.

    Args:
        rate: Of the ticks [Hz].
    """

    def __init__(self, rate: float) -> None:
        self._period = round(1e9 / rate)
        self._slack = round(SLACK * self._period)
        self._due: int | None = None

    def takes(self, stamp_ns: int) -> bool:
        """Return whether joint states captured at `stamp_ns` [ns] make a tick."""
        early = 0 if self._due is None else self._due - stamp_ns
        if early > self._slack:
            return False
        on_schedule = self._due is not None and abs(early) <= self._slack
        self._due = self._period + (self._due if on_schedule and self._due else stamp_ns)
        return True


def ticks(recording: Recording) -> Iterator[Tick]:
    """Yield the control ticks of a recording in the order of capture.

    Joint states that share the joints out come as one. What cannot be read as joint states is
    passed over, as the policy does.

    Raises:
        BagError: If the bag is damaged, or the clock of a sensor ran backwards.
    """
    robot = recording.robot
    grid, joints = TickGrid(robot.rates.control_hz), JointAssembler(robot.joint_names)
    instructions, resets = deque(recording.instructions), deque(recording.resets)
    others: list[Sensed] = []
    for stamp_ns, _, sensed in merge(_joint_states(recording), *_others(recording),
                                     key=lambda each: each[:2]):
        if isinstance(sensed, Sensed):
            others.append(sensed)
            continue
        joints.update(sensed.name, sensed.position, sensed.velocity, stamp_ns * 1e-9)
        snapshot = joints.snapshot()
        if isinstance(snapshot, Refusal) or not grid.takes(stamp_ns):
            continue
        told, is_reset = None, False
        while instructions and instructions[0].stamp_ns <= stamp_ns:
            told = instructions.popleft().text
        while resets and resets[0] <= stamp_ns:
            resets.popleft()
            is_reset = True
        yield Tick(stamp_ns, snapshot.positions, snapshot.velocities, tuple(others), told,
                   is_reset)
        others.clear()


def received(recording: Recording, topics: Collection[str]) -> Iterator[tuple[int, Sensed]]:
    """Yield the messages of some sensors with their times of reception [ns], in that order.

    Raises:
        BagError: If the bag is damaged, or was not recorded on the clock of the sensors.
    """
    with Bag(recording.folder) as bag:
        for topic, received_ns, cdr in bag.serialized(topics):
            sensed = Sensed(topic, header_stamp(cdr), cdr)
            apart = abs(received_ns - sensed.stamp_ns) * 1e-9
            if apart > OTHER_CLOCK_S:
                raise BagError(
                    f'{recording.folder}: {topic} was received {apart:.1f} s away from its stamp: '
                    'record with use_sim_time:=true where the robot is simulated, or replay with '
                    'mode:=exact, which goes by the stamps alone')
            yield received_ns, sensed


def _joint_states(recording: Recording) -> Iterator[tuple[int, int, Any]]:
    newest = 0
    with Bag(recording.folder) as bag:
        for _, _, message in bag.messages([recording.joint_states]):
            stamp = stamp_of(message)
            if stamp < newest:
                raise BagError(
                    f'{recording.folder}: the clock of {recording.joint_states} goes back from '
                    f'{newest * 1e-9:.3f} s to {stamp * 1e-9:.3f} s: replay what lies before and '
                    'after on its own')
            newest = stamp
            yield stamp, 1, message  # after the image of the same moment


def _others(recording: Recording) -> Iterator[Iterator[tuple[int, int, Sensed]]]:
    topics = [*recording.images.values()]
    imu = recording.robot.imu_topic
    if imu is not None and recording.has(imu):
        topics.append(recording.topic(imu))
    for topic in topics:
        yield ((sensed.stamp_ns, 0, sensed) for sensed in recording.sensed(topic))
