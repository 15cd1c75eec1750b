"""Teleoperation as a node: what a person does with the hands in, joint commands out."""

from __future__ import annotations

import time

from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from mink import SE3
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger

from groot_ros.control import Hold, HoldReason
from groot_ros.control.tracking import RETRY_S
from groot_ros.embodiment import (
    EmbodimentError,
    check_against_description,
    load_embodiment,
    read_description,
)
from groot_ros.msg import Instruction, PolicyStatus
from groot_ros.nodes.messages.instructions import instruction_message
from groot_ros.nodes.shared.diagnostics import Diagnostics
from groot_ros.nodes.shared.emergency_stop import EmergencyStopInputs
from groot_ros.nodes.shared.inputs import InputMonitor
from groot_ros.nodes.shared.instruction import InstructionRegister
from groot_ros.nodes.shared.lifecycle import run
from groot_ros.nodes.shared.outputs import Outputs
from groot_ros.nodes.shared.pacing import RateMeter
from groot_ros.nodes.shared.parameters import declare_parameters
from groot_ros.nodes.shared.policy_node import PolicyNode, logged
from groot_ros.nodes.shared.qos import LATCHED, NEWEST, sensor_qos
from groot_ros.nodes.shared.stamps import now, seconds, stamp_at
from groot_ros.nodes.shared.status import REASONS, STATUS_PERIOD_S, Complaints
from groot_ros.nodes.shared.ticks import Ticks, WallTicks, start_ticks
from groot_ros.nodes.teleoperator.devices import Devices
from groot_ros.nodes.teleoperator.parameters import TeleoperatorParams, session_settings
from groot_ros.nodes.teleoperator.rivals import find_rival
from groot_ros.nodes.teleoperator.status import teleoperator_status
from groot_ros.observation import JointAssembler, Refusal
from groot_ros.srv import SetInstruction
from groot_ros.teleoperation.clutch import Clutch
from groot_ros.teleoperation.errors import TeleoperationError
from groot_ros.teleoperation.model import read_model
from groot_ros.teleoperation.session import Session

BRAKING_S = 2.0
"""Longest wait for the robot to come to rest."""
POSE_PERIOD_S = 0.05
INACTIVE = Hold(HoldReason.PAUSED_BY_USER, 'not active')
MILLION = 1_000_000


