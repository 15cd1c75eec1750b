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
from launch.substitutions import (
    IfElseSubstitution,
    LaunchConfiguration,
    PathJoinSubstitution,
)
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

SWITCH = ('true', 'false')
# As in humanoid.launch.py: every robot has its own frames, every simulated one its own time.
OWN = [('/tf', 'tf'), ('/tf_static', 'tf_static'), ('/clock', IfElseSubstitution(
    LaunchConfiguration('simulation'), 'clock', '/clock'))]


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments and the processes."""
    return LaunchDescription([
        *_arguments(),
        SetEnvironmentVariable('OMP_NUM_THREADS', '1'),
        SetEnvironmentVariable('OPENBLAS_NUM_THREADS', '1'),
        GroupAction([
            PushRosNamespace(LaunchConfiguration('namespace')), _teleoperator(), _simulator()]),
        _recorder(),
    ])


def _arguments() -> list[DeclareLaunchArgument]:
    def argument(name: str, default: object, description: str, **more: object):
        return DeclareLaunchArgument(
            name, default_value=default, description=description, **more)

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
        argument('namespace', '', 'Namespace of every node and topic.'),
        argument('params_file', PathJoinSubstitution(
            [FindPackageShare('groot_ros'), 'config', 'params', 'humanoid.yaml']),
            'YAML file with parameters of the nodes.'),
        argument('use_sim_time', 'false', 'Follow /clock, which the simulator then publishes.',
                 choices=SWITCH),
        argument('autostart', 'true', 'Configure and activate the node at once.',
                 choices=SWITCH),
        argument('log_level', 'info', 'Lowest severity that is logged.',
                 choices=('debug', 'info', 'warn', 'error', 'fatal')),
    ]


def _teleoperator() -> Node:
    return Node(
        package='groot_ros', executable='teleoperator', name='teleoperator', output='screen',
        remappings=OWN,
        parameters=[
            LaunchConfiguration('params_file'),
            {name: _text(name) for name in ('embodiment', 'input', 'instruction')}
            | {name: _switch(name) for name in ('use_sim_time', 'autostart')}],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        on_exit=Shutdown(reason='the teleoperator ended'))


def _simulator() -> Node:
    # The simulator makes the time that the others follow: it never gets use_sim_time.
    return Node(
        package='groot_ros', executable='simulator', name='simulator', output='screen',
        remappings=OWN, condition=IfCondition(LaunchConfiguration('simulation')),
        parameters=[
            LaunchConfiguration('params_file'),
            {'embodiment': _text('embodiment'), 'use_sim_time': False,
             'publish_clock': _switch('use_sim_time')}],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        on_exit=Shutdown(reason='the simulator ended'))


def _recorder() -> IncludeLaunchDescription:
    return IncludeLaunchDescription(
        PathJoinSubstitution([FindPackageShare('groot_ros'), 'launch', 'record.launch.py']),
        launch_arguments={'begin': 'false', 'checkpoint': ''}.items(),
        condition=IfCondition(LaunchConfiguration('record')))


def _text(name: str) -> ParameterValue:
    """Return an argument as a string parameter, whatever YAML would make of it."""
    return ParameterValue(LaunchConfiguration(name), value_type=str)


def _switch(name: str) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(name), value_type=bool)
