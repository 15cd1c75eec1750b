"""What the demo, the evaluator and the benchmark do with a running graph."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Self

import rclpy
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

from groot_ros.evaluation.plan import PlannedEpisode
from groot_ros.msg import TaskState
from groot_ros.nodes.shared.qos import EVERY
from groot_ros.nodes.shared.question import Question
from groot_ros.nodes.tools.graph_process import GraphError
from groot_ros.srv import ResetEpisode, SetInstruction

POLICY_NODES = ('perception', 'planner', 'controller')
SERVICE_PATIENCE_S = 60.0
SPIN_S = 0.1


class GraphClient:
    """A node in the graph's domain that resets, instructs and watches.

    Args:
        domain: ROS_DOMAIN_ID of the graph.
        check: Raises when the graph is gone; called while waiting.
        namespace: Of the robot.
    """

    def __init__(
        self, domain: int, check: Callable[[], None] = lambda: None, namespace: str = ''
    ) -> None:
        self._check = check
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        self.node = Node('graph_client', namespace=namespace, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._reset = self.node.create_client(ResetEpisode, 'reset_episode')
        self._run = self.node.create_client(SetBool, 'run_simulation')
        self._forget = self.node.create_client(Trigger, 'controller/reset')
        self._instruct = self.node.create_client(SetInstruction, 'set_instruction')
        self._configure = self.node.create_client(SetParameters, 'simulator/set_parameters')
        self.task_state: TaskState | None = None
        self._watchers: list[Callable[[TaskState], None]] = []
        self.node.create_subscription(TaskState, 'task_state', self._on_task_state, EVERY)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the graph."""
        self._executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def spin_until(self, condition: Callable[[], bool], patience: float, what: str) -> None:
        """Serve callbacks until `condition` holds.

        Raises:
            GraphError: If it does not within `patience` [s of wall time], or the graph ended.
        """
        deadline = time.monotonic() + patience
        while not condition():
            self._check()
            if time.monotonic() > deadline:
                raise GraphError(f'waited {patience:.0f} s for {what} in vain')
            self._executor.spin_once(timeout_sec=SPIN_S)

    def spin_once(self) -> None:
        """Serve one callback, or none for a short time."""
        self._check()
        self._executor.spin_once(timeout_sec=SPIN_S)

    def wait_until_active(self, patience: float) -> None:
        """Wait until perception, planner, controller and simulator are at work."""
        for name in POLICY_NODES:
            client = self.node.create_client(GetState, f'{name}/get_state')
            self.spin_until(client.service_is_ready, patience, f'{name} to start')
            state = State.PRIMARY_STATE_UNKNOWN
            while state != State.PRIMARY_STATE_ACTIVE:
                state = self.call(client, GetState.Request(), patience).current_state.id
            self.node.destroy_client(client)
        for client in (self._reset, self._run, self._forget, self._instruct):
            self.spin_until(client.service_is_ready, patience, f'service {client.srv_name}')

    def call(self, client: Any, request: Any, patience: float = SERVICE_PATIENCE_S) -> Any:
        """Return the response of a service; asks again where an answer was lost."""
        question = Question(client, request)
        self.spin_until(question.is_answered, patience, f'an answer of {client.srv_name}')
        return question.answer

    def call_service(self, kind: type, service: str, request: Any) -> Any:
        """Return the response of any service of the graph, once it is there."""
        client = self.node.create_client(kind, service)
        self.spin_until(client.service_is_ready, SERVICE_PATIENCE_S, f'service {service}')
        response = self.call(client, request)
        self.node.destroy_client(client)
        return response

    def start_episode(self, episode: PlannedEpisode) -> ResetEpisode.Response:
        """Put the robot into the scene of an episode, tell it what to do and let time run.

        Raises:
            GraphError: If the simulator refuses the scene.
        """
        self.freeze()
        self._set_black_images(episode.black_images)
        scene = self.call(self._reset, ResetEpisode.Request(
            seed=episode.seed, task=episode.task, target_block=episode.target_block,
            destination=episode.destination, instruction=episode.instruction))
        if not scene.success:
            raise GraphError(f'reset_episode refused seed {episode.seed}: {scene.message}')
        self.call(self._forget, Trigger.Request())
        self.set_instruction(episode.instruction)
        self.task_state = None
        self.call(self._run, SetBool.Request(data=True))
        return scene

    def freeze(self) -> None:
        """Let the world stand still."""
        self.call(self._run, SetBool.Request(data=False))

    def set_instruction(self, text: str) -> None:
        """Tell the robot what to do."""
        self.call(self._instruct, SetInstruction.Request(instruction=text))

    def _set_black_images(self, black: bool) -> None:
        value = ParameterValue(type=ParameterType.PARAMETER_BOOL, bool_value=black)
        self.call(self._configure, SetParameters.Request(
            parameters=[Parameter(name='black_images', value=value)]))

    def watch(self, watcher: Callable[[TaskState], None]) -> None:
        """Call `watcher` with every task state."""
        self._watchers.append(watcher)

    def _on_task_state(self, message: TaskState) -> None:
        self.task_state = message
        for watcher in self._watchers:
            watcher(message)
