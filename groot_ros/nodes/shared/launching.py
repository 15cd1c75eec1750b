"""What the launch files share: arguments, own names of topics, nodes of this package."""

from __future__ import annotations

from typing import Any

from launch.actions import DeclareLaunchArgument, Shutdown
from launch.conditions import IfCondition
from launch.substitutions import IfElseSubstitution, LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

SWITCH = ('true', 'false')
LEVELS = ('debug', 'info', 'warn', 'error', 'fatal')
OWN_NAMES = [('/tf', 'tf'), ('/tf_static', 'tf_static'), ('/clock', IfElseSubstitution(
    LaunchConfiguration('simulation'), 'clock', '/clock'))]
"""tf2 and clocks use absolute names; with these remappings every robot has its own frames and
every simulated robot its own time."""


def argument(name: str, default: object, description: str, **more: Any) -> DeclareLaunchArgument:
    """Return a launch argument."""
    return DeclareLaunchArgument(name, default_value=default, description=description, **more)


def common_arguments() -> list[DeclareLaunchArgument]:
    """Return the arguments of every file that starts nodes of this package."""
    return [
        argument('namespace', '', 'Namespace of every node and topic.'),
        argument('params_file', PathJoinSubstitution(
            [FindPackageShare('groot_ros'), 'config', 'params', 'humanoid.yaml']),
            'YAML file with parameters of the nodes.'),
        argument('use_sim_time', 'false', 'Follow /clock, which the simulator then publishes.',
                 choices=SWITCH),
        argument('autostart', 'true', 'Configure and activate the nodes at once.', choices=SWITCH),
        argument('log_level', 'info', 'Lowest severity that is logged.', choices=LEVELS),
    ]


def own_node(name: str, parameters: dict[str, object], **more: Any) -> Node:
    """Return a node of this package; its executable has the same name.

    Args:
        name: Of both.
        parameters: Beside those of params_file.
        more: For launch_ros.actions.Node.
    """
    return Node(
        package='groot_ros', executable=name, name=name, output='screen', remappings=OWN_NAMES,
        parameters=[LaunchConfiguration('params_file'), parameters],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')], **more)


def simulator() -> Node:
    """Return the simulated robot, if `simulation` asks for it; everything ends with it."""
    # It makes the time that the others follow: it never gets use_sim_time.
    return own_node(
        'simulator',
        {'embodiment': text('embodiment'), 'use_sim_time': False,
         'publish_clock': switch('use_sim_time')},
        condition=IfCondition(LaunchConfiguration('simulation')),
        on_exit=Shutdown(reason='the simulator ended'))


def text(name: str) -> ParameterValue:
    """Return an argument as a string parameter, whatever YAML would make of it."""
    return ParameterValue(LaunchConfiguration(name), value_type=str)


def switch(name: str) -> ParameterValue:
    """Return an argument as a boolean parameter."""
    return ParameterValue(LaunchConfiguration(name), value_type=bool)
