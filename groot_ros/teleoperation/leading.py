"""Joint targets of the hands that a person leads."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np
from mink import SE3
from numpy.typing import NDArray

from groot_ros.control import Hold, HoldReason
from groot_ros.embodiment import Embodiment
from groot_ros.teleoperation.errors import TeleoperationError
from groot_ros.teleoperation.fingers import Fingers
from groot_ros.teleoperation.guides import Guide
from groot_ros.teleoperation.inverse_kinematics import InverseKinematics
from groot_ros.teleoperation.reach import Reach

Array = NDArray[np.float64]

NO_MODEL = Hold(
    HoldReason.NO_DESCRIPTION,
    'no robot_description: is robot_state_publisher running, in this namespace?')


class Leading:
    """Which hands are led, and where that brings the joints; not thread-safe.

    Args:
        robot: The embodiment, with hands.
        guides: What leads each hand, by its name.
        max_velocity: Highest speed of a joint that carries a hand [rad/s].
        grip_time: Of the fingers from open to closed [s].
        tick: Time from one step to the next [s].
    """

    def __init__(
        self, robot: Embodiment, guides: Mapping[str, Guide], *, max_velocity: float,
        grip_time: float, tick: float,
    ) -> None:
        self._robot, self._guides = robot, guides
        self._max_velocity, self._tick = max_velocity, tick
        self._fingers = {
            hand.name: Fingers(robot, hand, grip_time, tick) for hand in robot.hands}
        self._reach = {hand.name: Reach(hand.name) for hand in robot.hands}
        self._kinematics: InverseKinematics | None = None
        self._model_problem = NO_MODEL
        self._led: set[str] = set()
        self._joints = robot.home.copy()

    def on_model(self, model: mujoco.MjModel) -> None:
        """Take the robot's kinematics; from then on hands can be led."""
        self._kinematics = InverseKinematics(model, self._robot, self._max_velocity, self._tick)

    def on_no_model(self, why: str) -> None:
        """Note why the robot's description cannot be used."""
        self._model_problem = Hold(HoldReason.NO_DESCRIPTION, why)

    def check_model(self) -> Hold | None:
        """Return why no hand can be led at all, None once the kinematics are known."""
        return self._model_problem if self._kinematics is None else None

    def check_guides(self, now: float) -> Hold | None:
        """Return why a led hand cannot be led on at `now` [s], or why none can be led."""
        holds = [self._guides[name].check(now) for name in sorted(self._led or self._guides)]
        if not self._led and None in holds:
            return None
        said = [hold for hold in holds if hold is not None]
        return next(
            (hold for hold in said if hold.reason is not HoldReason.NO_TARGET),
            said[0] if said else None)

    def begin(self, joints: Array) -> None:
        """Start from joint positions [rad], shape (num_joints,), with no hand led."""
        self._kinematics_known.reset(joints)
        self._joints = joints.copy()
        self._led.clear()
        for reach in self._reach.values():
            reach.forget()

    def step(self, now: float) -> Array:
        """Move one tick; returns where the joints shall be [rad], shape (num_joints,).

        Raises:
            TeleoperationError: If a hand that a device leads from now on cannot be led.
        """
        kinematics = self._kinematics_known
        self._engage(kinematics, now)
        targets = {
            name: self._guides[name].target(now, kinematics.pose(name)) for name in self._led}
        if targets:
            kinematics.step(targets)
            kinematics.write(self._joints)
        for name, target in targets.items():
            self._reach[name].update(kinematics.miss(name, target), now)
        for fingers in self._fingers.values():
            fingers.step(self._joints)
        return self._joints

    def grip(self, hand: str, grip: float | None) -> None:
        """Take a grip of a hand, from 0, open, to 1, closed; None opens or closes it in turn.

        Raises:
            TeleoperationError: If it is no number, or the hand has no fingers.
        """
        fingers = self._fingers[hand]
        fingers.update(float(not fingers.closed) if grip is None else grip)

    def let_go(self) -> None:
        """Lead no hand until its guide is engaged anew."""
        for guide in self._guides.values():
            guide.release()
        self._led.clear()

    def forget(self) -> None:
        """Drop what devices sent, as when the clock jumped."""
        for guide in self._guides.values():
            guide.forget()
        self._led.clear()

    def forget_grips(self) -> None:
        """Leave the fingers where they are until the next grip."""
        for fingers in self._fingers.values():
            fingers.forget()

    def poses(self, joints: Array | None) -> dict[str, SE3]:
        """Return where the hands are in the base frame, empty while the kinematics are unknown.

        Args:
            joints: Where to look [rad], shape (num_joints,); None where they are led to.
        """
        if self._kinematics is None:
            return {}
        if joints is not None:
            self._kinematics.reset(joints)
        return {hand.name: self._kinematics.pose(hand.name) for hand in self._robot.hands}

    def short_of(self) -> Hold | None:
        """Return which hand does not get to where it is led, None if all do."""
        holds = (self._reach[name].check() for name in sorted(self._led))
        return next((hold for hold in holds if hold is not None), None)

    @property
    def _kinematics_known(self) -> InverseKinematics:
        assert self._kinematics is not None, 'ask check_model first'
        return self._kinematics

    def _engage(self, kinematics: InverseKinematics, now: float) -> None:
        """Begin to lead the hands whose devices have begun to speak."""
        for name, guide in self._guides.items():
            if name not in self._led and guide.leads and guide.check(now) is None:
                try:
                    guide.engage(kinematics.pose(name))
                except TeleoperationError as error:
                    raise TeleoperationError(f'{name} hand: {error}') from None
                self._led.add(name)
