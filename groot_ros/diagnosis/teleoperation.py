"""Whether a person who leads the robot's hands is heard, and drives it alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from groot_ros.diagnosis.arrival import arrived, check_arrival, check_publisher
from groot_ros.diagnosis.clock import check_stamps
from groot_ros.diagnosis.facts import GraphFacts, NodeFacts
from groot_ros.diagnosis.finding import Finding, Level, fine, odd, wrong
from groot_ros.diagnosis.gamepad import check_gamepad
from groot_ros.diagnosis.names import resolve
from groot_ros.diagnosis.nodes import check_node, is_held
from groot_ros.embodiment import Embodiment

NAME = 'teleoperator'
POSE, CLUTCH = 'geometry_msgs/msg/PoseStamped', 'std_msgs/msg/Bool'
CLUTCH_SOURCES = {
    'keyboard': 'run ros2 run groot_ros teleoperate_keyboard in another terminal',
    'pose': "let the device's bridge report the clutch, or set clutch_button to one of joy"}
# Defaults of the teleoperator's parameters.
CLUTCH_BUTTON, CLUTCH_TIMEOUT_S, MAX_TARGET_AGE_S = 4, 0.5, 0.25


def check_drivers(facts: GraphFacts) -> Iterator[Finding]:
    """Yield that a policy and a person both command the robot."""
    if facts.node(NAME).running and facts.node('controller').running:
        yield wrong(
            'driver', f'{facts.namespace}/controller and {facts.namespace}/{NAME} both command '
            'the robot', 'end the policy (perception, planner, controller) or the teleoperator: '
            'a robot has one driver')


def check_teleoperation(facts: GraphFacts, robot: Embodiment) -> Iterator[Finding]:
    """Yield how the teleoperator and what leads it are; nothing if none runs."""
    node = facts.node(NAME)
    if not node.running:
        return
    device = [_check_clutch(facts, node)]
    if node.parameters.get('input') == 'pose':
        device.append(_check_poses(facts, robot))
    said = [*check_node(node, facts, robot)]
    # Without the clutch a device may well be silent.
    held = is_held(node) and device[0].level == Level.OK
    yield from (*said, *device) if held else (*device, *said)


def clutch_is_gamepad(node: NodeFacts) -> bool:
    """Return whether a button of a gamepad is the clutch of the teleoperator."""
    button = int(node.parameters.get('clutch_button', CLUTCH_BUTTON))
    kind = node.parameters.get('input')
    return kind == 'joy' or (kind == 'pose' and button >= 0)


def target_topics(namespace: str, robot: Embodiment) -> list[str]:
    """Return the full names of the topics on which poses lead the hands."""
    return [f'{namespace}/{NAME}/{hand.name}/target_pose' for hand in robot.hands]


def _check_clutch(facts: GraphFacts, node: NodeFacts) -> Finding:
    if 'input' not in node.parameters:
        return odd('clutch', f'{NAME} does not say what leads the hands', 'ask again')
    if clutch_is_gamepad(node):
        return check_gamepad(
            facts, 'clutch', resolve(facts.namespace, 'joy'),
            button=int(facts.parameter(NAME, 'clutch_button', CLUTCH_BUTTON)),
            silence=facts.parameter(NAME, 'clutch_timeout_s', CLUTCH_TIMEOUT_S),
            setting=f'clutch_button of {NAME}')
    topic = f'{facts.namespace}/{NAME}/engaged'
    problem = check_publisher(
        facts, 'clutch', topic, CLUTCH, start=CLUTCH_SOURCES[str(node.parameters['input'])],
        rename='a remapping of what reports it')
    sources = ', '.join(sorted(end.node for end in facts.topic(topic).publishers))
    return problem or fine('clutch', f'{topic}: {sources} reports it')


def _check_poses(facts: GraphFacts, robot: Embodiment) -> Finding:
    """Return how poses come; a hand that no device leads stays where it is."""
    topics = target_topics(facts.namespace, robot)
    found = {topic: _check_pose(facts, topic) for topic in topics}
    well = [each.found for each in found.values() if each.level == Level.OK]
    if well:
        return fine('device', '; '.join(well))
    sent = [topic for topic in topics if facts.offered(topic)]
    return found[(sent or topics)[-1]]


def _check_pose(facts: GraphFacts, topic: str) -> Finding:
    own = f'{facts.namespace}/{NAME}'
    foreign = replace(facts, topics={
        name: each for name, each in facts.topics.items()
        if own not in {end.node for end in each.publishers}})
    problem = check_arrival(
        foreign, 'device', topic, POSE, start='start the device or its bridge',
        rename='a remapping of the bridge')
    heard = facts.heard.get(topic)
    if problem or heard is None:
        return problem or odd('device', f'{topic} was not listened to', 'ask again')
    max_age = facts.parameter(NAME, 'max_target_age_s', MAX_TARGET_AGE_S)
    return check_stamps('device', topic, heard, max_age, facts.simulated_time) or fine(
        'device', arrived(topic, heard))
