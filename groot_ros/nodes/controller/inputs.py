"""What the controller acts on: joint states, what it plans from and the instruction."""

from __future__ import annotations

from collections.abc import Callable

from builtin_interfaces.msg import Time
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from groot_ros.control import Hold, HoldReason
from groot_ros.embodiment import Embodiment, check_against_description, read_description
from groot_ros.msg import GoalTokens, Instruction, Observation
from groot_ros.nodes.controller.chunk_exchange import ReceivedTokens
from groot_ros.nodes.controller.control_cycle import ControlCycle
from groot_ros.nodes.controller.policy_source import PolicySource
from groot_ros.nodes.shared.inputs import InputMonitor
from groot_ros.nodes.shared.instruction import Assignment
from groot_ros.nodes.shared.lifecycle import Interfaces
from groot_ros.nodes.shared.qos import LATCHED, NEWEST, sensor_qos
from groot_ros.nodes.shared.stamps import now, seconds
from groot_ros.observation import JointAssembler, Refusal


class ControllerInputs:
    """Subscriptions that hand what they can use to the control cycle.

    Attributes:
        monitors: Rate and age of joint states and of what is planned from.

    Args:
        node: The controller.
        interfaces: What opens and closes with its configuration.
        cycle: What to hand inputs to.
        source: Reads what is planned from.
        robot: The embodiment.
        step_locked: Whether a simulator waits for every message.
        after_state: Called with the stamp of joint states that were taken.
        after_plan: Called with the stamp of what can be planned from.
    """

    def __init__(
        self, node: LifecycleNode, interfaces: Interfaces, cycle: ControlCycle,
        source: PolicySource, robot: Embodiment, *, step_locked: bool,
        after_state: Callable[[Time], None], after_plan: Callable[[Time], None],
    ) -> None:
        self._node = node
        self._cycle = cycle
        self._source = source
        self._robot = robot
        self._after_state, self._after_plan = after_state, after_plan
        self._joints = JointAssembler(robot.joint_names)
        self._states = InputMonitor(robot.joint_state_topic, robot.rates.control_hz)
        self._plans = InputMonitor(source.topic, robot.rates.planner_hz)
        self.monitors = self._states, self._plans
        interfaces.subscribe(
            JointState, robot.joint_state_topic, self._on_joints, sensor_qos(step_locked))
        interfaces.subscribe(source.kind, source.topic, self._on_plan, NEWEST)
        interfaces.subscribe(Instruction, 'current_instruction', self._on_instruction, LATCHED)
        interfaces.subscribe(String, 'robot_description', self._on_description, LATCHED)

    def _on_joints(self, message: JointState) -> None:
        """Take joint states if every joint is known and in order."""
        stamp = seconds(message.header.stamp)
        self._states.count(stamp, now(self._node))
        refusal = self._joints.update(message.name, message.position, message.velocity, stamp)
        joints = refusal or self._joints.snapshot()
        if isinstance(joints, Refusal):
            self._cycle.on_refused_state(Hold(HoldReason[joints.reason.name], joints.text))
            return
        self._cycle.on_state(joints.positions, joints.stamp)
        self._after_state(message.header.stamp)

    def _on_plan(self, message: GoalTokens | Observation) -> None:
        """Take goal tokens, or the observations of a policy server, if they can be read."""
        self._plans.count(seconds(message.header.stamp), now(self._node))
        received = self._source.read(message)
        if isinstance(received, Hold):
            self._cycle.on_refused_tokens(received)
            return
        self._plan_from(received)
        self._after_plan(message.header.stamp)

    def _on_instruction(self, message: Instruction) -> None:
        """Follow what the planner was told: plans of earlier instructions are void."""
        assignment = Assignment(message.text, message.instruction_id, message.epoch)
        self._cycle.on_assignment(assignment)
        self._plan_from(self._source.assign(assignment))

    def _plan_from(self, received: ReceivedTokens | None) -> None:
        """Hand over what the next chunks are planned from, if there is something new."""
        if received is not None:
            self._cycle.on_tokens(received, now(self._node))

    def _on_description(self, message: String) -> None:
        """Refuse to move a robot whose own description differs from the embodiment file."""
        check_against_description(self._robot, read_description(message.data))
