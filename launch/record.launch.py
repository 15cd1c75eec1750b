"""Record what a robot and its policy do, as bags; the policy may run already, or not at all."""

from launch import LaunchDescription
from launch.actions import GroupAction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node, PushRosNamespace

from groot_ros.nodes.shared.launching import (
    SWITCH,
    argument,
    common_arguments,
    own_node,
    switch,
    text,
)

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
        *(argument(name, default, description)
          for name, (default, description) in TEXTS.items()),
        argument('begin', 'true', 'Begin an episode at once; false waits for recorder/start.',
                 choices=SWITCH),
        argument('simulation', 'false', 'The robot is the simulated one, whose clock is in its '
                 'namespace.', choices=SWITCH),
        *common_arguments(),
        GroupAction([PushRosNamespace(LaunchConfiguration('namespace')), _recorder()]),
    ])


def _recorder() -> Node:
    return own_node(
        'recorder',
        {name: text(name) for name in TEXTS}
        | {name: switch(name) for name in ('begin', 'use_sim_time', 'autostart')},
        # What waits for the disk is written before the recorder ends.
        sigterm_timeout='30')
