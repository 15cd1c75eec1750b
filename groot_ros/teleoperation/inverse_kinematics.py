"""Joints that bring hands to poses: mink's differential inverse kinematics on MuJoCo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import mink
import mujoco
import numpy as np
from mink import SE3
from numpy.typing import NDArray

from groot_ros.embodiment import Embodiment, Hand
from groot_ros.teleoperation.model import carrying_joints
from groot_ros.teleoperation.poses import angle, distance

Array = NDArray[np.float64]

ANGLE_WEIGHT = 0.15
"""Metres that one radian of orientation error counts as."""
RELUCTANCE = 0.01
"""Metres of error that one radian of a joint of a hand's first group counts as."""
LATER = 10.0
"""How much more each later group counts."""
POSTURE = 0.1
"""What a radian away from home counts as, relative to a radian of motion: the elbow drifts home
within seconds, and the joints come to depend on the hand's pose, not on its path."""
DISTANT = 1.0
"""Damping in proportion to the squared error: steadies the way to what is out of reach."""


class Miss(NamedTuple):
    """How far a hand is from where it shall be: [m] and [rad]."""

    position: float
    angle: float


class InverseKinematics:
    """Moves its own joints towards poses of the hands, a tick at a time.

    Where a pose cannot be reached the joints end where the weighted error is least.
    Poses are given in the robot's base frame, which is the model's world.

    Args:
        model: As `read_model` returns it.
        robot: The embodiment.
        max_velocity: Highest speed of a joint, besides the embodiment's own limit [rad/s].
        tick: Time from one step to the next [s].
    """

    def __init__(
        self, model: mujoco.MjModel, robot: Embodiment, max_velocity: float, tick: float
    ) -> None:
        names = carrying_joints(robot)
        self._columns = robot.indices(names)
        self._places = np.array([model.joint(name).qposadr[0] for name in names])
        self._range = robot.lower[self._columns], robot.upper[self._columns]
        self._tick = tick
        self._configuration = mink.Configuration(model)
        self._tasks = {hand.name: _task(hand) for hand in robot.hands}
        self._frozen = {hand.name: _other_joints(model, robot, hand) for hand in robot.hands}
        cost = _reluctance(model, robot)
        home = mink.PostureTask(model, POSTURE * cost)
        home.set_target(self._in_model(robot.home))
        self._habits = [home, mink.DampingTask(model, cost)]
        speeds = np.minimum(robot.max_velocity[self._columns], max_velocity)
        self._limits = [
            mink.ConfigurationLimit(model),
            mink.VelocityLimit(model, dict(zip(names, speeds.tolist(), strict=True)))]
        self.moved = 0.0

    def reset(self, joints: Array) -> None:
        """Start from joint positions [rad], shape (num_joints,), in the embodiment's order."""
        self._configuration.update(self._in_model(joints))
        self.moved = 0.0

    def pose(self, hand: str) -> SE3:
        """Return where a hand's grasp point is, in the base frame."""
        return self._configuration.get_transform_frame_to_world(hand, 'site')

    def step(self, targets: Mapping[str, SE3]) -> None:
        """Move one tick towards poses of hands; what carries no other hand stays."""
        for name, pose in targets.items():
            self._tasks[name].set_target(pose)
        frozen = set.intersection(*(self._frozen[name] for name in targets))
        held = [mink.DofFreezingTask(self._configuration.model, sorted(frozen))] if frozen else []
        try:
            velocity = mink.solve_ik(
                self._configuration, [*(self._tasks[name] for name in targets), *self._habits],
                self._tick, 'daqp', limits=self._limits, constraints=held)
        except mink.NoSolutionFound:
            velocity = np.zeros(self._configuration.nv)  # stays: the hand is then out of reach
        self._configuration.integrate_inplace(velocity, self._tick)
        self.moved = float(np.abs(velocity).max())

    def miss(self, hand: str, target: SE3) -> Miss:
        """Return how far a hand is from a pose."""
        reached = self.pose(hand)
        return Miss(distance(reached, target), angle(reached, target))

    def write(self, joints: Array) -> None:
        """Write the positions of the joints that carry hands into those of all [rad]."""
        joints[self._columns] = self._configuration.q[self._places]

    def _in_model(self, joints: Array) -> Array:
        positions = np.zeros(self._configuration.model.nq)
        positions[self._places] = np.clip(joints[self._columns], *self._range)
        return positions


def _task(hand: Hand) -> mink.FrameTask:
    return mink.FrameTask(
        hand.name, 'site', position_cost=1.0, orientation_cost=ANGLE_WEIGHT, lm_damping=DISTANT)


def _reluctance(model: mujoco.MjModel, robot: Embodiment) -> Array:
    cost = np.zeros(model.nv)
    for hand in robot.hands:
        for place, group in enumerate(hand.groups):
            for name in robot.groups[group]:
                cost[model.joint(name).dofadr[0]] = RELUCTANCE * LATER**place
    return cost


def _other_joints(model: mujoco.MjModel, robot: Embodiment, hand: Hand) -> set[int]:
    own = {name for group in hand.groups for name in robot.groups[group]}
    return {
        int(model.joint(name).dofadr[0]) for name in carrying_joints(robot) if name not in own}
