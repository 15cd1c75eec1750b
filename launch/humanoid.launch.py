"""Bring up perception, planner and controller and, unless told not to, a simulated G1."""

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.conditions import IfCondition
from launch.substitutions import (
    EnvironmentVariable,
    EqualsSubstitution,
    IfElseSubstitution,
    LaunchConfiguration,
    PathJoinSubstitution,
    PythonExpression,
)
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from groot_ros.nodes.shared.launching import (
    OWN_NAMES,
    SWITCH,
    argument,
    common_arguments,
    own_node,
    simulator,
    switch,
    text,
)

RELEASES = ('n1_5', 'n1_6', 'n1_7')
VIEWERS = ('none', 'foxglove', 'web')
POLICY = ('perception', 'planner', 'controller')
# A process that dies may leave the shared memory of Fast DDS such that those who sent to it never
# get a large message through again, to nobody (eProsima/Fast-DDS, issue 5469).
TRANSPORTS = {'FASTDDS_BUILTIN_TRANSPORTS': EnvironmentVariable(
    'FASTDDS_BUILTIN_TRANSPORTS', default_value=IfElseSubstitution(
        LaunchConfiguration('use_respawn'), 'UDPv4', 'DEFAULT'))}


def generate_launch_description() -> LaunchDescription:
    """Describe the arguments and the processes."""
    return LaunchDescription([
        *_arguments(),
        # Several small processes on few cores: threads of one only delay the others.
        SetEnvironmentVariable('OMP_NUM_THREADS', '1'),
        SetEnvironmentVariable('OPENBLAS_NUM_THREADS', '1'),
        OpaqueFunction(function=_check_arguments),
        GroupAction([
            PushRosNamespace(LaunchConfiguration('namespace')),
            OpaqueFunction(function=_policy),
            simulator(),
            _visualizer(),
            _viewer('viewer', 'foxglove'),
            _viewer('operator_page', 'web'),
            _rviz(),
        ]),
        _recorder(),
    ])


def _arguments() -> list[DeclareLaunchArgument]:
    return [
        argument('embodiment', 'unitree_g1', 'Tag of the robot, or path of its YAML file.'),
        argument('checkpoint', 'g1_tabletop', 'Name of a shipped policy, path of a checkpoint '
                 'folder, or its owner/name on the Hugging Face hub.'),
        argument('allow_untrained', 'false', 'Take an embodiment that the checkpoint was never '
                 'trained for, although its actions are noise.', choices=SWITCH),
        argument('backend', '', 'Running GR00T policy server that plans instead of the '
                 'checkpoint, such as zmq://192.168.1.5:5555; empty for the checkpoint.'),
        argument('backend_version', 'n1_7', 'Release of that server.', choices=RELEASES),
        argument('action_period_s', '', 'Time from one action to the next [s]; empty for what '
                 'params_file says, else the checkpoint.'),
        argument('instruction', '', 'What to do from the start; empty for nothing.'),
        argument('nodes', ','.join(POLICY), 'Nodes of the policy that run on this machine; the '
                 'others run elsewhere in the same ROS domain.'),
        argument('simulation', 'true', 'Start the simulated Unitree G1; false for a real robot.',
                 choices=SWITCH),
        *common_arguments(),
        argument('use_rviz', 'false', 'Show robot and camera in RViz.', choices=SWITCH),
        argument('viewer', 'none', 'Live view without RViz: foxglove serves viewers on '
                 'ws://127.0.0.1:8765 (docs/viewing.md), web a page to operate the robot with on '
                 'http://127.0.0.1:8766 (docs/operator_page.md).', choices=VIEWERS),
        argument('use_respawn', 'false', 'Start a policy node again when it dies; '
                 'these nodes then use no shared memory.',
                 choices=SWITCH),
        argument('record', 'false', 'Record an episode from the start to the end; folder:=, '
                 'operator:=, licence:=, task:= as in record.launch.py.', choices=SWITCH),
    ]


def _policy(context: LaunchContext) -> list[Node]:
    given = {name: text(name) for name in ('embodiment', 'checkpoint', 'backend')}
    given['allow_untrained'] = switch('allow_untrained')
    served = {'backend_version': text('backend_version')}
    if context.launch_configurations['action_period_s']:
        served['action_period_s'] = ParameterValue(
            LaunchConfiguration('action_period_s'), value_type=float)
    return [
        _node('perception', given),
        _node('planner', given | {'instruction': text('instruction')}),
        _node('controller', given | served),
    ]


def _node(name: str, parameters: dict[str, object]) -> Node:
    switches = {'use_sim_time': switch('use_sim_time'), 'autostart': switch('autostart')}
    return own_node(
        name, parameters | switches,
        condition=IfCondition(PythonExpression(
            [f"'{name}' in '", LaunchConfiguration('nodes'), "'.split(',')"])),
        respawn=LaunchConfiguration('use_respawn'), respawn_delay=1.0,
        additional_env=TRANSPORTS)


def _visualizer() -> Node:
    return own_node(
        'visualizer', _common() | {'checkpoint': text('checkpoint')},
        condition=IfCondition(PythonExpression(
            ["'", LaunchConfiguration('use_rviz'), "' == 'true' or '",
             LaunchConfiguration('viewer'), "' != 'none'"])))


def _viewer(name: str, choice: str) -> Node:
    return own_node(
        name, _common(),
        condition=IfCondition(EqualsSubstitution(LaunchConfiguration('viewer'), choice)))


def _rviz() -> Node:
    config = PathJoinSubstitution(
        [FindPackageShare('groot_ros'), 'config', 'rviz', 'humanoid.rviz'])
    return Node(
        package='rviz2', executable='rviz2', output='screen', remappings=OWN_NAMES,
        condition=IfCondition(LaunchConfiguration('use_rviz')), arguments=['-d', config],
        parameters=[{'use_sim_time': switch('use_sim_time')}],
        on_exit=Shutdown(reason='RViz was closed'))


def _recorder() -> IncludeLaunchDescription:
    return IncludeLaunchDescription(
        PathJoinSubstitution([FindPackageShare('groot_ros'), 'launch', 'record.launch.py']),
        condition=IfCondition(LaunchConfiguration('record')))


def _check_arguments(context: LaunchContext) -> None:
    """Refuse at once what is misspelt, and what this machine has no tool for."""
    asked = context.launch_configurations
    if unknown := set(asked['nodes'].split(',')) - set(POLICY):
        raise RuntimeError(
            f"nodes:={asked['nodes']} names {sorted(unknown)}: write some of {','.join(POLICY)}, "
            'separated by commas without spaces')
    if asked['use_rviz'] == 'true':
        try:
            get_package_share_directory('rviz2')
        except PackageNotFoundError:
            raise RuntimeError(
                'use_rviz:=true needs rviz2, which is not installed here: '
                'sudo apt install ros-jazzy-rviz2') from None


def _common() -> dict[str, ParameterValue]:
    """Return what the nodes for those who look are told."""
    return {'embodiment': text('embodiment'), 'use_sim_time': switch('use_sim_time'),
            'autostart': switch('autostart')}
