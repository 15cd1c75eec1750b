"""Disturbances of the expert: they show the policy how to come back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groot_ros.simulation.expert import ScriptedExpert
from groot_ros.simulation.kinematics import CHAIN_INDICES, HandKinematics, tilted
from groot_ros.simulation.robot import JOINTS
from groot_ros.simulation.scenario import TABLE_HEIGHT, all_goals
from groot_ros.simulation.timing import CONTROL_HZ, steps_until
from groot_ros.simulation.world import TabletopWorld

Array = NDArray[np.float64]

DISPLACED_START = 0.25
"""Fraction of the episodes that start with the hand anywhere over the table."""
OTHER_GOAL = 0.25
"""Fraction of the episodes in which the hand first pursues another goal."""
STRAYING = 0.5
"""Fraction of the episodes in which the hand is led astray once."""
NOISE_DEVIATION = 0.008
"""Of the joint noise of arm and waist [rad]."""
NOISE_TIME = 0.25
"""Over which that noise is correlated [s]."""
_START_AREA = ((0.22, -0.32, TABLE_HEIGHT + 0.14), (0.42, 0.12, TABLE_HEIGHT + 0.28))


class Disturbance:
    """What goes wrong in one episode, drawn from `rng`."""

    def __init__(self, world: TabletopWorld, rng: np.random.Generator) -> None:
        self.is_straying = False
        self._world = world
        self._rng = rng
        self._noise: Array = np.zeros(len(CHAIN_INDICES))
        self._stray_tick = (int(rng.uniform(0.2, 3.5) * CONTROL_HZ)
                            if rng.random() < STRAYING else -1)

    def unsettle(self) -> None:
        """Start some episodes with the hand elsewhere, or on its way to another goal."""
        choice = self._rng.random()
        if choice < DISPLACED_START:
            self._displace_hand()
        elif choice < DISPLACED_START + OTHER_GOAL:
            self._pursue_another_goal()

    def _displace_hand(self) -> None:
        position = self._rng.uniform(*_START_AREA)
        rotation = tilted(*np.deg2rad(self._rng.uniform((15, -65), (45, 0))))
        kinematics = HandKinematics(self._world)
        joints = self._world.targets.copy()
        kinematics.set_joints(joints)
        for _ in range(100):
            joints[CHAIN_INDICES] = kinematics.move(position, rotation)
        self._world.teleport(joints)

    def _pursue_another_goal(self) -> None:
        """Follow the expert to another block, at most until the hand meets one."""
        scenario = self._world.scenario
        goals = [goal for goal in all_goals(scenario)
                 if goal.target_block != scenario.target_block]
        if not goals:
            return
        expert = ScriptedExpert(self._world, goals[self._rng.integers(len(goals))])
        end = self._rng.uniform(0.1, 1.0) * expert.duration * CONTROL_HZ
        tick = 0
        while tick < end and not self._world.touched_blocks():
            self._world.set_targets(expert.act() + self.noise())
            self._world.step(steps_until(tick + 1) - steps_until(tick))
            tick += 1

    def act(self, expert: ScriptedExpert, tick: int) -> None:
        """Lead the expert astray when its time has come, and let it replan afterwards."""
        if tick == self._stray_tick and not expert.done:
            offset = self._rng.normal(size=3)
            offset *= self._rng.uniform(0.02, 0.06) / np.linalg.norm(offset)
            expert.stray(offset, self._rng.uniform(0.3, 0.45))
            self.is_straying = True
        elif self.is_straying and expert.done:
            expert.replan()
            self.is_straying = False

    def noise(self) -> Array:
        """Return the next joint noise [rad], shape (31,): an Ornstein-Uhlenbeck process."""
        keep = np.exp(-1 / (NOISE_TIME * CONTROL_HZ))
        fresh = NOISE_DEVIATION * np.sqrt(1 - keep**2)
        self._noise = keep * self._noise + fresh * self._rng.normal(size=len(CHAIN_INDICES))
        noise = np.zeros(len(JOINTS))
        noise[CHAIN_INDICES] = self._noise
        return noise
