"""Kills a part of a running graph and watches the robot come to rest and go on again."""

from __future__ import annotations

import sys
import time
from bisect import bisect_right
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from groot_ros.data.instructions import Request, plain
from groot_ros.embodiment import CommandOutput, Embodiment
from groot_ros.evaluation.stopping import CommandLog, JointLog
from groot_ros.msg import ActionChunk, GoalTokens, PolicyStatus
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.stamps import seconds, stamp_at
from groot_ros.nodes.shared.status import REASONS
from groot_ros.nodes.tools.graph_client import POLICY_NODES, GraphClient
from groot_ros.nodes.tools.graph_killing import detained, find_process, kill
from groot_ros.simulation.scenario import draw_scenario
from groot_ros.srv import ResetEpisode

PROCESSES = {
    'perception': 'groot_ros/perception', 'planner': 'groot_ros/planner',
    'controller': 'groot_ros/controller', 'solver': 'groot_ros.nodes.solver.worker'}
"""What the command line of each process holds that can be killed."""
VICTIMS = (*PROCESSES, 'camera')
PATIENCE_S = 180.0
WATCH_S = 0.6
"""How long the robot is watched after the deadline [s]."""
SEED = 1_000_000
HISTORY = 1000

Info = dict[str, int]
"""What the middleware says of a message: when it was sent [ns], and its number."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one kill showed.

    Attributes:
        victim: One of VICTIMS.
        moment: Of the kill, after the robot got going [s].
        reason: Why the controller says that it rests, a constant of PolicyStatus; None if it was
            the victim.
        speed: Of the fastest joint at the deadline [rad/s].
        rest_after: From the deadline to rest [s]; infinite if it did not come to rest.
        last_joint: That came to rest last; empty if none moved.
        pace: Ticks that the robot's clock made while it was watched, of those that were due; a
            simulator on a busy machine makes fewer, and rest comes later than it would.
        commands: How many were checked against the limits.
        violations: Of limits, in words.
        epochs: That chunks were made of before the kill and after it.
        failure: Why the trial could not be finished; empty if it was.
    """

    victim: str
    moment: float
    reason: int | None
    speed: float
    rest_after: float
    last_joint: str
    pace: float
    commands: int
    violations: tuple[str, ...]
    epochs: tuple[int, int]
    failure: str = ''


