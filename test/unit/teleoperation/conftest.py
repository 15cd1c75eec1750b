"""A robot's kinematics, and people who lead it."""

from __future__ import annotations

from collections.abc import Callable

import mujoco
import pytest
from led_robot import ROBOT, TICK, Operator

from groot_ros.simulation.urdf import robot_description
from groot_ros.teleoperation.guides import GuideSettings, JogGuide, PoseGuide
from groot_ros.teleoperation.model import read_model


@pytest.fixture(scope='session')
def urdf() -> str:
    return robot_description()


@pytest.fixture(scope='session')
def model(urdf: str) -> mujoco.MjModel:
    return read_model(urdf, ROBOT)


@pytest.fixture
def lead(model: mujoco.MjModel) -> Callable[..., Operator]:
    """Make operators who lead by poses."""
    def make(**settings: float | bool) -> Operator:
        chosen = GuideSettings(**settings)  # type: ignore[arg-type]
        return Operator(model, {
            hand.name: PoseGuide(f'{hand.name}/target_pose', chosen) for hand in ROBOT.hands})

    return make


@pytest.fixture
def jog(model: mujoco.MjModel) -> Operator:
    """Return an operator who pushes."""
    return Operator(model, {hand.name: JogGuide(0.2, 1.0, TICK) for hand in ROBOT.hands})
