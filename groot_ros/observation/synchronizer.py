"""The newest image of each camera with the joints of the same moment."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groot_ros.observation.images import Pixels
from groot_ros.observation.joints import JUMP_BACK, JointAssembler, JointSnapshot
from groot_ros.observation.refusal import Refusal, RefusalReason

# Joint states kept to find those of an image's moment: half a second at 250 Hz.
HISTORY = 128
UNSTAMPED = 'its stamp is 0: let its driver stamp it at capture'


@dataclass(frozen=True, slots=True)
class StampedImage:
    """A picture and when it was taken [s]."""

    pixels: Pixels
    stamp: float


@dataclass(frozen=True, slots=True)
class Imu:
    """One inertial measurement in the sensor's frame.

    Attributes:
        stamp: Capture time [s].
        orientation: Quaternion x, y, z, w.
        angular_velocity: [rad/s], shape (3,).
        linear_acceleration: [m/s^2], shape (3,), gravity included.
    """

    stamp: float
    orientation: NDArray[np.float64]
    angular_velocity: NDArray[np.float64]
    linear_acceleration: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Observed:
    """What was there at one moment.

    Attributes:
        images: By video key.
        joints: The joint states nearest to the newest image.
        imu: Newest one, None without the sensor.
    """

    images: Mapping[str, StampedImage]
    joints: JointSnapshot
    imu: Imu | None

    @property
    def stamp(self) -> float:
        """Capture time of the newest input [s]."""
        return max(self.joints.stamp, *(image.stamp for image in self.images.values()))


class Synchronizer:
    """Collects images and joint states and puts those together that belong together.

    Args:
        video_keys: Cameras that an observation must have.
        joint_names: Joints that an observation must have, in the embodiment's order.
        max_skew: How far apart the stamps of images and joints may lie [s].
        max_age: Age from which on an image or a joint is stale [s].
    """

    def __init__(
            self, video_keys: Sequence[str], joint_names: Sequence[str], *, max_skew: float,
            max_age: float) -> None:
        self._keys = tuple(video_keys)
        self._assembler = JointAssembler(joint_names)
        self.tune(max_skew, max_age)
        self.forget()

    def tune(self, max_skew: float, max_age: float) -> None:
        """Allow another skew [s] and age [s] from now on."""
        self._max_skew = max_skew
        self._max_age = max_age

    def forget(self) -> None:
        """Drop everything received, for a clock that jumped back."""
        self._images: dict[str, StampedImage] = {}
        self._history: deque[JointSnapshot] = deque(maxlen=HISTORY)
        self._imu: Imu | None = None
        self._assembler.forget()

    @property
    def joints_cover_images(self) -> bool:
        """Whether joint states as new as the newest image have come."""
        if not self._images or not self._history:
            return False
        newest = max(image.stamp for image in self._images.values())
        return self._history[-1].stamp >= newest

    def is_late(self, video_key: str, stamp: float) -> bool:
        """Return whether a newer picture of the camera is at hand than that of `stamp` [s]."""
        before = self._images.get(video_key)
        return before is not None and before.stamp - JUMP_BACK <= stamp < before.stamp

    def on_image(self, video_key: str, image: StampedImage) -> Refusal | None:
        """Take a picture; one that is late is passed over.

        Returns:
            That the clock jumped back and everything older was dropped, None if all is well.
        """
        if self.is_late(video_key, image.stamp):
            return None
        before = self._images.get(video_key)
        jumped = None
        if before is not None and image.stamp < before.stamp:
            self.forget()
            jumped = Refusal(
                RefusalReason.CLOCK_JUMPED,
                f'images of {video_key} went from {before.stamp:.2f} s back to '
                f'{image.stamp:.2f} s: everything older is dropped')
        self._images[video_key] = image
        return jumped

    def on_joints(
            self, names: Sequence[str], positions: Sequence[float], velocities: Sequence[float],
            stamp: float) -> Refusal | None:
        """Take a joint state message; see `JointAssembler.update`."""
        refusal = self._assembler.update(names, positions, velocities, stamp)
        if refusal is not None and refusal.reason is RefusalReason.CLOCK_JUMPED:
            self._images.clear()
            self._history.clear()
            self._imu = None
        elif refusal is not None:
            return refusal
        snapshot = self._assembler.snapshot()
        if isinstance(snapshot, JointSnapshot):
            self._history.append(snapshot)
        return refusal

    def on_imu(self, imu: Imu) -> None:
        """Take an inertial measurement."""
        self._imu = imu

    def observe(self, now: float) -> Observed | Refusal:
        """Return what was there at the moment of the newest images, or why that is not known."""
        images = self._fresh_images(now)
        if isinstance(images, Refusal):
            return images
        joints = self._joints_near(max(image.stamp for image in images.values()), now)
        if isinstance(joints, Refusal):
            return joints
        return self._skew_problem(images, joints) or Observed(images, joints, self._imu)

    def _fresh_images(self, now: float) -> dict[str, StampedImage] | Refusal:
        for key in self._keys:
            image = self._images.get(key)
            if image is None:
                return Refusal(
                    RefusalReason.NO_IMAGE,
                    f'no image of {key} yet: is the camera running, and is its topic the one of '
                    'the embodiment file?')
            if now - image.stamp > self._max_age:
                return Refusal(
                    RefusalReason.STALE_IMAGE,
                    f'newest image of {key} is {now - image.stamp:.2f} s old, '
                    f'{self._max_age:.2f} s are allowed: '
                    + ('is the camera still running?' if image.stamp else UNSTAMPED))
        return {key: self._images[key] for key in self._keys}

    def _joints_near(self, stamp: float, now: float) -> JointSnapshot | Refusal:
        if isinstance(newest := self._assembler.snapshot(), Refusal):
            return newest
        if now - newest.stamp > self._max_age:
            oldest_joint = self._assembler.name_of(int(newest.stamps.argmin()))
            return Refusal(
                RefusalReason.STALE_STATE,
                f"joint '{oldest_joint}' is {now - newest.stamp:.2f} s old, "
                f'{self._max_age:.2f} s are allowed: '
                + ('does its driver still publish?' if newest.stamp else UNSTAMPED))
        return min(self._history, key=lambda snapshot: abs(snapshot.stamp - stamp))

    def _skew_problem(
            self, images: Mapping[str, StampedImage], joints: JointSnapshot) -> Refusal | None:
        stamps = {key: image.stamp for key, image in images.items()}
        stamps['joint states'] = joints.stamp
        first, last = min(stamps, key=stamps.__getitem__), max(stamps, key=stamps.__getitem__)
        skew = stamps[last] - stamps[first]
        if skew <= self._max_skew:
            return None
        return Refusal(
            RefusalReason.SKEWED_INPUTS,
            f'{first} is {skew:.3f} s older than {last}, {self._max_skew:.3f} s are allowed: do '
            'the sensors share one clock and stamp at capture?')
