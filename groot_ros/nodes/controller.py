"""System 1 as a node: goal tokens and joint states in, joint commands out."""

from __future__ import annotations

import sys
from collections.abc import Callable

from builtin_interfaces.msg import Time
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from groot_ros.control import Hold, HoldReason, TokenOrigin
from groot_ros.embodiment import (
    check_against_description,
    load_embodiment,
    read_description,
)
from groot_ros.model.policy import System1, load_system1
from groot_ros.msg import ActionChunk, GoalTokens, Instruction, PolicyStatus, StepDone
from groot_ros.nodes.checkpoints import check_fit, find_checkpoint
from groot_ros.nodes.chunk_messages import chunk_message
from groot_ros.nodes.command_messages import open_output
from groot_ros.nodes.control_cycle import ReceivedTokens
from groot_ros.nodes.controller_parameters import (
    ControllerParams,
    choose_action_period,
    make_cycle,
)
from groot_ros.nodes.controller_status import controller_status
from groot_ros.nodes.goal_token_messages import TokenMessageError, read_tokens
from groot_ros.nodes.inputs import InputMonitor
from groot_ros.nodes.instruction import Assignment
from groot_ros.nodes.lifecycle import Interfaces, run
from groot_ros.nodes.parameters import declare_parameters
from groot_ros.nodes.qos import EVERY, LATCHED, NEWEST, sensor_qos
from groot_ros.nodes.solver import ChunkSolver
from groot_ros.nodes.stamps import now, seconds
from groot_ros.nodes.status import STATUS_PERIOD_S, Complaints
from groot_ros.nodes.ticks import ClockTicks, StateTicks, WallTicks
from groot_ros.observation import JointAssembler, Refusal

BRAKING_S = 2.0
"""Longest wait for the robot to come to rest."""
GIL_SWITCH_S = 0.0005
"""How long a callback may keep the interpreter while the tick waits for it."""


