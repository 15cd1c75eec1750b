"""System 2 as a node: observations and an instruction in, goal tokens out."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.executors import MultiThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_msgs.msg import String

from groot_ros.embodiment import load_embodiment
from groot_ros.model.policy import GoalTokens as Tokens
from groot_ros.model.policy import System2, load_system2
from groot_ros.msg import GoalTokens, Instruction, Observation, PolicyStatus
from groot_ros.nodes.checkpoints import check_fit, check_images, find_checkpoint
from groot_ros.nodes.goal_token_messages import write_tokens
from groot_ros.nodes.inputs import InputMonitor
from groot_ros.nodes.instruction import Assignment, InstructionRegister
from groot_ros.nodes.lifecycle import Interfaces, run
from groot_ros.nodes.observation_messages import read_images
from groot_ros.nodes.obstacles import NOTHING, Obstacle, find_obstacle
from groot_ros.nodes.pacing import Pacer, RateMeter, RecentValues
from groot_ros.nodes.parameters import declare_parameters
from groot_ros.nodes.planner_parameters import PlannerParams
from groot_ros.nodes.qos import LATCHED, NEWEST
from groot_ros.nodes.stamps import now, on_backward_jump, seconds, stamp_at
from groot_ros.nodes.status import (
    STATUS_PERIOD_S,
    Complaints,
    make_status,
    report_assignment,
    report_inputs,
)
from groot_ros.srv import SetInstruction

MILLION = 1_000_000


class PlannerNode(LifecycleNode):
    """Encodes the newest observation with the instruction in force; never queues.

    Encoding runs in its own callback group, so that services answer meanwhile.

    Args:
        load: Loads System 2 from a checkpoint folder.
    """

    def __init__(self, load: Callable[..., System2] = load_system2) -> None:
        super().__init__('planner')
        self._load = load
        self._params = declare_parameters(self, PlannerParams)
        self._register = InstructionRegister(first_epoch=time.time_ns() // MILLION)
        self._complaints = Complaints(self)
        self._observations = InputMonitor('observation')
        self._encode_times = RecentValues(100)
        self._latencies = RecentValues(100)
        self._sent = RateMeter()
        self._pacer = Pacer(self._params.planner_hz)
        self._newest: Observation | None = None
        self._sequence = self._refused = 0
        self._active = False
        self._problem = NOTHING
        self._interfaces = Interfaces(self)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model and put the first instruction in force."""
        try:
            self._embodiment = load_embodiment(self._params.embodiment)
            self._system2 = self._load(
                find_checkpoint(self._params.checkpoint), self._embodiment.model.embodiment_tag,
                self._params.runtime, self._params.threads, dtype=self._params.dtype,
                allow_untrained=self._params.allow_untrained,
                tokenizer=Path(self._params.tokenizer) if self._params.tokenizer else None)
            check_fit(self._system2.processor, self._embodiment)
        except (OSError, ValueError) as error:
            self.get_logger().fatal(str(error))
            return TransitionCallbackReturn.FAILURE
        self._open()
        self._assign(self.get_parameter('instruction').value)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._jump = on_backward_jump(self, self._forget)
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start to send goal tokens."""
        self._active = True
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop to send goal tokens."""
        self._active = False
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close every interface."""
        self.remove_on_set_parameters_callback(self._on_parameters)
        self._interfaces.close()
        return super().on_cleanup(state)

    def _open(self) -> None:
        """Create publishers, subscriptions, services and the status timer."""
        opened = self._interfaces
        encoding, services = MutuallyExclusiveCallbackGroup(), MutuallyExclusiveCallbackGroup()
        self._tokens = opened.publish(GoalTokens, 'goal_tokens', NEWEST)
        self._current = opened.publish_always(Instruction, 'current_instruction', LATCHED)
        self._status = opened.publish_always(PolicyStatus, '~/status', NEWEST)
        opened.subscribe(Observation, 'observation', self._on_observation, NEWEST, encoding)
        self._encode_again = opened.on_trigger(self._encode_newest, encoding)
        opened.subscribe(String, 'instruction', self._on_instruction, NEWEST, services)
        opened.serve(SetInstruction, 'set_instruction', self._on_set_instruction, services)
        opened.repeat(STATUS_PERIOD_S, self._report, services)

    def _on_observation(self, observation: Observation) -> None:
        """Keep the newest observation and encode it if the rate allows."""
        time_now = now(self)
        self._observations.count(seconds(observation.header.stamp), time_now)
        self._newest = observation
        if self._params.step_locked or self._pacer.allows(time_now):
            self._encode_newest()

    def _encode_newest(self) -> None:
        """Send the goal tokens of the newest observation, or note what prevents it."""
        assignment, observation = self._register.current, self._newest
        self._problem = self._obstacle(assignment)
        if self._problem != NOTHING or observation is None or not self._active:
            return
        started = time.monotonic()
        try:
            images = read_images(observation)
            check_images(self._system2.processor, images)
            tokens = self._system2.encode(images, assignment.text)
        except ValueError as error:
            self._refused += 1
            self._problem = Obstacle('BAD_OBSERVATION', str(error))
            return
        self._encode_times.add(time.monotonic() - started)
        self._send(tokens, assignment, observation)

    def _obstacle(self, assignment: Assignment) -> Obstacle:
        """Return what prevents planning now."""
        robot = self._newest.embodiment if self._newest is not None else None
        return find_obstacle(
            assignment.text, robot, self._embodiment.tag,
            age=self._observations.age(now(self)), max_age=self._params.max_observation_age_s)

    def _send(
        self, tokens: Tokens, assignment: Assignment, observation: Observation
    ) -> None:
        """Publish goal tokens with all they come from."""
        self._sequence += 1
        message = GoalTokens(
            header=observation.header, checkpoint=self._system2.fingerprint,
            embodiment=self._embodiment.model.embodiment_tag, instruction=assignment.text,
            instruction_id=assignment.instruction_id, epoch=assignment.epoch,
            sequence=self._sequence, encode_time=self._encode_times.newest)
        write_tokens(message, tokens, self._params.token_dtype)
        self._tokens.publish(message)
        sent = now(self)
        self._sent.count(sent)
        self._latencies.add(sent - seconds(observation.header.stamp))

    def _assign(self, text: str) -> Assignment:
        """Put an instruction in force, tell everybody and plan for it at once."""
        assignment = self._register.assign(text)
        self._announce()
        self.get_logger().info(f'instruction {assignment.instruction_id}: {assignment.text!r}')
        if not self._params.step_locked:
            self._encode_again.trigger()
        return assignment

    def _announce(self) -> None:
        """Publish the assignment in force."""
        assignment = self._register.current
        message = Instruction(
            text=assignment.text, instruction_id=assignment.instruction_id,
            epoch=assignment.epoch)
        message.header.stamp = stamp_at(now(self))
        self._current.publish(message)

    def _on_instruction(self, message: String) -> None:
        """Take an instruction from the topic; repeating it changes nothing."""
        if message.data.strip() != self._register.current.text:
            self._assign(message.data)

    def _on_set_instruction(
        self, request: SetInstruction.Request, response: SetInstruction.Response
    ) -> SetInstruction.Response:
        """Take an instruction from the service; repeating it starts it anew."""
        assignment = self._assign(request.instruction)
        response.success = True
        response.instruction_id, response.epoch = assignment.instruction_id, assignment.epoch
        return response

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        """Take an instruction from the parameter, the only live one."""
        for parameter in parameters:
            if parameter.name == 'instruction':
                self._assign(parameter.value)
        return SetParametersResult(successful=True)

    def _forget(self) -> None:
        """Drop what was seen before the clock went back and void the plans made of it."""
        self._newest = None
        self._observations.forget()
        self._register.renew()
        self._announce()

    def _report(self) -> None:
        """Publish the status."""
        time_now = now(self)
        obstacle = self._obstacle(self._register.current)
        reason, text = self._problem if obstacle == NOTHING else obstacle
        state = PolicyStatus.RUNNING if reason == 'NONE' else PolicyStatus.WAITING
        message = make_status(
            self, state if self._active else PolicyStatus.INACTIVE, reason, text)
        report_assignment(message, self._register.current)
        report_inputs(message, [self._observations], time_now)
        message.output_rate = message.solve_rate = self._sent.rate(time_now)
        message.solve_time = self._encode_times.quantile(0.5)
        message.latency = self._latencies.quantile(0.5)
        message.refused = self._refused
        self._status.publish(message)
        if self._active:
            self._complaints.tell(message)


def main() -> int:
    """Run the planner until it is interrupted."""
    return run(PlannerNode, make_executor=lambda: MultiThreadedExecutor(num_threads=2))
