"""System 1 as a node: goal tokens and joint states in, joint commands out."""

from __future__ import annotations

import sys
from collections.abc import Callable

from builtin_interfaces.msg import Time
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from std_srvs.srv import Trigger

from groot_ros.control import EmergencyStop, Hold
from groot_ros.control.tracking import RETRY_S
from groot_ros.embodiment import load_embodiment
from groot_ros.model.policy import System1, load_system1
from groot_ros.msg import ActionChunk, PolicyStatus
from groot_ros.nodes.controller.inputs import ControllerInputs
from groot_ros.nodes.controller.parameters import ControllerParams, make_cycle, stop_settings
from groot_ros.nodes.controller.policy_source import LocalSource, PolicySource
from groot_ros.nodes.controller.remote_source import RemoteSource
from groot_ros.nodes.controller.status import controller_status
from groot_ros.nodes.controller.step_report import StepReport
from groot_ros.nodes.controller.stop_inputs import StopInputs
from groot_ros.nodes.messages.chunks import chunk_message
from groot_ros.nodes.shared.diagnostics import Diagnostics
from groot_ros.nodes.shared.emergency_stop import EmergencyStopInputs
from groot_ros.nodes.shared.lifecycle import run
from groot_ros.nodes.shared.outputs import Outputs
from groot_ros.nodes.shared.parameters import declare_parameters, follow_parameters
from groot_ros.nodes.shared.policy_node import PolicyNode, logged
from groot_ros.nodes.shared.qos import NEWEST
from groot_ros.nodes.shared.stamps import now, seconds
from groot_ros.nodes.shared.status import STATUS_PERIOD_S, Complaints
from groot_ros.nodes.shared.ticks import StateTicks, Ticks, WallTicks, start_ticks

BRAKING_S = 2.0
"""Longest wait for the robot to come to rest."""
GIL_SWITCH_S = 0.0005
"""How long a callback may keep the interpreter while the tick waits for it."""


class ControllerNode(PolicyNode):
    """Runs the control cycle at the embodiment's rate; the solver works beside it.

    Args:
        load: Loads System 1 from a checkpoint folder.
    """

    def __init__(self, load: Callable[..., System1] = load_system1) -> None:
        super().__init__('controller')
        self._load = load
        self._params = declare_parameters(self, ControllerParams)
        self._complaints = Complaints(self)
        self._diagnostics = Diagnostics(self, self._interfaces.delivery, ticking=True)
        self._emergency = EmergencyStop()
        EmergencyStopInputs(self, self._emergency)
        self._source: PolicySource | None = None
        self._ticks: Ticks | None = None
        follow_parameters(self, self._params, self._on_parameters)

    @logged
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model and open every interface."""
        try:
            self._embodiment = load_embodiment(self._params.embodiment)
            source = self._open_source()
        except (OSError, ValueError) as error:
            self.get_logger().fatal(str(error))
            return TransitionCallbackReturn.FAILURE
        self._source = source
        self._cycle = make_cycle(
            self._params, self._embodiment, source.solver, fingerprint=source.fingerprint,
            solve_hz=source.solve_hz, action_period=source.action_period,
            emergency=self._emergency)
        self._fingerprint, self._sent = source.fingerprint, 0
        self._open(source)
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the ticks; what was captured before does not act."""
        self._cycle.reset(now(self))
        self._ticks = start_ticks(
            self, self._embodiment.rates.control_hz, self._on_tick,
            step_locked=self._params.step_locked, priority=self._params.realtime_priority)
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Bring the robot to rest and end the ticks."""
        if isinstance(self._ticks, WallTicks):
            paused = self._cycle.pause(True)
            self._ticks.go_on_until(lambda: self._cycle.at_rest, BRAKING_S)
            self._stop_ticks()  # before the pause ends: no tick may move the robot again
            self._cycle.pause(paused)
        self._stop_ticks()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close every interface and the solver."""
        done = super().on_cleanup(state)
        self._close_solver()
        return done

    def destroy_node(self) -> None:
        """End the threads before what they use."""
        self._stop_ticks()
        self._close_solver()
        super().destroy_node()

    def _open_source(self) -> PolicySource:
        """Return what makes chunks: a policy server if one is named, else System 1."""
        if self._params.backend:
            return RemoteSource(self._params, self._embodiment, self.get_logger())
        return LocalSource(self._params, self._embodiment, self._load)

    def _open(self, source: PolicySource) -> None:
        """Create publishers, subscriptions, services and the status timer."""
        robot, opened = self._embodiment, self._interfaces
        self._outputs = Outputs(opened, robot, self._params, self._on_refused_command)
        self._chunk_joints = [
            name for group in robot.model.action for name in robot.groups[group]]
        self._chunks = opened.publish(ActionChunk, 'action_chunk', NEWEST)
        self._steps = StepReport(opened)
        self._status = opened.publish_always(PolicyStatus, '~/status', NEWEST)
        self._inputs = ControllerInputs(
            self, opened, self._cycle, source, robot, step_locked=self._params.step_locked,
            after_state=self._on_state, after_plan=self._on_plan)
        StopInputs(self, opened, self._cycle, self._params)
        opened.serve(Trigger, '~/reset', self._on_reset)
        opened.repeat(STATUS_PERIOD_S, self._report)

    def _stop_ticks(self) -> None:
        """End the ticks, if there are any."""
        if self._ticks is not None:
            self._ticks.close()
            self._ticks = None

    def _close_solver(self) -> None:
        """End the solver, if there is one."""
        if self._source is not None:
            self._source.solver.close()
            self._source = None

    def _on_parameters(self, params: ControllerParams, _: frozenset[str]) -> None:
        """Follow the live parameters, all of which say when the robot rests."""
        self._params = params
        if self._source is not None:
            self._cycle.tune(stop_settings(params))

    def _on_tick(self, time: float) -> None:
        """Send what is due at `time` [s]."""
        tick = self._cycle.tick(time)
        self._sent = 0 if tick.command is None else self._outputs.send(tick.command, time)
        if tick.chunk is not None:
            self._chunks.publish(chunk_message(
                tick.chunk, self._chunk_joints, self._fingerprint))

    def _on_state(self, stamp: Time) -> None:
        """Tick with the joint states of a simulator that waits."""
        if isinstance(self._ticks, StateTicks):
            self._ticks.run(seconds(stamp))
            self._steps.tick_done(stamp, self._sent)

    def _on_plan(self, stamp: Time) -> None:
        """Tell a simulator that waits what can be planned from."""
        if self._params.step_locked:
            self._steps.tokens_held(stamp)

    def _on_refused_command(self, hold: Hold) -> None:
        """Rest for a while, then try again."""
        self._cycle.block(hold, until=now(self) + RETRY_S)

    def _on_reset(
        self, _: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        """Forget plan, tokens and pose; go on with what is captured from now on."""
        self._cycle.reset(now(self))
        self._steps.forget()
        response.success = True
        return response

    def _report(self) -> None:
        """Publish the status."""
        if isinstance(self._ticks, WallTicks):
            self._ticks.check()
        ticks = self._ticks.statistics if self._ticks is not None else None
        message = controller_status(self, self._cycle, ticks, self._inputs.monitors)
        message.wanted_output_rate = self._embodiment.rates.control_hz
        self._status.publish(message)
        self._diagnostics.publish(message)
        if ticks is not None:
            self._complaints.tell(message)


def main() -> int:
    """Run the controller until it is interrupted."""
    sys.setswitchinterval(GIL_SWITCH_S)
    return run(ControllerNode)
