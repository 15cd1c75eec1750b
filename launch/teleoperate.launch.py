"""Move a robot's hands by keyboard, gamepad or poses, and record what is shown to it."""

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.substitutions import FindPackageShare

from groot_ros.nodes.shared.launching import (
    SWITCH,
    argument,
    common_arguments,
    own_node,
    simulator,
    switch,
    text,
)


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments and the processes."""
    return LaunchDescription([
        *_arguments(),
        SetEnvironmentVariable('OMP_NUM_THREADS', '1'),
        SetEnvironmentVariable('OPENBLAS_NUM_THREADS', '1'),
        GroupAction([
            PushRosNamespace(LaunchConfiguration('namespace')), _teleoperator(), simulator()]),
        _recorder(),
    ])


def _arguments() -> list[DeclareLaunchArgument]:
    return [
        argument('embodiment', 'unitree_g1', 'Tag of the robot, or path of its YAML file.'),
        argument('input', 'keyboard', 'What leads the hands: teleoperate_keyboard in another '
                 'terminal, a gamepad on joy, or poses of a headset or tracker.',
                 choices=('keyboard', 'joy', 'pose')),
        argument('instruction', '', 'What is about to be shown; recordings say it.'),
        argument('simulation', 'false', 'Start the simulated Unitree G1.', choices=SWITCH),
        argument('record', 'false', 'Start the recorder; its episodes begin and end by key or '
                 'service. folder:=, operator:=, licence:=, task:= as in record.launch.py.',
                 choices=SWITCH),
        argument('teleoperation_device', LaunchConfiguration('input'),
                 'Name of the device in the facts of each recording.'),
        *common_arguments(),
    ]


def _teleoperator() -> Node:
    return own_node(
        'teleoperator',
        {name: text(name) for name in ('embodiment', 'input', 'instruction')}
        | {name: switch(name) for name in ('use_sim_time', 'autostart')},
        on_exit=Shutdown(reason='the teleoperator ended'))


def _recorder() -> IncludeLaunchDescription:
    return IncludeLaunchDescription(
        PathJoinSubstitution([FindPackageShare('groot_ros'), 'launch', 'record.launch.py']),
        launch_arguments={'begin': 'false', 'checkpoint': ''}.items(),
        condition=IfCondition(LaunchConfiguration('record')))
