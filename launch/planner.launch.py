"""Bring up the planner alone: System 2 on a machine with a GPU, the rest on the robot."""

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.substitutions import PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare


def generate_launch_description() -> LaunchDescription:
    """Describe the part of `humanoid.launch.py` that runs here; its arguments hold."""
    return LaunchDescription([
        IncludeLaunchDescription(
            PathJoinSubstitution([FindPackageShare('groot_ros'), 'launch', 'humanoid.launch.py']),
            launch_arguments={'nodes': 'planner', 'simulation': 'false'}.items()),
    ])
