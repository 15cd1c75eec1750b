"""A Unitree G1 that goes where it is told, at 120 Hz, and the person who leads its hand."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np
from mink import SE3, SO3

from groot_ros.control import Hold
from groot_ros.embodiment import load_embodiment
from groot_ros.teleoperation.clutch import Clutch
from groot_ros.teleoperation.guides import Guide, PoseGuide
from groot_ros.teleoperation.session import Session, SessionSettings

ROBOT = load_embodiment('unitree_g1')
TICK = 1.0 / ROBOT.rates.control_hz


class Operator:
    """A robot that follows exactly, and the person who leads it.

    Attributes:
        session: What is tested.
        commands: Positions sent so far [rad].
        pose: What the device of the right hand sends with every tick; None sends nothing.
        engaged: The clutch; None reports nothing.
    """

    def __init__(self, model: mujoco.MjModel, guides: Mapping[str, Guide]) -> None:
        self.guides = guides
        self.clutch = Clutch(0.5, 'the device')
        self.session = Session(ROBOT, guides, self.clutch, SessionSettings())
        self.session.on_model(model)
        self.joints = ROBOT.home.copy()
        self.commands: list[np.ndarray] = []
        self.now = 100.0
        self.engaged: bool | None = True
        self.pose: SE3 | None = None
        self.reporting = True

    def run(self, seconds: float) -> Hold | None:
        """Run ticks; returns why the robot rests after the last."""
        for _ in range(round(seconds / TICK)):
            self.tick()
        return self.session.hold(self.now)

    def tick(self) -> None:
        self.now += TICK
        if self.reporting:
            self.session.on_state(self.joints, self.now)
        if self.engaged is not None:
            self.session.on_clutch(self.engaged, self.now)
        if self.pose is not None:
            self.send(self.pose)
        command = self.session.tick(self.now)
        if command is not None:
            self.joints = command.positions.copy()
            self.commands.append(self.joints)

    def send(self, pose: SE3, hand: str = 'right') -> None:
        guide = self.guides[hand]
        assert isinstance(guide, PoseGuide)
        self.session.guide(hand, lambda: guide.update(pose, self.now))

    @property
    def hand(self) -> SE3:
        return self.session.poses()['right']


def moved(pose: SE3, x: float = 0.0, y: float = 0.0, z: float = 0.0, turn: float = 0.0) -> SE3:
    """Return a pose displaced [m] and turned about the vertical [rad]."""
    return SE3.from_rotation_and_translation(
        SO3.from_z_radians(turn) @ pose.rotation(), pose.translation() + (x, y, z))
