"""A Unitree G1 at a table as a node: sensors out, joint commands in, like the real robot."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Float32
from std_srvs.srv import SetBool

from groot_ros.data.instructions import Request, plain
from groot_ros.embodiment import load_embodiment
from groot_ros.msg import StepDone, TaskState
from groot_ros.nodes.shared.parameters import ParameterError, declare_parameters, param
from groot_ros.nodes.shared.processes import REFUSALS, callbacks_untorn, called_by, run_process
from groot_ros.nodes.shared.qos import EVERY, NEWEST
from groot_ros.nodes.shared.stamps import now, stamp_at
from groot_ros.nodes.shared.stepping import run_step_locked
from groot_ros.nodes.simulator.commands import CommandInputs
from groot_ros.nodes.simulator.loop import run_in_real_time
from groot_ros.nodes.simulator.messages import block_pose, write_task_state
from groot_ros.nodes.simulator.sensors import SimulatorSensors
from groot_ros.simulation.command_follower import CommandFollower
from groot_ros.simulation.errors import SimulationError
from groot_ros.simulation.robot import JOINTS
from groot_ros.simulation.scenario import draw_scenario
from groot_ros.simulation.step_lock import StepLock
from groot_ros.simulation.tasks import TaskMonitor
from groot_ros.simulation.timing import steps_until
from groot_ros.simulation.world import TabletopWorld
from groot_ros.srv import ResetEpisode

TICK_HZ = 120
TASK_STATE_TICKS = 6


@dataclass(frozen=True)
class SimulatorParams:
    """Parameters of the simulator."""

    embodiment: str = param('unitree_g1', 'Tag of the robot, or path of its YAML file.')
    seed: int = param(0, 'Scene to start with.', bounds=(0, 2**31 - 1))
    task: str = param('', 'Task to start with; empty draws it from the seed.')
    camera_hz: float = param(10.0, 'Rate of the head camera [Hz].', bounds=(0.5, 60.0))
    real_time_factor: float = param(
        1.0, 'Simulated seconds per second of wall time; other than 1 needs publish_clock.',
        bounds=(0.01, 100.0))
    publish_clock: bool = param(False, 'Publish /clock, for nodes with use_sim_time.')
    step_locked: bool = param(False, 'Wait for the policy in every tick; publishes /clock.')
    vision_delay_ticks: int = param(
        6, 'Step-locked: ticks from an image to the tick that needs its goal tokens.',
        bounds=(1, 120))
    patience_s: float = param(
        5.0, 'Step-locked: longest wait for the policy [s of wall time].', bounds=(0.1, 600.0))
    black_images: bool = param(
        False, 'Publish black images: a control experiment for policies.', live=True)
    camera: bool = param(True, 'Publish images; false for a camera that died.', live=True)


class SimulatorNode(Node):
    """Ticks of 1/120 s: publish what the sensors see, then follow the commands."""

    def __init__(self) -> None:
        super().__init__('simulator')
        self._params = declare_parameters(self, SimulatorParams)
        self._embodiment = load_embodiment(self._params.embodiment)
        if set(self._embodiment.joint_names) != set(JOINTS):
            raise ParameterError(
                f'embodiment {self._embodiment.tag} has other joints than the simulated G1: '
                'use unitree_g1, or simulation:=false with a real robot')
        self.simulated_clock = self._params.publish_clock or self._params.step_locked
        if self._params.real_time_factor != 1.0 and not self.simulated_clock:
            raise ParameterError(
                'real_time_factor other than 1 needs a simulated clock: set use_sim_time:=true')
        self.lock = StepLock(self._params.vision_delay_ticks)
        self.tick = self._episode = 0
        self._first_tick = self._ticks_run = self._steps_taken = 0
        self.running = not self._params.step_locked
        self._world = TabletopWorld()
        self._follower = CommandFollower(JOINTS, self._embodiment.home)
        self._sensors = SimulatorSensors(self, self._world, self._embodiment)
        self._commands = CommandInputs(
            self, self._embodiment.outputs, self._follower, time=self.time,
            on_command=self._on_command, may_move=lambda: self.running)
        self._open()
        self._start_episode(ResetEpisode.Request(seed=self._params.seed, task=self._params.task))
        self._wall_time, self._wall_tick = time.monotonic(), 0

    @property
    def params(self) -> SimulatorParams:
        """The parameters given at start."""
        return self._params

    def time(self) -> float:
        """Return the time of the robot's clock [s]."""
        if not self.simulated_clock:
            return now(self)
        # Whole microseconds survive every conversion; time 0 would mean "no clock yet".
        return 1.0 + (self.tick * 1_000_000 // TICK_HZ) * 1e-6

    def publish_tick(self) -> None:
        """Publish what the sensors see now."""
        time_now = self.time()
        if self.simulated_clock:
            self._clock_topic.publish(Clock(clock=stamp_at(time_now)))
        self.lock.tick_sent(round(time_now * 1e6) * 1000)
        # Joints first: an image takes longer to draw than a tick lasts.
        self._sensors.publish_joints(time_now)
        ticks = self.tick - self._first_tick
        due = ticks % round(TICK_HZ / self._params.camera_hz) == 0
        if due and self.get_parameter('camera').value:
            black = self.get_parameter('black_images').value
            self._sensors.publish_images(time_now, black=black)
            self.lock.image_sent(self.tick, round(time_now * 1e6) * 1000)
        if ticks % TASK_STATE_TICKS == 0:
            self._publish_task_state(time_now)
            self._sensors.publish_frames(time_now)
        if self.tick % TICK_HZ == 0:
            self._report_speed()

    def publish_idle(self) -> None:
        """Keep the clock known while time stands still."""
        self._clock_topic.publish(Clock(clock=stamp_at(self.time())))

    def advance(self) -> None:
        """Follow the commands through one tick of physics, unless the world is frozen."""
        self.tick += 1
        if not self.running:
            return
        self._world.set_targets(self._follower.targets(self.time()))
        self._ticks_run += 1
        steps = steps_until(self._ticks_run)
        self._world.step(steps - self._steps_taken)
        self._steps_taken = steps
        self._monitor.update()

    def report_wait(self, what: str) -> None:
        """Tell what the step-locked simulation waited for in vain, and wait for it no more."""
        self.lock.forgive()
        self.get_logger().warning(
            f'waited {self._params.patience_s:.1f} s for {what}, going on without: are perception,'
            ' planner and controller active and started with step_locked:=true?',
            throttle_duration_sec=5.0)

    def _open(self) -> None:
        """Create the publishers and services that are not sensors."""
        self._clock_topic = self.create_publisher(Clock, '/clock', NEWEST)
        self._task_state = self.create_publisher(TaskState, 'task_state', EVERY)
        self._speed = self.create_publisher(Float32, 'real_time_factor', NEWEST)
        self.create_subscription(StepDone, 'step_done', self._on_step_done, EVERY)
        self.create_service(ResetEpisode, 'reset_episode', self._on_reset)
        self.create_service(SetBool, 'run_simulation', self._on_run)

    def _start_episode(self, request: ResetEpisode.Request) -> None:
        """Draw the scene that was asked for and put the robot into it.

        Raises:
            SimulationError: If the scene has no such task, block or destination.
        """
        scenario = draw_scenario(
            request.seed, request.task or None, target_block=request.target_block or None,
            destination=request.destination or None)
        self._world.reset(scenario)
        self._monitor = TaskMonitor(self._world)
        self._follower.reset(self._world.targets)
        self._instruction = request.instruction or plain(
            Request(scenario.task, scenario.target_block, scenario.destination))
        self.lock.reset()
        self._episode += 1
        self._first_tick = self.tick
        self._ticks_run = self._steps_taken = 0
        self.running = self.running and not self._params.step_locked

    def _publish_task_state(self, time_now: float) -> None:
        message = TaskState(instruction=self._instruction, episode=self._episode)
        message.header.stamp = stamp_at(time_now)
        write_task_state(message, self._world, self._monitor)
        self._task_state.publish(message)

    def _report_speed(self) -> None:
        """Publish the real-time factor had since the last report."""
        wall = time.monotonic()
        simulated = (self.tick - self._wall_tick) / TICK_HZ
        self._speed.publish(Float32(data=simulated / max(wall - self._wall_time, 1e-6)))
        self._wall_time, self._wall_tick = wall, self.tick

    def _on_command(self) -> bool:
        """Count a command and tell whether the robot may follow it: a frozen one does not."""
        self.lock.command_received()
        return self.running

    def _on_step_done(self, message: StepDone) -> None:
        stamp, tokens = message.header.stamp, message.tokens_stamp
        self.lock.step_done(
            stamp.sec * 10**9 + stamp.nanosec, tokens.sec * 10**9 + tokens.nanosec,
            message.commands)

    def _on_reset(
        self, request: ResetEpisode.Request, response: ResetEpisode.Response
    ) -> ResetEpisode.Response:
        """Start another episode; in step-locked mode time stands still until it is run."""
        try:
            self._start_episode(request)
        except SimulationError as error:
            response.message = str(error)
            return response
        scenario = self._world.scenario
        response.success = True
        response.task, response.instruction = scenario.task, self._instruction
        response.target_block, response.destination = (
            scenario.target_block, scenario.destination)
        response.block_names = [block.colour for block in scenario.blocks]
        response.block_poses = [block_pose(self._world, n) for n in response.block_names]
        return response

    def _on_run(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        """Let the world go on or freeze it; in real time its sensors go on either way."""
        if request.data and not self.running and self._params.step_locked:
            # A stamp that nobody has seen yet: the policy drops what is as old as its reset. On
            # whole seconds every episode has the same fractions of time, rounded the same way.
            self.tick += TICK_HZ - self.tick % TICK_HZ
        if self._ticks_run == 0:
            self._first_tick = self.tick
        self.running = request.data
        response.success = True
        return response


def main(args: Sequence[str] | None = None) -> int:
    """Simulate until interrupted; returns the exit code."""
    return run_process(_simulate, args, refusals=(*REFUSALS, SimulationError))


def _simulate() -> int:
    node, executor = SimulatorNode(), SingleThreadedExecutor()
    with called_by(executor, node), callbacks_untorn():
        if node.params.step_locked:
            run_step_locked(
                node, executor, node.lock, patience=node.params.patience_s, is_up=rclpy.ok)
        else:
            run_in_real_time(
                node, executor, 1.0 / (TICK_HZ * node.params.real_time_factor), rclpy.ok)
    return 0
