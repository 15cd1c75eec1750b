"""From facts about a graph to what is wrong with it: a healthy one, spoiled one fact at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from healthy_graph import (
    CAMERA,
    COMMANDS,
    COMPRESSED,
    HEAD,
    HEALTHY,
    IMAGE,
    JOINT_STATE,
    JOINTS,
    ROBOT,
    STATES,
    end,
    node,
    stopped,
)

from groot_ros.diagnosis import (
    ClockFacts,
    Finding,
    GraphFacts,
    Heard,
    Level,
    NodeFacts,
    Surroundings,
    Topic,
    diagnose,
)
from groot_ros.diagnosis.outputs import KINDS
from groot_ros.diagnosis.remedies import REMEDIES, remedy
from groot_ros.embodiment import Embodiment


def with_node(changed: NodeFacts) -> GraphFacts:
    return replace(HEALTHY, nodes=tuple(
        changed if each.name == changed.name else each for each in HEALTHY.nodes))


def with_nodes(**parameters: Any) -> GraphFacts:
    return replace(HEALTHY, nodes=tuple(
        replace(each, parameters={**each.parameters, **parameters}) for each in HEALTHY.nodes))


def with_topic(name: str, topic: Topic, instead_of: str = '') -> GraphFacts:
    kept = {key: value for key, value in HEALTHY.topics.items() if key != instead_of}
    return replace(HEALTHY, topics=kept | {name: topic})


def with_camera(**changed: Any) -> GraphFacts:
    return replace(HEALTHY, heard=dict(HEALTHY.heard) | {CAMERA: replace(HEAD, **changed)})


def with_joints(**changed: Any) -> GraphFacts:
    return replace(HEALTHY, heard=dict(HEALTHY.heard) | {STATES: replace(JOINTS, **changed)})


def wrong(facts: GraphFacts, robot: Embodiment = ROBOT) -> list[Finding]:
    return [each for each in diagnose(facts, robot) if each.level > Level.OK]


def test_nothing_is_wrong_with_a_healthy_graph() -> None:
    findings = diagnose(HEALTHY, ROBOT)
    assert not wrong(HEALTHY)
    assert [each.subject for each in findings] == [
        'graph', 'camera head', 'joints', 'perception', 'planner', 'controller',
        'output upper_body', 'output left_hand', 'output right_hand']


OTHER_CAMERA = with_topic(
    '/cam/head/image_raw', Topic((end('/camera', IMAGE),)), instead_of=CAMERA)
SIM = {'use_sim_time': True}
FAULTS: dict[str, tuple[GraphFacts, str, str]] = {
    'another camera topic': (
        OTHER_CAMERA, 'camera head', 'did you mean /cam/head/image_raw?'),
    'compressed alone': (
        with_topic(CAMERA + '/compressed', Topic((end('/camera', COMPRESSED),)), CAMERA),
        'camera head', 'transport: compressed'),
    'another image type': (
        with_topic(CAMERA, Topic((end('/camera', COMPRESSED),))), 'camera head',
        f'has type {COMPRESSED} (from /camera), wanted {IMAGE}'),
    'no image': (with_camera(count=0), 'camera head', 'nothing comes, although /camera'),
    'no image of one who sends joint states': (
        replace(with_camera(count=0), topics={**HEALTHY.topics, STATES: Topic(
            (end('/camera', JOINT_STATE),))}),
        'camera head', 'what it sends on /joint_states does come'),
    'an image that reaches others': (
        with_node(stopped('perception', 'NO_IMAGE')), 'perception',
        'NO_IMAGE: as it said; yet every image comes here'),
    'an observation that is sent': (
        with_node(stopped('planner', 'STALE_OBSERVATION')), 'planner',
        'yet perception sends 10.0 Hz'),
    'goal tokens that are sent': (
        with_node(stopped('controller', 'NO_TOKENS')), 'controller', 'yet planner sends 10.0 Hz'),
    'unknown encoding': (
        with_camera(error="encoding 'x' is not understood"), 'camera head', "encoding 'x'"),
    'black': (with_camera(black=True), 'camera head', 'every pixel is black'),
    'small': (with_camera(size=(160, 120)), 'camera head', 'the checkpoint looks at 192 x 192'),
    'slow camera': (with_camera(rate=1.9), 'camera head', 'at least 2.0 Hz are needed'),
    'rather slow camera': (with_camera(rate=4.9), 'camera head', '4.9 Hz, 10 Hz are wanted'),
    'old images': (with_camera(youngest=0.6, typical=0.7), 'camera head', '0.60 s old'),
    'images of the future': (with_camera(youngest=-2.1, typical=-2.0), 'camera head', '2.00 s in'),
    'images without stamps': (
        with_camera(youngest=1.7e9, typical=1.7e9), 'camera head', 'driver fill in header.stamp'),
    'no joint states': (
        with_topic('/x', Topic(), STATES), 'joints', 'start the robot driver'),
    'a joint less': (
        with_joints(names=JOINTS.names - {'waist_yaw_joint'} | {'waist_yaw'}), 'joints',
        "did you mean 'waist_yaw'?"),
    'another robot': (with_joints(names=frozenset({'a'})), 'joints', 'none of the joints'),
    'slow joints': (with_joints(rate=9.0), 'joints', 'at least 10.0 Hz are needed'),
    'best effort': (
        with_topic(CAMERA, Topic(
            (end('/camera', IMAGE, reliable=False),), (end('/perception', IMAGE),))),
        'delivery', f'offered best effort, wanted reliable on {CAMERA} (from /camera to '
        '/perception)'),
    'a node less': (
        with_node(node('planner', instances=0)), 'planner', '/planner is not running'),
    'a node twice': (with_node(node('planner', instances=2)), 'planner', '2 nodes are called'),
    'a node that hangs': (
        with_node(node('planner', lifecycle=None)), 'planner', 'does not answer'),
    'not configured': (
        with_node(node('planner', lifecycle='unconfigured')), 'planner',
        'ros2 lifecycle set /planner configure && ros2 lifecycle set /planner activate'),
    'not activated': (
        with_node(node('planner', lifecycle='inactive')), 'planner',
        'must be active ros2 lifecycle set /planner activate'),
    'no status': (with_node(node('planner', status=None)), 'planner', '/planner/status'),
    'stale tokens': (
        with_node(stopped('controller', 'STALE_TOKENS')), 'controller',
        'HOLDING, STALE_TOKENS: as it said'),
    'other checkpoints': (
        with_node(node('planner', parameters={'checkpoint': 'mine'})), 'checkpoint',
        'perception has g1_tabletop, planner has mine, controller has g1_tabletop'),
    'no clock': (with_nodes(**SIM), 'clock', 'nobody publishes /clock'),
    'a clock that stands': (
        replace(with_nodes(**SIM), clock=ClockFacts(5)), 'clock', 'stands still'),
    'one follows the clock': (
        replace(with_node(node('planner', parameters=SIM)), clock=ClockFacts(5, True)), 'clock',
        'true for planner, false for perception, controller'),
    'nobody follows commands': (
        with_topic(COMMANDS, Topic((end('/controller', KINDS['joint_trajectory']),))),
        'output upper_body', f'nobody listens to {COMMANDS}'),
    'nobody but the recorder and the viewer follows commands': (
        with_topic(COMMANDS, Topic(
            (end('/controller', KINDS['joint_trajectory']),),
            (end('/recorder', KINDS['joint_trajectory']),
             end('/viewer', KINDS['joint_trajectory'])))),
        'output upper_body', f'nobody listens to {COMMANDS}'),
    'another command type': (
        with_topic(COMMANDS, Topic((), (end('/driver', KINDS['float64_multi_array']),))),
        'output upper_body', 'the policy sends trajectory_msgs/msg/JointTrajectory'),
    'two commanders': (
        with_topic(COMMANDS, Topic(
            (end('/controller', KINDS['joint_trajectory']), end('/x', 'x')),
            (end('/driver', KINDS['joint_trajectory']),))),
        'output upper_body', f'2 publish {COMMANDS}: /controller, /x'),
}


@pytest.mark.parametrize('name', FAULTS)
def test_a_fault_is_named_once_and_alone(name: str) -> None:
    facts, subject, words = FAULTS[name]
    finding, = wrong(facts)
    assert finding.subject == subject
    assert words in f'{finding.found} {finding.remedy}'
    assert finding.remedy


@pytest.mark.parametrize(('others', 'words'), [
    ((), 'ros2 launch groot_ros humanoid.launch.py'), ((42,), 'export ROS_DOMAIN_ID=42')])
def test_an_empty_graph_says_where_it_looked_and_where_else_to_look(
    others: tuple[int, ...], words: str
) -> None:
    place = Surroundings(7, 'rmw_zenoh_cpp', 'SUBNET', others)
    finding, = wrong(replace(HEALTHY, surroundings=place, node_names=()))
    assert 'domain 7, rmw_zenoh_cpp' in finding.found
    assert words in finding.remedy


def test_a_policy_in_another_namespace_is_found() -> None:
    gone = tuple(replace(each, instances=0) for each in HEALTHY.nodes)
    facts = replace(HEALTHY, nodes=gone, node_names=('/robot1/planner', '/driver'))
    assert wrong(facts)[0].remedy == 'give --namespace /robot1'


def test_topics_and_commands_are_those_of_the_namespace() -> None:
    moved = replace(
        HEALTHY, namespace='/robot1',
        topics={f'/robot1{name}': topic for name, topic in HEALTHY.topics.items()},
        heard={f'/robot1{name}': heard for name, heard in HEALTHY.heard.items()})
    assert not wrong(moved)
    assert '/robot1/set_instruction' in remedy('NO_INSTRUCTION', '/robot1')


@pytest.mark.parametrize(('clock', 'words'), [
    (ClockFacts(5, True), ''), (ClockFacts(5), '/robot1/clock stands still'),
    (ClockFacts(), 'nothing comes on /robot1/clock')])
def test_a_simulated_robot_in_a_namespace_has_a_clock_of_its_own(
    clock: ClockFacts, words: str
) -> None:
    topics = {**HEALTHY.topics, '/clock': Topic((end('/simulator', 'x'),))}
    moved = replace(
        with_nodes(**SIM), namespace='/robot1', clock=clock,
        topics={f'/robot1{name}': topic for name, topic in topics.items()},
        heard={f'/robot1{name}': heard for name, heard in HEALTHY.heard.items()})
    assert [words in each.found for each in wrong(moved)] == [True] * bool(words)


def test_an_action_needs_a_server() -> None:
    output = replace(ROBOT.outputs[0], interface='follow_joint_trajectory', topic='arm/follow')
    robot = replace(ROBOT, outputs=(output, *ROBOT.outputs[1:]))
    finding, = wrong(HEALTHY, robot)
    assert 'no action server /arm/follow' in finding.found
    served = with_topic('/arm/follow/_action/status', Topic((end('/driver', 'x'),)))
    assert not wrong(served, robot)


def led_in(interface: str, goes_on: bool | None) -> list[Finding]:
    """Return what is odd if the controllers of an interface say where they lead in from."""
    output = replace(ROBOT.outputs[0], interface=interface)
    facts = with_topic(f'{COMMANDS}/_action/status', Topic((end('/driver', 'x'),)))
    follower = next(iter(facts.topic(COMMANDS).subscribers)).node
    lead_in = {} if goes_on is None else {'/driver': goes_on, follower: goes_on}
    robot = replace(ROBOT, outputs=(output, *ROBOT.outputs[1:]))
    return [each for each in diagnose(replace(facts, lead_in=lead_in), robot)
            if each.level is Level.WARN and each.subject == 'output upper_body']


@pytest.mark.parametrize('interface', ['joint_trajectory', 'follow_joint_trajectory'])
def test_a_controller_that_begins_at_the_measured_joints_is_named(interface: str) -> None:
    finding, = led_in(interface, goes_on=False)
    assert 'begins each trajectory where the joints are measured' in finding.found
    assert 'interpolate_from_desired_state' in finding.remedy
    assert not led_in(interface, goes_on=True)
    assert not led_in(interface, goes_on=None)


def test_a_stream_of_positions_has_no_lead_in() -> None:
    assert not led_in('float64_multi_array', goes_on=False)


def test_ages_are_allowed_as_the_nodes_were_told() -> None:
    late = with_camera(youngest=0.6, typical=0.7)
    told = replace(late, nodes=with_nodes(max_input_age_s=1.0).nodes)
    assert wrong(late)
    assert not wrong(told)


def test_rates_of_simulated_time_are_not_judged() -> None:
    facts = replace(with_nodes(**SIM), clock=ClockFacts(5, moves=True))
    assert not wrong(replace(facts, heard=with_camera(rate=1.0).heard))


def test_the_cause_comes_before_what_follows_from_it() -> None:
    nodes = (stopped('perception', 'NO_IMAGE'), stopped('planner', 'NO_OBSERVATION'),
             stopped('controller', 'NO_TOKENS'))
    assert [each.subject for each in wrong(replace(OTHER_CAMERA, nodes=nodes))] == [
        'camera head', 'perception', 'planner', 'controller']


def test_a_stop_comes_before_the_instruction_that_it_voids() -> None:
    nodes = (node('perception'), stopped('planner', 'NO_INSTRUCTION'),
             stopped('controller', 'EMERGENCY_STOP'))
    assert [each.subject for each in wrong(replace(HEALTHY, nodes=nodes))] == [
        'controller', 'planner']


@pytest.mark.parametrize('reason', REMEDIES)
def test_every_remedy_can_be_told(reason: str) -> None:
    finding, = wrong(with_node(stopped('controller', reason)))
    assert finding.remedy.startswith(remedy(reason, ''))
    assert '{{' not in finding.remedy


SILENT = replace(
    with_camera(count=0), topics={
        **HEALTHY.topics, '/camera/head/camera_info': Topic((end('/camera', 'x'),))},
    heard={**with_camera(count=0).heard, '/camera/head/camera_info': Heard(20, 10.0, 0.0, 0.0)})


@pytest.mark.parametrize(('place', 'words'), [
    (Surroundings(0, 'rmw_fastrtps_cpp', 'SUBNET', (), 7), (
        '7 orphaned pieces in /dev/shm', 'with FASTDDS_BUILTIN_TRANSPORTS=UDPv4')),
    (Surroundings(0, 'rmw_fastrtps_cpp', 'LOCALHOST'), (
        'ROS_AUTOMATIC_DISCOVERY_RANGE=SUBNET and FASTDDS_BUILTIN_TRANSPORTS=UDPv4',)),
    (Surroundings(0, 'rmw_zenoh_cpp', 'SUBNET'), ('docs/recording.md',))])
def test_lost_images_are_told_from_a_silent_camera_and_the_remedy_is_that_of_the_middleware(
    place: Surroundings, words: tuple[str, ...]
) -> None:
    finding, = wrong(replace(SILENT, surroundings=place))
    assert all(each in finding.remedy for each in words), finding.remedy
    assert ('UDPv4' in finding.remedy) == ('fastrtps' in place.middleware)


def test_nothing_is_said_of_shared_memory_where_the_sender_has_a_complaint_of_its_own() -> None:
    nodes = (stopped('perception', 'NO_STATE'), stopped('planner', 'NO_OBSERVATION'))
    findings = wrong(replace(HEALTHY, nodes=(*nodes, HEALTHY.nodes[2])))
    assert not any('UDPv4' in each.remedy for each in findings)


def test_a_gamepad_with_the_deadman_button_must_be_heard() -> None:
    facts = with_node(node('controller', parameters={
        **HEALTHY.nodes[0].parameters, 'deadman_topic': 'joy', 'deadman_button': 3}))
    finding, = wrong(facts)
    assert finding.subject == 'deadman'
    assert 'nobody publishes /joy' in finding.found