class KillTrials:
    """Runs trials in a graph whose planner was started with `launch_instruction`.

    Args:
        client: In the graph's domain.
        domain: ROS_DOMAIN_ID of the graph.
        robot: Whose limits the commands must keep.
        max_token_age: The controller's parameter max_token_age_s.
        detain: Let no successor act before the robot was watched: simulated time may pass more
            slowly than a process starts.
    """

    def __init__(
        self, client: GraphClient, domain: int, robot: Embodiment, max_token_age: float, *,
        detain: bool = False,
    ) -> None:
        self._client, self._domain, self._max_token_age = client, domain, max_token_age
        self._detain = detain
        self._joints = JointLog()
        self._sent: list[int] = []
        self._statuses = {name: PolicyStatus() for name in POLICY_NODES}
        self._tokens = GoalTokens()
        self._chunk = ActionChunk()
        self._since, self._successor_from = 0, sys.maxsize  # [ns]
        self._listen(JointState, robot.joint_state_topic, self._on_joints, HISTORY)
        for name in POLICY_NODES:
            self._listen(PolicyStatus, f'{name}/status', self._on_status, NEWEST)
        self._listen(GoalTokens, 'goal_tokens', self._on_tokens, NEWEST)
        self._listen(ActionChunk, 'action_chunk', self._on_chunk, NEWEST)
        self._send_tokens = client.node.create_publisher(GoalTokens, 'goal_tokens', NEWEST)
        self._commands = [self._watch(robot, output) for output in robot.outputs]
        self._names = robot.joint_names
        self._tick = 1.0 / robot.rates.control_hz

    @property
    def last_words(self) -> str:
        """What each node of the policy said last."""
        return '; '.join(
            f'{name} {seconds(status.header.stamp) - self.now:+.1f} s: '
            f'{REASONS[status.reason]} {status.text}' for name, status in self._statuses.items())

    @property
    def _status(self) -> PolicyStatus:
        """The controller's newest status."""
        return self._statuses['controller']

    @property
    def now(self) -> float:
        """Time of the newest joint state [s]."""
        return self._joints.stamps[-1] if self._joints.stamps else 0.0

    def run(self, victim: str, moment: float) -> Trial:
        """Kill a part `moment` [s] after the robot got going and wait until it goes on.

        Raises:
            GraphError: If it does not come to rest, or does not go on.
        """
        self._start_scene()
        start = self.now
        self._wait(lambda: self.now >= start + moment, 'the moment of the kill')
        old, old_epoch = self._tokens, self._chunk.epoch
        self._kill(victim)
        killed = time.time_ns()
        if victim == 'controller':
            self._successor_from = killed
        with self._detention(victim):
            reason = self._wait_for_hold(victim)
            deadline = self._deadline(victim, killed)
            self._wait(lambda: self.now > deadline + WATCH_S, 'time to pass after the deadline')
        speed, rest_after = self._joints.speed_at(deadline), self._joints.rest_after(deadline)
        last = self._joints.last_joint(deadline)
        pace = self._joints.count_within(deadline, WATCH_S) * self._tick / WATCH_S
        if victim == 'camera':
            self._switch_camera(True)
        self._wait_until_it_runs(after=self.now)
        epochs = old_epoch, self._chunk.epoch
        if victim == 'planner':
            self._check_that_old_tokens_are_refused(old)
        violations = tuple(each for log in self._commands for each in log.violations())
        return Trial(
            victim, moment, reason, speed, rest_after,
            '' if last is None else self._names[last], pace, sum(map(len, self._commands)),
            violations, epochs)

    def _start_scene(self) -> None:
        """Put the robot at its start and wait until it plays a plan from there."""
        self._call(SetBool, 'run_simulation', SetBool.Request(data=False))
        colour = target_block()
        self._call(ResetEpisode, 'reset_episode', ResetEpisode.Request(
            seed=SEED, task='touch', target_block=colour, instruction=launch_instruction()))
        self._call(Trigger, 'controller/reset', Trigger.Request())
        # What is still on its way is of the last trial.
        self._since, self._successor_from = time.time_ns(), sys.maxsize
        self._joints, self._sent = JointLog(), []
        for log in self._commands:
            log.clear()
        self._call(SetBool, 'run_simulation', SetBool.Request(data=True))
        self._wait(lambda: self._joints.stamps, 'joint states')
        self._wait_until_it_runs(after=self.now)

    def _kill(self, victim: str) -> None:
        if victim == 'camera':
            self._switch_camera(False)
        else:
            process = find_process(self._domain, PROCESSES[victim])
            assert process is not None, f'no {victim} runs'
            kill(process)

    def _detention(self, victim: str) -> AbstractContextManager[None]:
        """Keep the process that replaces a victim from running, if asked to."""
        if not self._detain or victim not in PROCESSES:
            return nullcontext()
        return detained(self._client.node, self._domain, PROCESSES[victim])

    def _switch_camera(self, on: bool) -> None:
        value = Parameter('camera', value=on).to_parameter_msg()
        self._call(
            SetParameters, 'simulator/set_parameters', SetParameters.Request(parameters=[value]))

    def _wait_for_hold(self, victim: str) -> int | None:
        """Return the reason that the controller gives, if it still can."""
        if victim == 'controller':
            return None
        self._wait(
            lambda: self._status.state == PolicyStatus.HOLDING, f'a hold without {victim}')
        return self._status.reason

    def _wait_until_it_runs(self, after: float) -> None:
        """Wait for a plan made of a state later than `after` [s], heard from every node.

        The deadline is told from the tokens: those of a new planner may not be heard here yet
        when the robot already moves by them.
        """
        self._wait(
            lambda: self._status.state == PolicyStatus.RUNNING and all(
                seconds(message.header.stamp) > after
                for message in (self._status, self._tokens, self._chunk)),
            'the robot to go on')

    def _check_that_old_tokens_are_refused(self, old: GoalTokens) -> None:
        """Send what the dead planner said, as if it had seen it now."""
        refused = self._status.refused

        def is_refused() -> bool:
            old.header.stamp = stamp_at(self.now)
            self._send_tokens.publish(old)
            return self._status.refused > refused

        self._wait(is_refused, 'tokens of the dead planner to be refused')

    def _deadline(self, victim: str, killed: int) -> float:
        """Return from when on the robot must not go on [s]; it was `killed` at a wall time [ns].

        Without the solver or the controller that is the kill itself, in the time of the robot.
        """
        heard = time.time_ns()
        self._wait(lambda: self._sent[-1] > heard, 'what is still on its way')
        if victim in ('solver', 'controller'):
            return self._joints.stamps[max(0, bisect_right(self._sent, killed) - 1)]
        return seconds(self._tokens.header.stamp) + self._max_token_age

    def _call(self, kind: type, service: str, request: Any) -> None:
        self._client.call_service(kind, service, request)

    def _wait(self, condition: Callable[[], Any], what: str) -> None:
        self._client.spin_until(condition, PATIENCE_S, what)

    def _watch(self, robot: Embodiment, output: CommandOutput) -> CommandLog:
        """Return the log of what an output is told."""
        columns = robot.indices(output.joints)
        log = CommandLog(
            robot.lower[columns], robot.upper[columns], robot.max_velocity[columns],
            robot.max_acceleration[columns], 1.0 / robot.rates.control_hz)

        kind, positions = {
            'joint_trajectory': (JointTrajectory, lambda message: message.points[0].positions),
            'float64_multi_array': (Float64MultiArray, lambda message: message.data),
        }[output.interface]

        def take(message: Any, info: Info) -> None:
            # The first number seen of a successor may be any: it begins before it is discovered.
            log.add(info['publication_sequence_number'], np.array(positions(message)),
                    publisher=int(info['source_timestamp'] > self._successor_from))

        self._listen(kind, output.topic, take, HISTORY)
        return log

    def _listen(
        self, kind: type, topic: str, take: Callable[[Any, Info], None], qos: QoSProfile | int
    ) -> None:
        """Take every message that was sent since this trial began."""
        def take_fresh(message: Any, info: Info) -> None:
            if info['source_timestamp'] >= self._since:
                take(message, info)

        # rclpy's types know of no callback that also takes what the middleware says.
        self._client.node.create_subscription(kind, topic, take_fresh, qos)  # type: ignore

    def _on_joints(self, message: JointState, info: Info) -> None:
        self._sent.append(info['source_timestamp'])
        self._joints.add(seconds(message.header.stamp), np.array(message.velocity))

    def _on_status(self, message: PolicyStatus, _: Info) -> None:
        self._statuses[message.node] = message

    def _on_tokens(self, message: GoalTokens, _: Info) -> None:
        self._tokens = message

    def _on_chunk(self, message: ActionChunk, _: Info) -> None:
        self._chunk = message


def target_block() -> str:
    """Return the colour of the block that the robot is sent to."""
    return draw_scenario(SEED, 'touch').blocks[0].colour


def launch_instruction() -> str:
    """Return what the launched planner is told, so that one started anew knows it too."""
    return plain(Request('touch', target_block()))