class ControllerNode(LifecycleNode):
    """Runs the control cycle at the embodiment's rate; the solver works beside it.

    Args:
        load: Loads System 1 from a checkpoint folder.
    """

    def __init__(self, load: Callable[..., System1] = load_system1) -> None:
        super().__init__('controller')
        self._load = load
        self._params = declare_parameters(self, ControllerParams)
        self._interfaces = Interfaces(self)
        self._complaints = Complaints(self)
        self._solver: ChunkSolver | None = None
        self._ticks: WallTicks | ClockTicks | StateTicks | None = None

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model and open every interface."""
        try:
            self._embodiment = load_embodiment(self._params.embodiment)
            system1 = self._load(
                find_checkpoint(self._params.checkpoint), self._embodiment.model.embodiment_tag,
                self._params.runtime, self._params.threads, dtype=self._params.dtype,
                allow_untrained=self._params.allow_untrained)
            check_fit(system1.processor, self._embodiment)
            action_period = choose_action_period(self._params, system1.processor)
        except (OSError, ValueError) as error:
            self.get_logger().fatal(str(error))
            return TransitionCallbackReturn.FAILURE
        self._solver = ChunkSolver(system1, self._params.seed)
        self._cycle = make_cycle(
            self._params, self._embodiment, system1, self._solver, action_period=action_period)
        self._joints = JointAssembler(self._embodiment.joint_names)
        self._states = InputMonitor(self._embodiment.joint_state_topic)
        self._tokens = InputMonitor('goal_tokens')
        self._held_tokens, self._ticked, self._sent = Time(), Time(), 0
        self._open()
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the ticks; what was captured before does not act."""
        self._cycle.reset(now(self))
        self._ticks = self._start_ticks()
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Bring the robot to rest and end the ticks."""
        if isinstance(self._ticks, WallTicks):
            self._cycle.pause(True)
            self._ticks.go_on_until(lambda: self._cycle.at_rest, BRAKING_S)
            self._cycle.pause(False)
        self._stop_ticks()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close every interface and the solver."""
        self._interfaces.close()
        self._close_solver()
        return super().on_cleanup(state)

    def destroy_node(self) -> None:
        """End the threads before what they use."""
        self._stop_ticks()
        self._close_solver()
        super().destroy_node()

    def _open(self) -> None:
        """Create publishers, subscriptions, services and the status timer."""
        robot, opened = self._embodiment, self._interfaces
        self._outputs = [
            open_output(opened, robot, output, lead=self._params.trajectory_lead_s)
            for output in robot.outputs]
        self._chunk_joints = [
            name for group in robot.model.action for name in robot.groups[group]]
        self._chunks = opened.publish(ActionChunk, 'action_chunk', NEWEST)
        self._step_done = opened.publish(StepDone, 'step_done', EVERY)
        self._status = opened.publish_always(PolicyStatus, '~/status', NEWEST)
        opened.subscribe(
            JointState, robot.joint_state_topic, self._on_joints,
            sensor_qos(self._params.step_locked))
        opened.subscribe(GoalTokens, 'goal_tokens', self._on_tokens, NEWEST)
        opened.subscribe(Instruction, 'current_instruction', self._on_instruction, LATCHED)
        opened.subscribe(String, 'robot_description', self._on_description, LATCHED)
        opened.serve(SetBool, '~/pause', self._on_pause)
        opened.serve(Trigger, '~/reset', self._on_reset)
        opened.repeat(STATUS_PERIOD_S, self._report)

    def _start_ticks(self) -> WallTicks | ClockTicks | StateTicks:
        """Return ticks on the clock that this node follows."""
        rate = self._embodiment.rates.control_hz
        if self._params.step_locked:
            return StateTicks(rate, self._on_tick)
        if self.get_parameter('use_sim_time').value:
            return ClockTicks(self, rate, self._on_tick)
        return WallTicks(self, rate, self._on_tick, self._params.realtime_priority)

    def _stop_ticks(self) -> None:
        """End the ticks, if there are any."""
        if self._ticks is not None:
            self._ticks.close()
            self._ticks = None

    def _close_solver(self) -> None:
        """End the solver, if there is one."""
        if self._solver is not None:
            self._solver.close()
            self._solver = None

    def _on_tick(self, time: float) -> None:
        """Send what is due at `time` [s]."""
        tick = self._cycle.tick(time)
        self._sent = len(self._outputs) if tick.command is not None else 0
        if tick.command is not None:
            for send in self._outputs:
                send(tick.command.positions, tick.command.velocities)
        if tick.chunk is not None:
            self._chunks.publish(chunk_message(tick.chunk, self._chunk_joints))

    def _on_joints(self, message: JointState) -> None:
        """Take joint states; in a step-locked run they are the tick."""
        stamp = seconds(message.header.stamp)
        self._states.count(stamp, now(self))
        refusal = self._joints.update(message.name, message.position, message.velocity, stamp)
        joints = refusal or self._joints.snapshot()
        if isinstance(joints, Refusal):
            self._cycle.on_refused_state(Hold(HoldReason[joints.reason.name], joints.text))
            return
        self._cycle.on_state(joints.positions, joints.stamp)
        if isinstance(self._ticks, StateTicks):
            self._ticked = message.header.stamp
            self._ticks.run(stamp)
            self._report_step(self._sent)

    def _on_tokens(self, message: GoalTokens) -> None:
        """Take goal tokens if they can be read."""
        stamp = seconds(message.header.stamp)
        self._tokens.count(stamp, now(self))
        origin = TokenOrigin(message.checkpoint, message.embodiment, message.epoch, stamp)
        try:
            received = ReceivedTokens(read_tokens(message), origin, message.sequence)
        except TokenMessageError as error:
            self._cycle.on_refused_tokens(Hold(HoldReason.BAD_TOKENS, str(error)))
            return
        self._cycle.on_tokens(received, now(self))
        if self._params.step_locked:
            self._held_tokens = message.header.stamp
            self._report_step(0)

    def _on_instruction(self, message: Instruction) -> None:
        """Follow what the planner was told: plans of earlier instructions are void."""
        self._cycle.on_assignment(
            Assignment(message.text, message.instruction_id, message.epoch))

    def _on_description(self, message: String) -> None:
        """Refuse to move a robot whose own description differs from the embodiment file."""
        check_against_description(self._embodiment, read_description(message.data))

    def _on_pause(
        self, request: SetBool.Request, response: SetBool.Response
    ) -> SetBool.Response:
        """Come to rest, or go on."""
        self._cycle.pause(request.data)
        response.success = True
        response.message = 'coming to rest' if request.data else 'going on'
        return response

    def _on_reset(
        self, _: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        """Forget plan, tokens and pose; go on with what is captured from now on."""
        self._cycle.reset(now(self))
        self._held_tokens = Time()
        response.success = True
        return response

    def _report_step(self, commands: int) -> None:
        """Tell a waiting simulator which tick is done and which tokens are here."""
        message = StepDone(tokens_stamp=self._held_tokens, commands=commands)
        message.header.stamp = self._ticked
        self._step_done.publish(message)

    def _report(self) -> None:
        """Publish the status."""
        if isinstance(self._ticks, WallTicks):
            self._ticks.check()
        ticks = self._ticks.statistics if self._ticks is not None else None
        message = controller_status(self, self._cycle, ticks, (self._states, self._tokens))
        self._status.publish(message)
        if ticks is not None:
            self._complaints.tell(message)


def main() -> int:
    """Run the controller until it is interrupted."""
    sys.setswitchinterval(GIL_SWITCH_S)
    return run(ControllerNode)
