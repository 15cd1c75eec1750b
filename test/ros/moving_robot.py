"""A robot that moves to and fro, behind joint controllers that keep the rules of the real ones."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from conftest import Graph
from sensor_msgs.msg import JointState
from small_system1 import EMBODIMENT
from std_msgs.msg import Float64MultiArray

from groot_ros.embodiment import known_embodiments, load_embodiment
from groot_ros.model.policy import GoalTokens as Tokens
from groot_ros.msg import GoalTokens, Instruction, PolicyStatus
from groot_ros.nodes.messages.goal_tokens import write_tokens
from groot_ros.nodes.shared.qos import LATCHED, NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.nodes.simulator.commands import CommandInputs
from groot_ros.simulation.command_follower import CommandFollower

STATE_HZ, PLANNER_HZ = 100.0, 10.0
SWING_S = 3.0
"""How long it goes one way and back."""
REST_S = 0.5
"""How long it must stand still to be at rest."""
PATIENT = {'max_token_age_s': 20.0, 'max_state_age_s': 5.0, 'max_delay_s': 10.0}
"""Unless a test is about it, nothing is stale soon: a busy machine is slow, not wrong."""
ACTION = 'upper_body_controller/follow_joint_trajectory'


def robot_with_action(folder: Path) -> Path:
    """Return the file of a Unitree G1 whose upper body takes goals instead of a topic."""
    text = known_embodiments()['unitree_g1'].read_text(encoding='utf-8')
    text = text.replace('interface: joint_trajectory', 'interface: follow_joint_trajectory', 1)
    file = folder / 'unitree_g1.yaml'
    file.write_text(
        text.replace('upper_body_controller/joint_trajectory', ACTION), encoding='utf-8')
    return file


class MovingRobot:
    """Follows what its joint controllers accept, exactly; the tests act as its planner.

    Attributes:
        obeys: Whether it goes where its controllers want it.
        accepts: Whether its controllers take goals.
        reporting: Whether it tells where it is.
        planning: Whether goal tokens are sent.
        epoch: Of the goal tokens.
        path: Positions so far [rad], one row of shape (num_joints,) per report.

    Args:
        graph: To speak in.
        robot: Its embodiment, tag or file.
    """

    def __init__(self, graph: Graph, robot: str = 'unitree_g1') -> None:
        self.graph = graph
        embodiment = load_embodiment(robot)
        self.obeys = self.accepts = self.reporting = True
        self.planning = True
        self.epoch, self._sequence = 1, 0
        self.follower = CommandFollower(embodiment.joint_names, embodiment.home)
        self.path = [embodiment.home.copy()]
        self.commands = CommandInputs(
            graph.peer, embodiment.outputs, self.follower, time=lambda: now(graph.peer),
            on_command=lambda: True, may_move=lambda: self.accepts)
        self.status = graph.listen(PolicyStatus, 'controller/status', NEWEST)
        self.streams = graph.listen(Float64MultiArray, 'right_hand_controller/commands', 100)
        self._states = graph.peer.create_publisher(JointState, 'joint_states', 10)
        self._tokens = graph.peer.create_publisher(GoalTokens, 'goal_tokens', NEWEST)
        self._instructions = graph.peer.create_publisher(
            Instruction, 'current_instruction', LATCHED)
        graph.peer.create_timer(1.0 / STATE_HZ, self._report)
        graph.peer.create_timer(1.0 / PLANNER_HZ, self._plan)

    def instruct(self, epoch: int, text: str = 'wave') -> None:
        """Give an instruction and plan for it from now on."""
        self.epoch = epoch
        self._instructions.publish(Instruction(text=text, instruction_id=epoch, epoch=epoch))

    def wait_for(
        self, state: int, reason: int = PolicyStatus.NONE, words: str = ''
    ) -> PolicyStatus:
        """Wait until the controller reports a state, a reason and a text with these words.

        On a busy machine a hold can have begun for another cause of the same reason.
        """
        def reported() -> bool:
            return bool(self.status) and words in self.status[-1].text and (
                (self.status[-1].state, self.status[-1].reason) == (state, reason))

        self.graph.wait_until(
            reported, lambda: f'not in {state} for {reason} {words}: {self.status[-1:]}')
        return self.status[-1]

    def wait_until_it_moves(self) -> None:
        """Wait until the controller runs and joints move."""
        self.wait_for(PolicyStatus.RUNNING)
        self.graph.wait_until(self.moves, 'it does not move')

    def wait_until_it_rests(self) -> None:
        """Wait until no joint moves for a while."""
        self.graph.wait_until(self.rests, 'it does not come to rest')

    def moves(self) -> bool:
        """Return whether it was somewhere else a moment ago."""
        return len(self.path) > 3 and not np.allclose(self.path[-1], self.path[-3], atol=1e-5)

    def rests(self) -> bool:
        """Return whether it stood still lately."""
        lately = np.array(self.path[-round(REST_S * STATE_HZ):])
        return len(self.path) > REST_S * STATE_HZ and float(np.ptp(lately, axis=0).max()) < 1e-5

    def _report(self) -> None:
        time = now(self.graph.peer)
        if self.obeys:
            self.path.append(self.follower.targets(time))
        if self.reporting:
            message = JointState(
                name=list(EMBODIMENT.joint_names), position=self.path[-1].tolist())
            message.header.stamp = stamp_at(time)
            self._states.publish(message)

    def _plan(self) -> None:
        if not self.planning:
            return
        time = now(self.graph.peer)
        self._sequence += 1
        message = GoalTokens(
            checkpoint='small', embodiment='unitree_g1', epoch=self.epoch,
            sequence=self._sequence)
        message.header.stamp = stamp_at(time)
        move = math.copysign(0.2, math.sin(2.0 * math.pi * time / SWING_S))
        write_tokens(
            message, Tokens(np.full((1, 1), move, np.float32), np.ones(1, bool),
                            np.ones(1, bool)), 'float32')
        self._tokens.publish(message)
