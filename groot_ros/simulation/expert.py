"""The scripted expert: the hand's way for every task, and the joint targets for it.

A policy that sees one image and the joints has no memory, so the motion keeps its state in
what can be seen. A closed hand has grasped, and in a push the thumb's twist tells how far the
block has been pushed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from groot_ros.simulation.kinematics import (
    CHAIN_INDICES,
    HandKinematics,
    pitch_and_roll,
    tilted,
)
from groot_ros.simulation.robot import JOINTS, RIGHT_HAND
from groot_ros.simulation.scenario import (
    BLOCK_REACH,
    BLOCK_SIZE,
    HOME,
    OPEN_HAND,
    PUSH_DISTANCE,
    TABLE_HEIGHT,
    Scenario,
    side_direction,
)
from groot_ros.simulation.timing import CONTROL_HZ
from groot_ros.simulation.trajectory import HandPose, Trajectory, Waypoint
from groot_ros.simulation.world import TabletopWorld

Array = NDArray[np.float64]

CLOSED_HAND = (0.0, -0.9, -0.9, 0.6, 0.7, 0.6, 0.7)
PUSH_TWIST = 0.8
"""The thumb's first joint at the end of a push [rad]: it turns the thumb about itself."""

_HAND_INDICES = np.array([JOINTS.index(name) for name in RIGHT_HAND])
_LOW = TABLE_HEIGHT + 0.10
"""Height of the grasp point at which the lowest fingertip just clears the table."""
_HIGH = _LOW + 0.12
"""Height at which fingers and a carried block clear the other blocks."""
_SIDEWAYS = 0.04
"""A hand below _HIGH rises before it goes further than this [m]."""
_FINGERTIPS = np.array((0.03, -0.038, -0.087))
"""Lowest fingertips of the open hand at _HIGH_PITCH, from the grasp point [m]."""
_LOW_PITCH = np.deg2rad(65.0)
_HIGH_PITCH = np.deg2rad(48.0)
_OVERLAP = 0.15

_GRASP_HEIGHT = TABLE_HEIGHT + 0.045
_RELEASE_HEIGHT = TABLE_HEIGHT + 0.17
_RELEASE_REACH = (-0.45, 0.17)
"""Where the hand can let go of a block, y in the robot's frame [m]."""
_PALM_PITCH = np.deg2rad(15.0)
_PALM_ROLL = np.deg2rad(-65.0)
"""The hand pinches along its fingers, thumb against fingertips: the palm must face down."""
_PUSH_AHEAD = -0.025
_FINGER_SIDES = {'left': 0.010 - 0.0345, 'right': -0.018 - 0.0345}
"""The fingers' pushing surface beside the grasp point, along y [m]."""