class TeleoperatorNode(PolicyNode):
    """Leads the hands at the embodiment's rate; `Session` decides."""

    def __init__(self) -> None:
        super().__init__('teleoperator')
        self._params = declare_parameters(self, TeleoperatorParams)
        self._complaints = Complaints(self)
        self._diagnostics = Diagnostics(self, self._interfaces.delivery, ticking=True)
        self._robot = load_embodiment(self._params.embodiment)
        self._devices = Devices(self, self._robot, self._params)
        self._clutch = Clutch(self._params.clutch_timeout_s, self._devices.clutch_source)
        EmergencyStopInputs(self, self._clutch.emergency, then='a new engagement of the clutch')
        self._register = InstructionRegister(first_epoch=time.time_ns() // MILLION)
        self._commands = RateMeter(120)
        self._ticks: Ticks | None = None

    @logged
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open every interface."""
        if not self._robot.hands:
            self.get_logger().fatal(
                f'embodiment {self._robot.tag} names no hands: add the section hands to its file')
            return TransitionCallbackReturn.FAILURE
        self._devices = Devices(self, self._robot, self._params)
        self._session = Session(
            self._robot, self._devices.guides, self._clutch, session_settings(self._params))
        self._open()
        self._assign(self._params.instruction)
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the ticks; what came before does not act."""
        self._session.unblock(INACTIVE.reason)
        self._session.reset(now(self))
        self._look_for_rivals()
        self._ticks = start_ticks(
            self, self._robot.rates.control_hz, self._on_tick, step_locked=False,
            priority=self._params.realtime_priority)
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Bring the robot to rest and end the ticks."""
        if isinstance(self._ticks, WallTicks):
            self._session.block(INACTIVE)
            self._ticks.go_on_until(lambda: self._session.at_rest, BRAKING_S)
        self._stop_ticks()
        return super().on_deactivate(state)

    def destroy_node(self) -> None:
        """End the ticks before what they use."""
        self._stop_ticks()
        super().destroy_node()

    def _open(self) -> None:
        """Create publishers, subscriptions, services and timers."""
        robot, opened = self._robot, self._interfaces
        self._outputs = Outputs(opened, robot, self._params, self._on_refused_command)
        self._poses = {
            hand.name: opened.publish(PoseStamped, f'~/{hand.name}/pose', NEWEST)
            for hand in robot.hands}
        self._status = opened.publish_always(PolicyStatus, '~/status', NEWEST)
        self._announced = opened.publish_always(Instruction, 'current_instruction', LATCHED)
        self._joints = JointAssembler(robot.joint_names)
        self._states = InputMonitor(robot.joint_state_topic, robot.rates.control_hz)
        opened.subscribe(
            JointState, robot.joint_state_topic, self._on_joints, sensor_qos(step_locked=False))
        opened.subscribe(String, 'robot_description', self._on_description, LATCHED)
        self._devices.open(opened, self._session)
        opened.serve(SetInstruction, 'set_instruction', self._on_instruction)
        opened.serve(Trigger, '~/reset', self._on_reset)
        opened.repeat(STATUS_PERIOD_S, self._report)
        opened.repeat(POSE_PERIOD_S, self._publish_poses)

    def _stop_ticks(self) -> None:
        if self._ticks is not None:
            self._ticks.close()
            self._ticks = None

    def _on_tick(self, time_now: float) -> None:
        """Send what is due at `time_now` [s]."""
        command = self._session.tick(time_now)
        if command is not None:
            self._outputs.send(command, time_now)
            self._commands.count(time_now)

    def _on_joints(self, message: JointState) -> None:
        """Take joint states if every joint is known and in order."""
        stamp = seconds(message.header.stamp)
        self._states.count(stamp, now(self))
        refusal = self._joints.update(message.name, message.position, message.velocity, stamp)
        joints = refusal or self._joints.snapshot()
        if isinstance(joints, Refusal):
            self._session.on_refused_state(Hold(HoldReason[joints.reason.name], joints.text))
            return
        self._session.on_state(joints.positions, joints.stamp)

    def _on_description(self, message: String) -> None:
        """Take the robot's kinematics, if they are those of the embodiment."""
        try:
            check_against_description(self._robot, read_description(message.data))
            self._session.on_model(read_model(message.data, self._robot))
        except (EmbodimentError, TeleoperationError) as error:
            self._session.on_no_model(str(error))

    def _on_instruction(
        self, request: SetInstruction.Request, response: SetInstruction.Response
    ) -> SetInstruction.Response:
        """Announce what the person is about to do: recordings say it."""
        self._assign(request.instruction)
        response.success = True
        response.instruction_id = self._register.current.instruction_id
        response.epoch = self._register.current.epoch
        return response

    def _assign(self, text: str) -> None:
        self._announced.publish(instruction_message(self._register.assign(text), now(self)))

    def _on_refused_command(self, hold: Hold) -> None:
        """Rest for a while, then try again."""
        self._session.block(hold, until=now(self) + RETRY_S)

    def _on_reset(
        self, _: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        """Forget the robot's pose, as when a simulator put it elsewhere."""
        self._session.reset(now(self))
        response.success = True
        return response

    def _look_for_rivals(self) -> None:
        rival = find_rival(self, self._robot)
        if rival is not None:
            self._session.block(rival)
        else:
            self._session.unblock(HoldReason.COMMANDED_ELSEWHERE)

    def _publish_poses(self) -> None:
        """Publish where the hands are commanded to be: devices begin there, RViz shows it."""
        for name, pose in self._session.poses().items():
            message = PoseStamped(pose=_pose(pose))
            message.header.frame_id = self._robot.base_frame
            message.header.stamp = stamp_at(now(self))
            self._poses[name].publish(message)

    def _report(self) -> None:
        """Publish the status."""
        if isinstance(self._ticks, WallTicks):
            self._ticks.check()
        self._look_for_rivals()
        ticks = self._ticks.statistics if self._ticks is not None else None
        message = teleoperator_status(
            self, self._session, ticks, [self._states, *self._devices.monitors],
            self._register.current)
        message.output_rate = self._commands.rate(now(self))
        message.wanted_output_rate = self._robot.rates.control_hz
        self._status.publish(message)
        self._diagnostics.publish(message)
        # A released clutch is what a person wants, not worth a warning.
        if ticks is not None and REASONS[message.reason] != 'DEADMAN_RELEASED':
            self._complaints.tell(message)


def _pose(pose: SE3) -> Pose:
    x, y, z = pose.translation().tolist()
    w, i, j, k = pose.rotation().wxyz.tolist()
    return Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(w=w, x=i, y=j, z=k))


def main() -> int:
    """Lead the hands until interrupted."""
    return run(TeleoperatorNode)
