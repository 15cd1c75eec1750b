"""Replay a bag into perception, planner and controller, and end with the verdict as exit code."""

import sys
from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.events import Shutdown
from launch.events.process import ProcessExited, ProcessStarted
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, PushRosNamespace, SetParameter
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from groot_ros.data.bags import BagError
from groot_ros.embodiment import EmbodimentError
from groot_ros.replay.recording import Recording

MODES = ('exact', 'fast', 'realtime')
BAD_INPUT = 2
ARGUMENTS = {
    'bag': (None, 'Folder of the bag.'),
    'mode': ('exact', 'exact: step by step, the same commands every time; fast: the same without '
             'waiting for the planner at every step; realtime: at the pace of the bag.'),
    'embodiment': ('', 'Tag of the robot, or path of its YAML file; empty: as recorded.'),
    'checkpoint': ('', 'Name or folder of the policy; empty: as recorded.'),
    'report': ('', 'Folder for replay.json and replay.png; empty writes none.'),
    'thresholds': ('', 'YAML file with what is allowed; empty takes the shipped one.'),
    'renew': ('', 'Write the bag again as this folder, with the commands of this replay.'),
    'namespace': ('', 'Namespace of the robot while it was recorded.'),
}


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments beside those of `humanoid.launch.py`, the replayer and the policy."""
    replayer = _replayer()
    ending = Ending(replayer)
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=description,
                                choices=MODES if name == 'mode' else None)
          for name, (default, description) in ARGUMENTS.items()),
        RegisterEventHandler(OnProcessStart(on_start=ending.on_start)),
        RegisterEventHandler(OnProcessExit(on_exit=ending.on_exit)),
        OpaqueFunction(function=_start, args=[replayer]),
    ])


class Ending:
    """Ends the launch with its first process; the exit code is the replayer's.

    Args:
        replayer: Its process.
    """

    def __init__(self, replayer: Node) -> None:
        self._replayer = replayer
        self._running = 0
        self._code: int | None = None

    def on_start(self, _: ProcessStarted, __: LaunchContext) -> None:
        """Count a process."""
        self._running += 1

    def on_exit(self, event: ProcessExited, _: LaunchContext) -> EmitEvent | None:
        """End the others with the first process, and with the last one the launch."""
        self._running -= 1
        if self._code is None:
            # Its name is that of a debugger where a launch-prefix puts one before it.
            self._code = event.returncode if event.action is self._replayer else 1
            return EmitEvent(event=Shutdown(reason=f'{event.process_name} ended'))
        if not self._running and self._code:
            # launch itself knows no other exit codes than 0 and 1.
            sys.exit(self._code)
        return None


def _start(context: LaunchContext, replayer: Node) -> list[LaunchDescriptionEntity]:
    given = {name: context.launch_configurations[name] for name in ARGUMENTS}
    try:
        recording = Recording(Path(given['bag']), given['embodiment'], given['namespace'])
        checkpoint = given['checkpoint'] or recording.checkpoint
        recording.check_instructions()
        if not given['renew']:
            recording.check_commands()
    except (BagError, EmbodimentError, OSError) as error:
        print(f'replay: {error}', file=sys.stderr)
        sys.exit(BAD_INPUT)
    stepped = given['mode'] != 'realtime'
    policy = {
        'embodiment': given['embodiment'] or recording.robot.tag,
        'checkpoint': checkpoint,
        'simulation': 'false', 'use_sim_time': 'true', 'namespace': given['namespace']}
    return [
        GroupAction([
            PushRosNamespace(LaunchConfiguration('namespace')),
            replayer,
        ]),
        GroupAction([
            SetParameter('step_locked', stepped),
            IncludeLaunchDescription(
                PathJoinSubstitution(
                    [FindPackageShare('groot_ros'), 'launch', 'humanoid.launch.py']),
                launch_arguments=policy.items()),
        ]),
    ]


def _replayer() -> Node:
    texts = ('bag', 'mode', 'embodiment', 'report', 'thresholds', 'renew')
    return Node(
        package='groot_ros', executable='replayer', name='replayer', output='screen',
        parameters=[{name: ParameterValue(LaunchConfiguration(name), value_type=str)
                     for name in texts}])
