"""Record what a robot and its policy do, as bags; the policy may run already, or not at all."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

SWITCH = ('true', 'false')
TEXTS = {
    'embodiment': ('unitree_g1', 'Tag of the robot, or path of its YAML file.'),
    'checkpoint': ('', 'Policy that moves the robot; empty when it is teleoperated.'),
    'teleoperation_device': ('', 'What a person moves it with; empty when a policy does.'),
    'folder': ('recordings', 'Where the episodes go, each a bag of its own.'),
    'operator': ('', 'Who recorded.'),
    'licence': ('', 'Licence of the recording.'),
    'task': ('', 'Name of the task; empty takes the instruction in force.'),
}


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments and the recorder."""
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=default, description=description)
          for name, (default, description) in TEXTS.items()),
        DeclareLaunchArgument(
            'begin', default_value='true', choices=SWITCH,
            description='Begin an episode at once; false waits for recorder/start.'),
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of the robot.'),
        DeclareLaunchArgument(
            'params_file', default_value=PathJoinSubstitution(
                [FindPackageShare('groot_ros'), 'config', 'params', 'humanoid.yaml']),
            description='YAML file with parameters of the nodes.'),
        DeclareLaunchArgument(
            'use_sim_time', default_value='false', choices=SWITCH, description='Follow /clock.'),
        GroupAction([PushRosNamespace(LaunchConfiguration('namespace')), _recorder()]),
    ])


def _recorder() -> Node:
    def switch(name: str) -> ParameterValue:
        return ParameterValue(LaunchConfiguration(name), value_type=bool)

    texts = {name: ParameterValue(LaunchConfiguration(name), value_type=str) for name in TEXTS}
    switches = {name: switch(name) for name in ('begin', 'use_sim_time')}
    return Node(
        package='groot_ros', executable='recorder', name='recorder', output='screen',
        # tf2's topics are absolute; here every robot has its own.
        remappings=[('/tf', 'tf'), ('/tf_static', 'tf_static')],
        parameters=[LaunchConfiguration('params_file'), texts | switches],
        # What waits for the disk is written before the recorder ends.
        sigterm_timeout='30')
