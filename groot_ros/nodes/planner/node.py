"""System 2 as a node: observations and an instruction in, goal tokens out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from groot_ros.embodiment import load_embodiment
from groot_ros.model.policy import System2, load_system2
from groot_ros.msg import GoalTokens, Observation, PolicyStatus
from groot_ros.nodes.messages.goal_tokens import write_tokens
from groot_ros.nodes.messages.observations import read_images
from groot_ros.nodes.planner.attention import AttentionOutput
from groot_ros.nodes.planner.instruction_interfaces import InstructionInterfaces
from groot_ros.nodes.planner.meters import PlannerMeters
from groot_ros.nodes.planner.obstacles import (
    NOTHING,
    Obstacle,
    find_obstacle,
    find_server_obstacle,
)
from groot_ros.nodes.planner.parameters import PlannerParams, open_system2
from groot_ros.nodes.shared.checkpoints import check_images
from groot_ros.nodes.shared.diagnostics import Diagnostics
from groot_ros.nodes.shared.executors import ThreadedExecutor
from groot_ros.nodes.shared.first_message import FirstMessage
from groot_ros.nodes.shared.inputs import InputMonitor
from groot_ros.nodes.shared.instruction import Assignment
from groot_ros.nodes.shared.lifecycle import run
from groot_ros.nodes.shared.pacing import Pacer
from groot_ros.nodes.shared.parameters import declare_parameters, follow_parameters
from groot_ros.nodes.shared.policy_node import PolicyNode, logged
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.stamps import now, on_backward_jump, seconds
from groot_ros.nodes.shared.status import (
    STATUS_PERIOD_S,
    Complaints,
    make_status,
    report_assignment,
)


class PlannerNode(PolicyNode):
    """Encodes the newest observation with the instruction in force; never queues.

    Encoding runs in its own callback group, so that everything else goes on meanwhile; the rest,
    transitions included, shares the default one.

    Args:
        load: Loads System 2 from a checkpoint folder.
    """

    def __init__(self, load: Callable[..., System2] = load_system2) -> None:
        super().__init__('planner')
        self._load = load
        self._params = declare_parameters(self, PlannerParams)
        self._complaints = Complaints(self)
        self._meters = PlannerMeters(InputMonitor('observation', self._params.planner_hz))
        self._pacer = Pacer(self._params.planner_hz)
        self._newest: Observation | None = None
        self._sequence = 0
        self._active = False
        self._encoding = threading.Lock()
        self._problem = NOTHING
        self._diagnostics = Diagnostics(self, self._interfaces.delivery)
        self._instructions = InstructionInterfaces(
            self, self._plan_anew, lambda: self._meters.sent.rate(now(self)))
        follow_parameters(self, self._params, self._on_parameters)

    @logged
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model and put the first instruction in force."""
        try:
            self._embodiment = load_embodiment(self._params.embodiment)
            self._system2 = open_system2(self._params, self._embodiment, self._load)
        except (OSError, ValueError) as error:
            self.get_logger().fatal(str(error))
            return TransitionCallbackReturn.FAILURE
        self._open()
        self._instructions.assign(self._params.instruction)
        self._interfaces.on_close(on_backward_jump(self, self._forget).unregister)
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start to send goal tokens."""
        self._active = True
        self._instructions.goals.activate()
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop to send goal tokens."""
        self._active = False
        self._instructions.goals.deactivate()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close every interface."""
        with self._encoding:  # what is being encoded still needs its publisher
            return super().on_cleanup(state)

    def _open(self) -> None:
        """Create publishers, subscriptions, services and the status timer."""
        opened = self._interfaces
        encoding = MutuallyExclusiveCallbackGroup()
        self._tokens = opened.publish(GoalTokens, 'goal_tokens', NEWEST)
        self._first = FirstMessage(self._tokens)
        self._status = opened.publish_always(PolicyStatus, '~/status', NEWEST)
        if self._system2 is not None:
            self._attention = AttentionOutput(self, opened, self._embodiment.cameras)
            opened.subscribe(Observation, 'observation', self._on_observation, NEWEST, encoding)
        self._encode_again = opened.on_trigger(self._encode_newest, encoding)
        self._instructions.open(opened)
        opened.repeat(STATUS_PERIOD_S, self._report)

    def _on_observation(self, observation: Observation) -> None:
        """Keep the newest observation and encode it if the rate allows."""
        time_now = now(self)
        self._meters.observations.count(seconds(observation.header.stamp), time_now)
        self._newest = observation
        if self._params.step_locked or self._pacer.allows(time_now):
            self._encode_newest()

    def _encode_newest(self) -> None:
        """Send the goal tokens of the newest observation, or note what prevents it."""
        with self._encoding:
            assignment, observation = self._instructions.current, self._newest
            self._problem = self._obstacle(assignment, observation)
            if self._problem != NOTHING or observation is None or not self._active:
                return
            if self._system2 is not None:
                self._encode(self._system2, assignment, observation)

    def _encode(self, system2: System2, assignment: Assignment, observation: Observation) -> None:
        """Send the goal tokens of an observation, with all they come from, unless it is bad."""
        started = time.monotonic()
        try:
            images = read_images(observation)
            check_images(system2.processor, images)
            tokens = system2.encode(images, assignment.text)
        except ValueError as error:
            self._meters.refused += 1
            self._problem = Obstacle('BAD_OBSERVATION', str(error))
            return
        self._meters.encode_times.add(time.monotonic() - started)
        self._sequence += 1
        message = GoalTokens(
            header=observation.header, checkpoint=system2.fingerprint,
            embodiment=self._embodiment.model.embodiment_tag, instruction=assignment.text,
            instruction_id=assignment.instruction_id, epoch=assignment.epoch,
            sequence=self._sequence, encode_time=self._meters.encode_times.newest)
        write_tokens(message, tokens, self._params.token_dtype)
        if self._params.step_locked:
            self._first.wait_for_listener()
        self._tokens.publish(message)
        self._meters.on_sent(seconds(observation.header.stamp), now(self))
        self._attention.send(system2, images, assignment.text, observation)

    def _obstacle(self, assignment: Assignment, observation: Observation | None) -> Obstacle:
        """Return what prevents planning now."""
        if self._system2 is None:
            return find_server_obstacle(assignment.text, self._params.backend)
        robot = observation.embodiment if observation is not None else None
        return find_obstacle(
            assignment.text, robot, self._embodiment.tag,
            age=self._meters.observations.age(now(self)),
            max_age=self._params.max_observation_age_s)

    def _plan_anew(self) -> None:
        """Plan for a new instruction at once, with the observation at hand."""
        if not self._params.step_locked:
            self._encode_again.trigger()

    def _on_parameters(self, params: PlannerParams, changed: frozenset[str]) -> None:
        """Follow the live parameters."""
        self._params = params
        if 'planner_hz' in changed:
            self._pacer = Pacer(params.planner_hz)
            self._meters.observations.wanted = params.planner_hz
        if 'instruction' in changed and self._interfaces.open:
            self._instructions.assign(params.instruction)

    def _forget(self) -> None:
        """Drop what was seen before the clock went back and void the plans made of it."""
        self._newest = None
        self._meters.forget()
        self._instructions.renew()

    def _report(self) -> None:
        """Publish the status."""
        obstacle = self._obstacle(self._instructions.current, self._newest)
        reason, text = self._problem if obstacle == NOTHING else obstacle
        state = PolicyStatus.RUNNING if reason == 'NONE' else PolicyStatus.WAITING
        message = make_status(
            self, state if self._active else PolicyStatus.INACTIVE, reason, text)
        report_assignment(message, self._instructions.current)
        self._meters.report(message, now(self))
        self._status.publish(message)
        self._diagnostics.publish(message)
        if self._active:
            self._complaints.tell(message)


def main() -> int:
    """Run the planner until it is interrupted."""
    return run(PlannerNode, make_executor=ThreadedExecutor)