class ScriptedExpert:
    """Joint targets at CONTROL_HZ that do the scenario's task from any pose of the hand."""

    def __init__(self, world: TabletopWorld, scenario: Scenario) -> None:
        self._world = world
        self._scenario = scenario
        self._kinematics = HandKinematics(world)
        self._start = world.block_pose(scenario.target_block)[0]
        self._targets = HOME.copy()
        self.replan()

    @property
    def done(self) -> bool:
        """Whether the motion has ended."""
        return self._time >= self._trajectory.duration

    @property
    def duration(self) -> float:
        """Length of the present plan [s]."""
        return self._trajectory.duration

    @property
    def pose(self) -> HandPose:
        """The commanded pose of the hand."""
        return self._trajectory.at(self._time)

    def replan(self) -> None:
        """Plan anew from where the hand is commanded to be and from where the blocks are."""
        self._begin()
        plan = {'touch': self._touch, 'push': self._push, 'place': self._place}
        self._follow(plan[self._scenario.task]())

    def stray(self, offset: Array, duration: float) -> None:
        """Leave the plan by `offset` [m], (3,), within `duration` [s]; then wait for replan."""
        self._begin()
        pose = self._measured_pose()
        position = np.maximum(pose.position + offset, (-np.inf, -np.inf, _LOW))
        self._follow([Waypoint(replace(pose, position=position), duration=duration)])

    def act(self) -> Array:
        """Return the joint targets of the next tick [rad], shape (31,)."""
        self._time += 1 / CONTROL_HZ
        pose = self.pose
        self._targets[CHAIN_INDICES] = self._kinematics.move(
            pose.position, tilted(pose.pitch, pose.roll))
        self._targets[_HAND_INDICES] = hand_joints(pose)
        return self._targets.copy()

    def _begin(self) -> None:
        self._targets = self._world.targets
        self._kinematics.set_joints(self._targets)

    def _follow(self, waypoints: list[Waypoint]) -> None:
        self._trajectory = Trajectory(self._measured_pose(), waypoints)
        self._time = 0.0

    def _measured_pose(self) -> HandPose:
        hand = self._targets[_HAND_INDICES]
        span = np.subtract(OPEN_HAND, CLOSED_HAND)[1]
        opening = np.clip((hand[1] - CLOSED_HAND[1]) / span, 0, 1)
        return HandPose(self._kinematics.grasp_point, *pitch_and_roll(self._kinematics.rotation),
                        float(opening), float(hand[0]))

    def _touch(self) -> list[Waypoint]:
        return touch_plan(self._measured_pose(), self._block)

    def _push(self) -> list[Waypoint]:
        side = self._scenario.destination
        sign = side_direction(side)
        block = self._block
        pushed = sign * (block[1] - self._start[1])
        if pushed > PUSH_DISTANCE - 0.012:
            return [Waypoint(self._measured_pose())]
        contact = block[1] - sign * BLOCK_REACH - _FINGER_SIDES[side]
        x = block[0] + _PUSH_AHEAD
        twist = PUSH_TWIST * max(0.0, pushed) / PUSH_DISTANCE
        beside = _low(np.array((x, contact - sign * 0.025)), twist=twist)
        end = _low(np.array((x, contact + sign * (PUSH_DISTANCE - pushed + 0.006))),
                   twist=PUSH_TWIST)
        above = _high(beside.position[:2], twist=twist)
        return [*_rise(self._measured_pose(), above), Waypoint(above), Waypoint(beside, _OVERLAP),
                Waypoint(end, _OVERLAP / 2)]

    def _place(self) -> list[Waypoint]:
        bin_ = np.array(self._scenario.bin(self._scenario.destination).position)
        block = self._block
        over = np.array((bin_[0], np.clip(bin_[1], *_RELEASE_REACH)))
        carry = [Waypoint(_palm_down(over, _RELEASE_HEIGHT, opening=0.0), 0.1),
                 Waypoint(_palm_down(over, _RELEASE_HEIGHT), duration=0.4),
                 Waypoint(_palm_down(over, _RELEASE_HEIGHT + 0.05), duration=0.6)]
        if self._inside(bin_, block):
            return [Waypoint(replace(self._measured_pose(), opening=1.0), duration=0.3)]
        if self._holding(block):
            return carry
        low, high = _GRASP_HEIGHT, _GRASP_HEIGHT + 0.13
        above = _palm_down(block[:2], high)
        return [*_rise(self._measured_pose(), above), Waypoint(above),
                Waypoint(_palm_down(block[:2], low), _OVERLAP),
                Waypoint(_palm_down(block[:2], low, opening=0.0), 0.05, 0.5),
                Waypoint(_palm_down(block[:2], high, opening=0.0)), *carry]

    @property
    def _block(self) -> Array:
        return self._world.block_pose(self._scenario.target_block)[0]

    def _holding(self, block: Array) -> bool:
        lifted = block[2] - TABLE_HEIGHT - BLOCK_SIZE[2] / 2
        return lifted > 0.02 and self._scenario.target_block in self._world.touched_blocks()

    @staticmethod
    def _inside(bin_: Array, block: Array) -> bool:
        return bool(np.abs(block[:2] - bin_).max() < 0.075) and block[2] < TABLE_HEIGHT + 0.06


def touch_plan(start: HandPose, block: Array) -> list[Waypoint]:
    """Return the way of a hand to the top of a block whose centre is at `block` [m], (3,)."""
    top = block + (0, 0, BLOCK_SIZE[2] / 2)
    end = HandPose(top - _FINGERTIPS - (0, 0, 0.025), _HIGH_PITCH)
    above = replace(end, position=end.position + (0, 0, 0.07))
    return [*_rise(start, above), Waypoint(above), Waypoint(end, _OVERLAP, 0.6)]


def _rise(start: HandPose, goal: HandPose) -> list[Waypoint]:
    """Lift a hand that stands low among the blocks before it moves sideways."""
    x, y, height = start.position
    aside = np.linalg.norm(goal.position[:2] - (x, y))
    if aside < _SIDEWAYS or height > _HIGH - 0.02:
        return []
    return [Waypoint(replace(start, position=np.array((x, y, _HIGH)), opening=1.0))]


def hand_joints(pose: HandPose) -> Array:
    """Return the hand's joints [rad], (7,), for the pose's opening and twist."""
    joints = np.array(CLOSED_HAND) + pose.opening * np.subtract(OPEN_HAND, CLOSED_HAND)
    joints[0] = pose.twist
    return joints


def _palm_down(at: Array, height: float, opening: float = 1.0) -> HandPose:
    return HandPose(np.array((*at, height)), _PALM_PITCH, _PALM_ROLL, opening)


def _low(at: Array, twist: float = 0.0) -> HandPose:
    return HandPose(np.array((*at, _LOW)), _LOW_PITCH, twist=twist)


def _high(at: Array, twist: float = 0.0) -> HandPose:
    return HandPose(np.array((*at, _HIGH)), _HIGH_PITCH, twist=twist)
