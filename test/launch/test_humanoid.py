"""The whole graph as real processes: told what to do, told otherwise, and left without a planner.

Time is step-locked: the simulated robot waits for the policy, so a slow machine changes nothing.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from groot_ros.data.bags import Bag
from groot_ros.data.instructions import Request, plain
from groot_ros.evaluation.plan import Condition, PlannedEpisode
from groot_ros.msg import PolicyStatus, RecordingStatus
from groot_ros.nodes.tools.graph_client import GraphClient
from groot_ros.nodes.tools.graph_process import Domain, GraphProcess
from groot_ros.simulation.scenario import draw_scenario

CHECKPOINT = os.environ.get('GROOT_ROS_TEST_CHECKPOINT', 'g1_tabletop')
START_S, EPISODE_S = 120.0, 120.0
SEED = 1_000_000


@pytest.fixture
def domain() -> Iterator[int]:
    claimed = Domain()
    yield claimed.number
    claimed.close()


@pytest.fixture
def graph(domain: int, tmp_path: Path) -> Iterator[GraphClient]:
    """A step-locked graph that is up."""
    arguments = {'checkpoint': CHECKPOINT, 'use_sim_time': 'true'}
    # Without a planner every image is waited for in vain: not for long.
    parameters = {'step_locked': True, 'patience_s': 0.5}
    with (
        GraphProcess(domain, arguments, parameters, tmp_path) as process,
        GraphClient(domain, process.check) as client,
    ):
        client.wait_until_active(START_S)
        yield client


def three_blocks() -> tuple[int, list[str]]:
    """Return a seed whose scene has three blocks, and their colours."""
    seed = next(
        seed for seed in range(SEED, SEED + 100) if len(draw_scenario(seed, 'touch').blocks) == 3)
    return seed, [block.colour for block in draw_scenario(seed, 'touch').blocks]


def start(client: GraphClient, seed: int, colour: str) -> None:
    words = plain(Request('touch', colour))
    client.start_episode(PlannedEpisode(Condition.TRAIN, 'touch', seed, colour, '', words))


def wait_for_touch(client: GraphClient, colour: str) -> None:
    client.spin_until(
        lambda: client.task_state and client.task_state.touched_block == colour,
        EPISODE_S, f'the {colour} block to be touched')


def processes_of(domain: int) -> list[str]:
    """Return the command lines of every process in a ROS domain but the daemon of `ros2`."""
    found = []
    for folder in Path('/proc').iterdir():
        try:
            if f'ROS_DOMAIN_ID={domain}\0'.encode() in (folder / 'environ').read_bytes():
                command = (folder / 'cmdline').read_text().replace('\0', ' ')
                if 'ros2cli.daemon' not in command:  # serves whoever asked something there
                    found.append(command)
        except OSError:
            continue
    return found


def test_the_named_block_is_touched_and_then_the_other_one(graph: GraphClient) -> None:
    seed, (first, second, _) = three_blocks()
    start(graph, seed, first)
    wait_for_touch(graph, first)
    graph.set_instruction(plain(Request('touch', second)))
    wait_for_touch(graph, second)


def test_the_robot_holds_when_the_planner_dies(graph: GraphClient, domain: int) -> None:
    statuses: list[PolicyStatus] = []
    joints: list[JointState] = []
    graph.node.create_subscription(PolicyStatus, 'controller/status', statuses.append, 1)
    graph.node.create_subscription(JointState, 'joint_states', joints.append, 1)
    seed, (colour, _, _) = three_blocks()
    start(graph, seed, colour)
    graph.spin_until(
        lambda: statuses and statuses[-1].state == PolicyStatus.RUNNING, EPISODE_S,
        'the controller to run')

    kill(domain, 'groot_ros/planner')
    held = PolicyStatus.HOLDING, PolicyStatus.STALE_TOKENS
    graph.spin_until(
        lambda: (statuses[-1].state, statuses[-1].reason) == held, EPISODE_S,
        'the controller to hold for want of tokens')
    assert statuses[-1].text

    graph.spin_until(
        lambda: max(map(abs, joints[-1].velocity)) < 0.02, EPISODE_S, 'the robot to rest')
    joints.clear()
    graph.spin_until(lambda: len(joints) > 60, EPISODE_S, 'half a second of rest')
    way = np.ptp([list(each.position) for each in joints], axis=0)
    assert way.max() < 0.01, 'it moves while it should hold'


def kill(domain: int, name: str) -> None:
    """Kill the process of a domain whose command line holds `name`."""
    for folder in Path('/proc').iterdir():
        if not folder.name.isdigit():
            continue
        try:
            own = f'ROS_DOMAIN_ID={domain}\0'.encode() in (folder / 'environ').read_bytes()
            if own and name in (folder / 'cmdline').read_text():
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:
            continue


def test_a_namespace_holds_every_topic(domain: int, tmp_path: Path) -> None:
    arguments = {'checkpoint': CHECKPOINT, 'namespace': 'robot1'}
    with (
        GraphProcess(domain, arguments, {}, tmp_path) as process,
        GraphClient(domain, process.check) as client,
    ):
        def topics() -> set[str]:
            return {name for name, _ in client.node.get_topic_names_and_types()}

        wanted = {f'/robot1/{name}' for name in (
            'joint_states', 'camera/head/image_raw', 'observation', 'goal_tokens', 'tf',
            'controller/status', 'robot_description')}
        client.spin_until(lambda: wanted <= topics(), START_S, f'the topics {sorted(wanted)}')
        ours = {'task_state', 'step_done', 'run_simulation', 'observation', 'goal_tokens'}
        assert not {f'/{name}' for name in ours - {'task_state'}} & topics()


def test_the_graph_ends_with_nothing_left(domain: int, tmp_path: Path) -> None:
    with (
        GraphProcess(domain, {'checkpoint': CHECKPOINT}, {}, tmp_path) as process,
        GraphClient(domain, process.check) as client,
    ):
        client.wait_until_active(START_S)
        client.call_service(SetBool, 'run_simulation', SetBool.Request(data=True))
    assert processes_of(domain) == []
    log = (tmp_path / 'launch.log').read_text()
    assert 'process has died' not in log
    assert log.count('process has finished cleanly') == 4


def test_a_real_robot_gets_no_simulator(domain: int, tmp_path: Path) -> None:
    arguments = {'checkpoint': CHECKPOINT, 'simulation': 'false'}
    with (
        GraphProcess(domain, arguments, {}, tmp_path) as process,
        GraphClient(domain, process.check) as client,
    ):
        client.spin_until(
            lambda: 'controller' in client.node.get_node_names(), START_S, 'the controller')
        assert not any('groot_ros/simulator' in each for each in processes_of(domain))


def test_a_missing_tool_is_named(domain: int) -> None:
    if any(Path('/opt/ros').glob('*')):
        pytest.skip('a full ROS installation has RViz')
    launched = subprocess.run(
        ['ros2', 'launch', 'groot_ros', 'humanoid.launch.py', 'use_rviz:=true'],
        capture_output=True, text=True, timeout=START_S, check=False,
        env=os.environ | {'ROS_DOMAIN_ID': str(domain)})
    assert 'ros-jazzy-rviz2' in launched.stdout + launched.stderr


def test_a_run_is_recorded(domain: int, tmp_path: Path) -> None:
    folder = tmp_path / 'recordings'
    arguments = {
        'checkpoint': CHECKPOINT, 'record': 'true', 'folder': str(folder), 'operator': 'Ana'}
    with (
        GraphProcess(domain, arguments, {}, tmp_path) as process,
        GraphClient(domain, process.check) as client,
    ):
        client.wait_until_active(START_S)
        recorder: list[RecordingStatus] = []
        client.node.create_subscription(
            RecordingStatus, 'recorder/status', recorder.append, 1)
        client.spin_until(
            lambda: bool(recorder) and recorder[-1].recording, START_S, 'the recorder')
        seed, (colour, _, _) = three_blocks()
        start(client, seed, colour)
        commands: list[JointTrajectory] = []
        client.node.create_subscription(
            JointTrajectory, 'upper_body_controller/joint_trajectory', commands.append, 10)
        client.spin_until(lambda: len(commands) > 100, EPISODE_S, 'the robot to move')
    with Bag(folder / 'episode_000000') as bag:
        recorded = {topic: bag.count(topic) for topic in bag.topics}
        assert bag.facts['operator'] == 'Ana'
        assert bag.facts['task'] == plain(Request('touch', colour))
    wanted = ('joint_states', 'camera/head/image_raw/compressed', 'current_instruction',
              'observation', 'goal_tokens', 'action_chunk', 'controller/status', 'tf',
              'robot_description', 'upper_body_controller/joint_trajectory')
    assert not [name for name in wanted if not recorded.get(f'/{name}')], recorded


def test_a_simulated_robot_is_recorded_by_the_clock_of_its_namespace(
    domain: int, tmp_path: Path
) -> None:
    arguments = {'namespace': 'robot1', 'simulation': 'true', 'use_sim_time': 'true',
                 'folder': str(tmp_path / 'recordings')}
    with (
        GraphProcess(domain, arguments, {}, tmp_path, 'record.launch.py') as process,
        GraphClient(domain, process.check, 'robot1') as client,
    ):
        clock = client.node.create_publisher(Clock, 'clock', 1)
        status: list[RecordingStatus] = []
        client.node.create_subscription(
            RecordingStatus, 'recorder/status', status.append, 1)

        def follows() -> bool:
            clock.publish(Clock(clock=Time(sec=123)))
            return bool(status) and status[-1].header.stamp.sec == 123

        client.spin_until(follows, START_S, 'the recorder to follow the clock')


def test_an_interrupted_demo_leaves_no_process(wait_for_line: Callable[..., str]) -> None:
    demo = subprocess.Popen(
        ['ros2', 'run', 'groot_ros', 'demo', '--checkpoint', CHECKPOINT], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    number = int(wait_for_line(demo, 'ROS_DOMAIN_ID=').partition('ROS_DOMAIN_ID=')[2].strip(')\n'))
    assert any('groot_ros/controller' in each for each in processes_of(number))
    os.killpg(demo.pid, signal.SIGINT)
    demo.communicate(timeout=60.0)
    assert processes_of(number) == []


@pytest.fixture
def wait_for_line() -> Callable[[subprocess.Popen, str], str]:
    """Read the output of a process until a line holds a text."""
    def wait(process: subprocess.Popen, text: str) -> str:
        assert process.stdout is not None
        seen = []
        for line in process.stdout:
            seen.append(line)
            if text in line:
                return line
        raise AssertionError(f'no line with {text!r} in:\n{"".join(seen)}')

    return wait
